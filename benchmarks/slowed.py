"""The quotes example on Django; a busy loop takes the share `BUSY` (0.2: a fifth) of the time of each request."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from typing import Any

from quotes.django_app.wsgi import application as original

BUSY = float(os.environ.get("BUSY", "0"))


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """The original's answer, later. Meant for one thread: others would use the time of the busy loop."""
    began = time.perf_counter()
    answer = original(environ, start_response)
    now = time.perf_counter()
    until = now + BUSY / (1 - BUSY) * (now - began)
    while time.perf_counter() < until:
        pass
    return answer
