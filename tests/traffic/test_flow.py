"""A function is checked, and made ready to travel."""

from __future__ import annotations

import asyncio
import pickle
import sys
import threading
from functools import partial

import cloudpickle
import pytest

from pytest_asyncbench.errors import SpecError
from pytest_asyncbench.traffic import flow as flow_module
from pytest_asyncbench.traffic.flow import FLOW_STATUSES, flow, wire_flow

LOCK = threading.Lock()
GREETING = "hello"


async def visit(client):
    return f"{GREETING} {client}"


async def two(client, other):
    return client + other


class Visits:
    async def __call__(self, client):
        return f"called with {client}"

    async def method(self, client):
        return f"method with {client}"


def run(description, client="you"):
    return asyncio.run(pickle.loads(description.code)(client))


def test_a_function_travels_with_the_globals_of_its_module(monkeypatch):
    described = flow("load.flow(visit)", visit)
    monkeypatch.delitem(sys.modules, __name__)
    assert run(described) == "hello you"
    assert cloudpickle.list_registry_pickle_by_value() == set()


@pytest.mark.parametrize(
    ("given", "label", "result"),
    [
        (visit, "flow visit", "hello you"),
        (partial(two, other="!"), "flow two", "you!"),
        (Visits(), "flow Visits", "called with you"),
        (Visits().method, "flow method", "method with you"),
    ],
)
def test_what_a_flow_can_be(given, label, result):
    described = flow("load.flow(...)", given)
    assert described.label == label
    assert run(described) == result


async def nothing(): ...


async def locked(client):
    LOCK.acquire()


async def generator(client):
    yield client


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (lambda client: None, r"load\.flow\(x\): a flow is an async function, not <function"),
        (generator, "a flow is an async function"),
        (None, "a flow is an async function, not None"),
        (nothing, "a flow is called with one argument, the client: too many positional arguments"),
        (two, "a flow is called with one argument, the client: missing a required argument"),
        (locked, r"cannot travel to the load agent.*cannot pickle '_thread\.lock'.*make inside of it"),
    ],
)
def test_what_no_flow_is(given, why):
    with pytest.raises(SpecError, match=why):
        flow("load.flow(x)", given)
    assert cloudpickle.list_registry_pickle_by_value() == set()


def test_missing_packages_are_named(monkeypatch):
    monkeypatch.setattr(flow_module, "find_spec", lambda name: None)
    with pytest.raises(SpecError, match=r"needs httpx.*pip install 'pytest-asyncbench\[flows\]'"):
        flow("load.flow(visit)", visit)


def test_on_the_wire():
    wire = wire_flow(flow("load.flow(visit)", visit), host="127.0.0.1:80", expect=FLOW_STATUSES)
    assert (wire.name, wire.host, wire.expect) == ("flow visit", "127.0.0.1:80", frozenset(range(200, 400)))
    assert set(wire.path) >= {entry for entry in sys.path if entry}
