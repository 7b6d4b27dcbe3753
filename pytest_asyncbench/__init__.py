"""Statements about the performance of Python web services, proved by pytest.

The names below are imported when they are used: loading the plugin must cost a suite that does not use it nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_asyncbench.errors import AsyncBenchError as AsyncBenchError
    from pytest_asyncbench.errors import SpecError as SpecError
    from pytest_asyncbench.servers.factories import command as command
    from pytest_asyncbench.servers.factories import daphne as daphne
    from pytest_asyncbench.servers.factories import external as external
    from pytest_asyncbench.servers.factories import granian as granian
    from pytest_asyncbench.servers.factories import grid as grid
    from pytest_asyncbench.servers.factories import gunicorn as gunicorn
    from pytest_asyncbench.servers.factories import hypercorn as hypercorn
    from pytest_asyncbench.servers.factories import serve as serve
    from pytest_asyncbench.servers.factories import server_spec as server_spec
    from pytest_asyncbench.servers.factories import uvicorn as uvicorn
    from pytest_asyncbench.servers.factories import uwsgi as uwsgi
    from pytest_asyncbench.servers.place import Place as Place
    from pytest_asyncbench.servers.programs import Program as Program
    from pytest_asyncbench.servers.spec import ServerSpec as ServerSpec
    from pytest_asyncbench.traffic.expect import expect_json as expect_json
    from pytest_asyncbench.traffic.mix import mix as mix
    from pytest_asyncbench.traffic.requests import request as request
    from pytest_asyncbench.traffic.think_time import exponential as exponential

_HOMES = {
    "AsyncBenchError": "errors",
    "Place": "servers.place",
    "Program": "servers.programs",
    "ServerSpec": "servers.spec",
    "SpecError": "errors",
    "command": "servers.factories",
    "daphne": "servers.factories",
    "expect_json": "traffic.expect",
    "exponential": "traffic.think_time",
    "external": "servers.factories",
    "granian": "servers.factories",
    "grid": "servers.factories",
    "gunicorn": "servers.factories",
    "hypercorn": "servers.factories",
    "mix": "traffic.mix",
    "request": "traffic.requests",
    "serve": "servers.factories",
    "server_spec": "servers.factories",
    "uvicorn": "servers.factories",
    "uwsgi": "servers.factories",
}

__all__ = [
    "AsyncBenchError",
    "Place",
    "Program",
    "ServerSpec",
    "SpecError",
    "command",
    "daphne",
    "expect_json",
    "exponential",
    "external",
    "granian",
    "grid",
    "gunicorn",
    "hypercorn",
    "mix",
    "request",
    "serve",
    "server_spec",
    "uvicorn",
    "uwsgi",
]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
