"""Free ports, and who listens on the others."""

from __future__ import annotations

import os
import socket

import psutil
import pytest

from pytest_asyncbench.errors import PortInUse
from pytest_asyncbench.servers import ports


def test_a_free_port_can_be_had():
    port = ports.free_port()
    ports.require_free(port)
    assert not ports.listeners(port).include([os.getpid()])
    assert ports.listeners(port).besides([]) == []


def test_a_port_that_is_listened_on(taken_port):
    us = f"{psutil.Process().name()} (pid {os.getpid()})"
    listeners = ports.listeners(taken_port)
    assert listeners.include({os.getpid()})
    assert listeners.besides({os.getpid()}) == []
    assert listeners.besides({1}) == [us]
    with pytest.raises(PortInUse) as caught:
        ports.require_free(taken_port)
    assert f"port {taken_port} is in use (Address already in use) by {us}; end that process" in str(
        caught.value
    )


def test_a_port_that_is_bound_and_not_listened_on_has_no_holder():
    with socket.socket() as holder:
        holder.bind((ports.HOST, 0))
        port = holder.getsockname()[1]
        with pytest.raises(PortInUse, match=rf"port {port} is in use \(Address already in use\); end"):
            ports.require_free(port)


def test_a_process_that_cannot_be_looked_into_is_a_stranger(monkeypatch):
    monkeypatch.setattr(ports, "_listeners", lambda port: {None, 2**22 + 1})
    assert ports.listeners(80).besides({os.getpid()}) == ["a process of another user", f"pid {2**22 + 1}"]
