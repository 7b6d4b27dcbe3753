"""The quotes example on Django; a busy loop makes each request cost `SLOWED_BY` (0.2: a fifth) more CPU time."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from typing import Any

from quotes.django_app.wsgi import application as original

SLOWED_BY = float(os.environ.get("SLOWED_BY", "0"))


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """The original's answer, later."""
    began = time.thread_time()
    answer = original(environ, start_response)
    now = time.thread_time()
    until = now + SLOWED_BY * (now - began)
    while time.thread_time() < until:
        pass
    return answer
