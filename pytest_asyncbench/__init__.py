"""Statements about the performance of Python web services, proved by pytest.

The names below are imported when they are used: loading the plugin must cost a suite that does not use it nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_asyncbench.errors import AsyncBenchError as AsyncBenchError
    from pytest_asyncbench.servers.factories import command as command
    from pytest_asyncbench.servers.factories import granian as granian
    from pytest_asyncbench.servers.spec import ServerSpec as ServerSpec
    from pytest_asyncbench.traffic.expect import expect_json as expect_json
    from pytest_asyncbench.traffic.mix import mix as mix
    from pytest_asyncbench.traffic.requests import request as request
    from pytest_asyncbench.traffic.think_time import exponential as exponential

_HOMES = {
    "AsyncBenchError": "errors",
    "ServerSpec": "servers.spec",
    "command": "servers.factories",
    "exponential": "traffic.think_time",
    "granian": "servers.factories",
    "expect_json": "traffic.expect",
    "mix": "traffic.mix",
    "request": "traffic.requests",
}

__all__ = [
    "AsyncBenchError",
    "ServerSpec",
    "command",
    "expect_json",
    "exponential",
    "granian",
    "mix",
    "request",
]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
