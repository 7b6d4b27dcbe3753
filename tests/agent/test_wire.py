"""Who calls is who was started: anybody else is turned away before a message is read."""

from __future__ import annotations

import contextlib
import pickle
import socket
import struct

import pytest

from pytest_asyncbench.agent import wire
from pytest_asyncbench.agent.wire import Reception, call_controller


@pytest.fixture
def reception():
    with Reception("127.0.0.1") as reception:
        yield reception


def call(reception, data):
    caller = socket.create_connection((reception.host, reception.port))
    caller.sendall(data)
    return caller


def test_a_token_is_good_once(reception, monkeypatch):
    token = reception.token()
    monkeypatch.setenv(wire.TOKEN, token.hex())
    with call_controller(reception.host, reception.port):
        shown, channel = reception.admit(10.0)
        assert shown == token
        kind, number, _, _ = channel.recv()
        assert (kind, number) == ("hello", 0)
        channel.close()
    assert wire.TOKEN not in wire.os.environ
    with call(reception, token):
        assert reception.admit(10.0) is None


def test_no_message_of_a_stranger_is_read(reception):
    reception.token()
    message = pickle.dumps(("hello", 0, 1, ""))
    with call(reception, b"x" * wire.LENGTH + struct.pack("!i", len(message)) + message) as stranger:
        assert reception.admit(10.0) is None
        with contextlib.suppress(ConnectionResetError):
            assert stranger.recv(10) == b""


def test_a_caller_who_says_nothing_does_not_hold_up_the_others(reception, monkeypatch):
    monkeypatch.setattr(wire, "TOKEN_LIMIT", 0.1)
    token = reception.token()
    with call(reception, b""), call(reception, token):
        assert reception.admit(10.0) is None
        shown, channel = reception.admit(10.0)
        channel.close()
    assert shown == token
    assert reception.admit(0.01) is None


def test_a_controller_that_cannot_be_reached(monkeypatch):
    monkeypatch.setenv(wire.TOKEN, "00")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(SystemExit, match=f"cannot reach pytest at 127.0.0.1:{port} .*firewall"):
        call_controller("127.0.0.1", port)
