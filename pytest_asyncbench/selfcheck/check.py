"""The self-check itself: two equal servers against each other, launched several times."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from statistics import fmean

import pytest

from pytest_asyncbench.agent.checks import MOST_CPU
from pytest_asyncbench.bench import Bench
from pytest_asyncbench.errors import AsyncBenchError
from pytest_asyncbench.measure.evidence import Evidence
from pytest_asyncbench.measure.percentiles import rps
from pytest_asyncbench.measure.progress import Progress
from pytest_asyncbench.selfcheck.figures import complaints, known, report
from pytest_asyncbench.servers.factories import command
from pytest_asyncbench.servers.instance import Launch, start
from pytest_asyncbench.settings import option_value
from pytest_asyncbench.stage import TestStage
from pytest_asyncbench.testcase import Settings, TestCase
from pytest_asyncbench.traffic.load_plan import LoadPlan
from pytest_asyncbench.traffic.plan import ClosedSlot, Target
from pytest_asyncbench.traffic.requests import encode, request
from pytest_asyncbench.verdict.effort import Effort

APP = command(["{python}", "-m", "pytest_asyncbench.selfcheck.app", "{port}"], name="selfcheck")
NAMES = ("one", "other")
METRICS = ("rps", "cpu_per_request")
USERS = 16
ROUNDS = 8
WARM_UP = 1.0
LAUNCHES = 3
"""Of both servers; the first is measured for `ROUNDS`, the others for two rounds each."""


def run(config: pytest.Config) -> int:
    """Check the machine, and tell. The exit code: 1 if it cannot be measured on."""
    began = time.monotonic()
    effort = Effort(option_value(config, "confidence"))
    allowance = option_value(config, "launch-allowance")
    with ExitStack() as stack:
        bench = Bench("auto", "fast", option_value(config, "agents"))
        stack.callback(bench.close)
        _tell(f"{LAUNCHES} launches of two equal servers against each other, about half a minute ...")
        try:
            launches = _launches(config, bench, stack)
        except AsyncBenchError as error:
            _tell(f"{type(error).__name__}: {error}")
            return 1
        ceiling = _ceiling(bench, config.rootpath, stack)
    found = known(METRICS, launches, *NAMES)
    wrong = complaints(launches)
    seconds = _seconds_per_round(launches[0])
    lines = report(found, ceiling, seconds, allowance, effort) if found else ["nothing could be measured"]
    for line in (*lines, *(f"but: {text}" for text in wrong), f"took {time.monotonic() - began:.0f} s"):
        _tell(line)
    return 1 if wrong or not found else 0


def _launches(config: pytest.Config, bench: Bench, stack: ExitStack) -> list[Evidence]:
    specs = dict.fromkeys(NAMES, APP)

    def at_end(stop: Callable[[], None]) -> None:
        stack.callback(stop)

    stage = TestStage(specs, config.rootpath, (), bench.agent, lambda: None, lambda: "", at_end)
    slot = option_value(config, "slot")
    settings = Settings({}, seed=option_value(config, "seed"), launch_allowance=1.0)
    case = TestCase("selfcheck", specs, (), settings, stage, lambda *_: Progress())
    asked = (request("GET", "/"),)
    found = [case.fire(LoadPlan(asked, users=USERS, warmup=WARM_UP, rounds=ROUNDS, slot=slot)).evidence]
    for _ in range(LAUNCHES - 1):
        stage.relaunch()
        found.append(
            case.fire(LoadPlan(asked, users=USERS, warmup=WARM_UP / 2, duration=2 * slot, slot=slot)).evidence
        )
    return found


def _ceiling(bench: Bench, root: Path, stack: ExitStack) -> float:
    """Requests per second at which the load agents would be at the limit of what they may use of a core."""
    instance = start(Launch(APP, "nothing", root))
    stack.callback(instance.stop)
    host = f"{instance.host}:{instance.port}"
    wire = encode(request("GET", "/nothing"), host=host, expect=frozenset({200}), keepalive=True)
    result = bench.agent().run(ClosedSlot(Target(instance.host, instance.port), (wire,), 64, 1.0))
    return rps([result]) * MOST_CPU / max(result.agent_cpu, 0.01)


def _seconds_per_round(evidence: Evidence) -> float:
    """What one round of both servers took."""
    took = [sum(slot.samples.ended - slot.samples.started for slot in slots) for slots in evidence.rounds]
    return fmean(took) if took else 0.0


def _tell(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
