"""Synthetic slots: evidence of known rates, without a server. Property tests are the same on every machine."""

from __future__ import annotations

import os
import signal
import subprocess
from array import array
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import settings

from pytest_asyncbench.measure import sampling
from pytest_asyncbench.measure.evidence import Evidence
from pytest_asyncbench.measure.slot import Slot
from pytest_asyncbench.servers.factories import granian
from pytest_asyncbench.traffic.load_plan import LoadPlan
from pytest_asyncbench.traffic.outcomes import OUTCOMES
from pytest_asyncbench.traffic.requests import request
from pytest_asyncbench.traffic.samples import ANSWERED, PHASES, SlotResult

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # Started in the background of a shell: what the tests start, and then interrupt, would ignore it, too.
    signal.signal(signal.SIGINT, signal.default_int_handler)

for name in ("CI", "BUILD_NUMBER", "GITHUB_STEP_SUMMARY"):
    # pytest writes longer summaries on CI, and we write one more: both have tests of their own.
    os.environ.pop(name, None)

settings.register_profile("same everywhere", deadline=None, derandomize=True)
settings.load_profile("same everywhere")


def samples(
    rps: float = 100.0,
    *,
    count: int = 300,
    failed: int = 0,
    how: str = "bad_status",
    first: Sequence[str] = (),
    complaints: Sequence[str] = (),
    cautions: Sequence[str] = (),
    window: float = 0.5,
    users: int = 1,
    rate: float = 0.0,
    delay: float = 0.0,
    occupied: float = 1.0,
) -> SlotResult:
    """One slot in which `count` requests all took equally long, `rps` of them per second; the last `failed` failed.

    With a `rate` it is one of an open loop, in which every start was late by `delay`.
    """
    cycle = array("d", [users / rps] * count)
    outcome = [OUTCOMES.index("ok")] * (count - failed) + [OUTCOMES.index(how)] * failed
    measured = Counter(OUTCOMES[index] for index in outcome)
    return SlotResult(
        users=users,
        window=window,
        sent=array("d", [0.0] * count),
        latency=cycle,
        cycle=cycle,
        outcome=bytes(outcome),
        request=array("H"),
        counts={phase: measured if phase == "measure" else {} for phase in PHASES},
        late={},
        ok_total=count - failed,
        answers=sum(measured[name] for name in ANSWERED),
        connections=users,
        stale=0,
        bytes_read=30 * count,
        agent_cpu=0.1,
        occupied=occupied,
        started=0.0,
        opened=0.0,
        closed=window,
        ended=window,
        first_failures={how: tuple(first)},
        complaints=tuple(complaints),
        rate=rate,
        send_delay=array("f", [delay] * count if rate else []),
        cautions=tuple(cautions),
    )


def slot(
    variant: str = "server",
    number: int = 1,
    rps: float = 100.0,
    *,
    cpu: float | None = None,
    memory: float | None = None,
    **words: object,
) -> Slot:
    """A slot of `variant`; further words go to `samples`."""
    return Slot(variant, number, samples(rps, **words), cpu, memory)


def evidence(
    rates: Mapping[str, Sequence[float]],
    *,
    slots: Mapping[str, Mapping[str, object]] | None = None,
    plan: LoadPlan | None = None,
    **fields: object,
) -> Evidence:
    """Evidence with these requests per second, a round each; `slots` are words of `samples` for a variant's slots."""
    words = slots or {}
    rounds = tuple(
        tuple(slot(name, number, rps, **words.get(name, {})) for name, rps in zip(rates, row, strict=True))
        for number, row in enumerate(zip(*rates.values(), strict=True), 1)
    )
    spec = granian("app:wsgi", interface="wsgi", workers=1, threads=4)
    given = {"seed": 1, "cap": 30, **fields}
    return Evidence(plan or LoadPlan((request("GET", "/"),)), dict.fromkeys(rates, spec), rounds, **given)


@pytest.fixture(scope="session")
def make_samples() -> Callable[..., SlotResult]:
    return samples


@pytest.fixture(scope="session")
def make_slot() -> Callable[..., Slot]:
    return slot


@pytest.fixture(scope="session")
def make_evidence() -> Callable[..., Evidence]:
    return evidence


@dataclass
class FakeAgent:
    """Gives each variant's slots at its rate; `special` answers the n-th plan (from 0) in another way.

    Takes no time, and moves the clock: half a second and a little more for a slot of half a second.
    """

    rates: Mapping[str, float]
    special: Mapping[int, Mapping[str, object]]
    plans: list[Any] = field(default_factory=list)
    now: float = 1000.0

    @property
    def ports(self) -> dict[str, int]:
        """The port at which each variant is."""
        return {name: number for number, name in enumerate(self.rates, 1)}

    def order(self) -> list[str]:
        """The variants in the order in which they got load."""
        names = {port: name for name, port in self.ports.items()}
        return [names[plan.target.port] for plan in self.plans]

    def run(self, plan: Any) -> SlotResult:
        special = self.special.get(len(self.plans), {})
        self.plans.append(plan)
        rate = self.rates[self.order()[-1]]
        window = getattr(plan, "window", 0.0)
        self.now += window + 0.3
        count = getattr(plan, "count", None) or max(len(plan.requests), round(rate * window))
        opened = getattr(plan, "rate", 0.0)
        words = {"window": window, "users": 1 if opened else plan.users, "rate": opened, "count": count}
        return samples(rate, **{**words, **special})


def stage(
    agent: Any,
    ports: Mapping[str, int],
    *,
    relaunch: Callable[[], object] | None = None,
    died: Callable[[str], str | None] = lambda name: None,
    cleared: Sequence[str] = (),
    surroundings: Sequence[str] = (),
) -> SimpleNamespace:
    """What a test's servers run on, without servers: the agent answers for each variant at its port."""
    spec = granian("app:wsgi", interface="wsgi", threads=4, host_header="example.com")
    instances = {
        name: SimpleNamespace(
            spec=spec,
            url=f"http://127.0.0.1:{port}",
            host="127.0.0.1",
            port=port,
            socket="",
            netloc=f"127.0.0.1:{port}",
            pids=[],
            cleared=cleared,
            launched=None,
            startup=0.1,
            died=lambda name=name: died(name),
        )
        for name, port in ports.items()
    }
    return SimpleNamespace(
        agent=lambda: agent,
        instances=lambda: instances,
        relaunch=relaunch or (lambda: instances),
        watchers=dict,
        logs=dict,
        surroundings=lambda: tuple(surroundings),
        postgresql=lambda: None,
    )


@pytest.fixture(scope="session")
def make_stage() -> Callable[..., SimpleNamespace]:
    return stage


@pytest.fixture(scope="session")
def fake_agent_of() -> Callable[..., AbstractContextManager[FakeAgent]]:
    """The same for a property test, as a context: `with fake_agent_of(a=100) as agent`."""

    @contextmanager
    def made(**rates: float) -> Iterator[FakeAgent]:
        agent = FakeAgent(rates, {})
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sampling, "time", SimpleNamespace(monotonic=lambda: agent.now))
            yield agent

    return made


@pytest.fixture
def fake_agent(monkeypatch: pytest.MonkeyPatch) -> Callable[..., FakeAgent]:
    """Makes an agent that takes no time: `fake_agent(a=100, b=50)`."""

    def made(special: Mapping[int, Mapping[str, object]] | None = None, **rates: float) -> FakeAgent:
        agent = FakeAgent(rates or {"a": 100.0}, special or {})
        monkeypatch.setattr(sampling, "time", SimpleNamespace(monotonic=lambda: agent.now))
        return agent

    return made


IDENTITY = {
    f"GIT_{who}_{what}": text
    for who in ("AUTHOR", "COMMITTER")
    for what, text in (("NAME", "A User"), ("EMAIL", "user@example.com"))
}
NOBODYS = {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null"}


class Repository:
    """A real git repository in a directory of its own, as a user has it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir(exist_ok=True)
        self.git("init", "-q", "-b", "main")

    def git(self, *arguments: str) -> str:
        """What git says; a failure of git fails the test."""
        kept = {name: text for name, text in os.environ.items() if not name.startswith("GIT_")}
        done = subprocess.run(
            ["git", *arguments],
            cwd=self.path,
            env={**kept, **IDENTITY, **NOBODYS},
            capture_output=True,
            text=True,
            check=False,
        )
        assert not done.returncode, done.stderr
        return done.stdout

    def write(self, **files: str) -> Repository:
        """Write files by their paths; a name without a dot is that of a module: `app="..."` is app.py."""
        for name, text in files.items():
            path = self.path / (name if "." in name else f"{name}.py")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return self

    def commit(self, message: str, **files: str) -> str:
        """Commit everything; the commit's name."""
        self.write(**files)
        self.git("add", "--all")
        self.git("commit", "-q", "-m", message)
        return self.git("rev-parse", "HEAD").strip()

    def state(self) -> tuple[str, ...]:
        """What a user sees of it, and every file that git keeps but for objects: equal if nothing was touched."""
        asked = (
            ["status", "--porcelain"],
            ["worktree", "list"],
            ["branch", "--all"],
            ["stash", "list"],
            ["diff"],
        )
        seen = tuple(self.git(*words) for words in asked)
        kept = self.path / ".git"
        files = sorted(str(path.relative_to(kept)) for path in kept.rglob("*") if "objects" not in path.parts)
        return (*seen, *files)


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """An empty repository on the branch main."""
    return Repository(tmp_path / "checkout")


@pytest.fixture
def make_repository() -> Callable[[Path], Repository]:
    return Repository
