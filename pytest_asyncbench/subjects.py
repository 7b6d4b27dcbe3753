"""A running server as what is put under load: where it listens, and the requests as they are sent to it."""

from __future__ import annotations

from dataclasses import replace

from pytest_asyncbench.measure.subject import Subject
from pytest_asyncbench.measure.watching import Watcher
from pytest_asyncbench.servers.instance import Instance
from pytest_asyncbench.servers.spec import ServerSpec
from pytest_asyncbench.traffic.flow import Flow, wire_flow
from pytest_asyncbench.traffic.load_plan import LoadPlan
from pytest_asyncbench.traffic.plan import Target, WireRequest
from pytest_asyncbench.traffic.requests import RequestDescription, encode


def subject_of(name: str, instance: Instance, watcher: Watcher | None, plan: LoadPlan) -> Subject:
    """The variant `name` of a load call, on the server that runs it."""
    plan = plan.of(name)
    spec = instance.spec.settled()
    host = spec.host_header or instance.netloc
    requests = () if plan.is_made_ahead else plan.requests
    # a server that closes each connection anyway is told to
    wire = plan if spec.keepalive is not False else replace(plan, keepalive=False)
    return Subject(
        name,
        spec,
        _target(instance, spec, plan),
        tuple(_on_the_wire(item, wire, host, spec.scheme) for item in requests),
        lambda: instance.pids,
        instance.died,
        instance.startup,
        host,
        instance.cleared,
        watcher=watcher,
        launched=instance.launched,
    )


def _on_the_wire(item: RequestDescription, plan: LoadPlan, host: str, scheme: str) -> WireRequest:
    if isinstance(item, Flow):
        return wire_flow(item, host=host, expect=plan.expect, scheme=scheme)
    return encode(item, host=host, expect=plan.expect, keepalive=plan.keepalive)


def _target(instance: Instance, spec: ServerSpec, plan: LoadPlan) -> Target:
    named = (spec.host_header or "").rpartition(":")[0] or spec.host_header or ""
    return Target(instance.host, instance.port, spec.scheme, plan.verify, named, instance.socket)
