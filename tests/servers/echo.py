"""A small server for the tests: answers GET /status/404 with 404, anything else with what it knows of itself."""

import json
import os
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any


class Echo(BaseHTTPRequestHandler):
    """Tells its environment, arguments, directory and interpreter."""

    def do_GET(self) -> None:
        status = int(self.path.removeprefix("/status/")) if self.path.startswith("/status/") else 200
        known = {"env": dict(os.environ), "argv": sys.argv[1:], "cwd": os.getcwd(), "prefix": sys.prefix}
        body = json.dumps({**known, "host": self.headers["Host"]}).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Server(HTTPServer):
    """Shares its port, as Granian does, if it is told so."""

    allow_reuse_address = False

    def __init__(self, port: int, shared: bool) -> None:
        self.allow_reuse_port = shared
        super().__init__(("127.0.0.1", port), Echo)

    def get_request(self) -> Any:
        """Keep no half-open connection for ever."""
        connection, address = super().get_request()
        connection.settimeout(10)
        return connection, address


if __name__ == "__main__":
    Server(int(sys.argv[1]), "shared" in sys.argv).serve_forever()
