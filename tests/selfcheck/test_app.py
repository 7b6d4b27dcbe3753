"""The server of the self-check, asked in this process."""

from __future__ import annotations

import time

from pytest_asyncbench.selfcheck.app import ANSWER, WORK, App, work


class Written:
    def __init__(self):
        self.data = b""

    def write(self, data):
        self.data += data


def test_every_request_is_answered_also_in_pieces():
    app, written = App(), Written()
    app.connection_made(written)
    app.data_received(b"GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /nothing HTTP/1.1\r\n")
    assert written.data == ANSWER
    app.data_received(b"\r\n")
    assert written.data == ANSWER * 2
    assert app.unread == b""


def test_work_is_cpu_time():
    began = time.thread_time()
    assert work(WORK) > 0
    assert time.thread_time() - began >= WORK
