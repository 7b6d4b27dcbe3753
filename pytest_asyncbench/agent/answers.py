"""What the bytes of an answer say, beyond what the hot path reads: its end, and its text for a message.

The hot path defines as few parser callbacks as it can; when an answer is cut off or refused, its bytes are parsed
here a second time, with all of them.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import httptools

KEPT_BYTES = 1 << 16
"""How much of an answer is kept until it is complete: enough for every head that servers send."""
TEXT_BYTES = 300
"""How much of a refused answer's body a message shows."""


@dataclass(slots=True)
class Head:
    """Collects the head, and the body as far as it is there, of the last message in some bytes."""

    status: int = 0
    reason: str = ""
    version: str = ""
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    body: bytes = b""
    complete: bool = False
    parser: httptools.HttpResponseParser = field(init=False)

    def __post_init__(self) -> None:
        self.parser = httptools.HttpResponseParser(self)

    def on_message_begin(self) -> None:
        self.headers, self.body, self.reason, self.complete = [], b"", "", False

    def on_status(self, reason: bytes) -> None:
        self.reason += reason.decode("latin-1")

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name.lower(), value.strip()))

    def on_headers_complete(self) -> None:
        self.status = self.parser.get_status_code()
        self.version = self.parser.get_http_version()
        self.complete = not is_interim(self.status)

    def on_body(self, body: bytes) -> None:
        if len(self.body) < TEXT_BYTES:
            self.body += body

    def values(self, name: bytes) -> list[bytes]:
        """The comma-separated values of all headers of that name, in lower case."""
        found = (value.lower() for key, value in self.headers if key == name)
        return [part.strip() for value in found for part in value.split(b",")]

    @property
    def runs_to_the_end(self) -> bool:
        """Whether the body ends where the stream ends (RFC 9112, 6.3): neither chunked nor of a stated length."""
        coding = self.values(b"transfer-encoding")
        return coding[-1] != b"chunked" if coding else not self.values(b"content-length")

    @property
    def keeps_alive(self) -> bool:
        """Whether the connection can be used again, if the message has no body (RFC 9112, 9.3)."""
        tokens = self.values(b"connection")
        return b"keep-alive" in tokens if self.version < "1.1" else b"close" not in tokens


def is_interim(status: int) -> bool:
    """Whether a message with this status comes before the answer: 100 Continue, 103 Early Hints."""
    return 100 <= status < 200


def read_head(data: bytes) -> Head:
    """The head of the last message in `data`; `complete` is false if it is cut off or not HTTP."""
    head = Head()
    try:
        head.parser.feed_data(data)
    except (httptools.HttpParserError, httptools.HttpParserUpgrade):
        head.complete = head.complete and bool(head.body)
    return head


def describe(status: int, data: bytes) -> str:
    """An answer in one line for a message: "500 Internal Server Error: division by zero"."""
    head = read_head(data)
    reason = f" {head.reason}" if head.reason else ""
    body = " ".join(head.body[:TEXT_BYTES].decode("utf-8", "replace").split())
    return f"{status}{reason}: {body}" if body else f"{status}{reason}"
