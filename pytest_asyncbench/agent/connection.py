"""The wire client: one HTTP/1.1 connection of one user.

Bytes go through one parser per connection in the order in which they come, and an answer is handed over after the
parser has returned, so what is counted does not depend on how the bytes were split.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, cast

import httptools

from pytest_asyncbench.agent.answers import Head, is_interim, read_head

if TYPE_CHECKING:
    from pytest_asyncbench.agent.user import Nobody, User

NOT_HTTP = (httptools.HttpParserError, httptools.HttpParserUpgrade)


class Connection(asyncio.Protocol):
    """Turns the stream into `user.answered`, `user.garbled`, `user.spoil`, `user.leave` and `user.lost`.

    `last` is set when the answer in progress is the last one here. `begun` is true between the first byte of an
    answer and its end, if these come apart. `since` is the send time of the request that it was opened for.
    """

    __slots__ = (
        "begun",
        "bytes_read",
        "head",
        "kept",
        "last",
        "parser",
        "pieces",
        "since",
        "status",
        "transport",
        "user",
        "write",
    )

    transport: asyncio.Transport

    def __init__(self, user: User, since: float, last: bool) -> None:
        self.user: User | Nobody = user
        self.since = since
        self.last = last
        self.parser = httptools.HttpResponseParser(self)
        self.head: Head | None = None
        self.status = 0
        self.begun = False
        self.pieces: list[bytes] = []
        self.bytes_read = 0
        self.kept = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.write = self.transport.write
        cast("User", self.user).connected(self)

    def expect_head(self) -> None:
        """The next answer is one to HEAD: it ends where its head ends, which the parser cannot know."""
        self.head = Head()

    def data_received(self, data: bytes) -> None:
        self.bytes_read += len(data)
        try:
            if self.head is None:
                self.parser.feed_data(data)
            else:
                self._feed_head(self.head, data)
        except NOT_HTTP as error:
            if not self._not_http(error, data):
                return
        status = self.status
        if status:
            self.status = 0
            if self.begun:
                data = self._whole(data)
            user = self.user
            if self.last:
                user.leave(self)
            user.answered(status, data)
        else:
            self._keep(data)

    def on_message_complete(self) -> None:
        """Parser callback. Defined alone: each further callback would cost every answer its time."""
        parser = self.parser
        status = parser.get_status_code()
        if is_interim(status):
            return
        if self.status:
            self._surplus("a second answer that nobody asked for")
            return
        self.status = status
        if not parser.should_keep_alive():
            self.last = True

    def connection_lost(self, error: Exception | None) -> None:
        if error is None and self.begun and self.user.connection is self:
            self._end_of_stream()
        self.user.lost(self, error)
        del self.parser, self.transport, self.write  # cycles; the garbage collector is off while load runs

    def _end_of_stream(self) -> None:
        data = b"".join(self.pieces)
        head = read_head(data)
        if head.complete and head.runs_to_the_end and self.head is None:
            user = self.user
            user.leave(self)
            user.answered(head.status, data)

    def _keep(self, data: bytes) -> None:
        """Keep the beginning of an unfinished answer: its head decides what the end of the stream means."""
        self.begun = True
        if self.kept < self.user.slot.kept_bytes:
            self.pieces.append(data)
            self.kept += len(data)

    def _whole(self, data: bytes) -> bytes:
        whole = b"".join((*self.pieces, data))
        self.pieces.clear()
        self.kept = 0
        self.begun = False
        return whole

    def _feed_head(self, head: Head, data: bytes) -> None:
        """Feed line by line, since the parser does not say where in `data` the head ended."""
        lines = iter(data.splitlines(keepends=True))
        for line in lines:
            head.parser.feed_data(line)
            if head.complete:
                self.head = None
                self.status = head.status
                self.last = self.last or not head.keeps_alive
                if any(line.strip(b"\r\n") for line in lines):  # the parser skips empty lines, too
                    self._surplus("bytes after the answer to a HEAD request")

    def _not_http(self, error: Exception, data: bytes) -> bool:
        """Whether a whole answer came before the bytes that the parser refused."""
        why = f"not HTTP/1.1: {error or type(error).__name__}"
        if self.status:
            self._surplus(why)
            return True
        self.user.garbled(self, why, self._whole(data))
        return False

    def _surplus(self, why: str) -> None:
        """Bytes after a whole answer: it stands, and the next request on this connection cannot be answered."""
        if not self.last:
            self.user.spoil(self, why)
