"""The live path: warm up, then rounds of slots until everything is decided, or time is up."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from statistics import pstdev
from typing import Protocol

from pytest_asyncbench.measure import usage
from pytest_asyncbench.measure.evidence import Evidence
from pytest_asyncbench.measure.failures import first_words, traceback_of
from pytest_asyncbench.measure.percentiles import mean_cycle, rps
from pytest_asyncbench.measure.schedule import order
from pytest_asyncbench.measure.slot import Slot
from pytest_asyncbench.measure.warmup import WINDOW, WarmupWindow, is_over, why_not_warm
from pytest_asyncbench.measure.windows import LONGEST, Pace, Windows, for_duration, plan_windows
from pytest_asyncbench.servers.spec import ServerSpec
from pytest_asyncbench.traffic.load_plan import LoadPlan
from pytest_asyncbench.traffic.plan import Burst, ClosedSlot, Target, WireRequest
from pytest_asyncbench.traffic.samples import SlotResult

ROUNDS_WITHOUT_STATEMENTS = 12


class LoadAgent(Protocol):
    """What sampling needs of an agent: run one slot, and give its samples."""

    def run(self, plan: ClosedSlot | Burst) -> SlotResult: ...


@dataclass(frozen=True, slots=True)
class Subject:
    """One variant under load: its spec, where it listens, what it is asked, and how to look at it."""

    variant: str
    spec: ServerSpec
    target: Target
    requests: tuple[WireRequest, ...]
    pids: Callable[[], Sequence[int]]
    died: Callable[[], str | None]
    startup: float = 0.0


@dataclass(frozen=True, slots=True)
class Goal:
    """When sampling ends: `decided` says so from the evidence so far, looked at after every round.

    `cap` is the number of data at most. `answers` is what a datum must hold for `metric`, the most demanding one.
    """

    cap: int
    decided: Callable[[Evidence], bool]
    answers: int = 1
    metric: str = ""


@dataclass(slots=True)
class Progress:
    """Told what happens, for a live display; does nothing by itself."""

    def warming(self, variant: str, seconds: float) -> None:
        """A warm-up window of `variant` is about to begin, after `seconds` of warm-up."""

    def slot(self, variant: str, round_number: int, evidence: Evidence | None) -> None:
        """A slot is about to begin; `evidence` holds the rounds so far."""

    def done(self) -> None:
        """Sampling has ended."""


@dataclass(slots=True)
class _State:
    """What is known of the subjects while sampling goes on."""

    paces: dict[str, Pace] = field(default_factory=dict)
    ok_before: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def cycle(self, variant: str) -> float:
        """The variant's mean cycle as known so far; 0: not known."""
        return self.paces[variant].cycle if variant in self.paces else 0.0


def sample(
    agent: LoadAgent, subjects: Sequence[Subject], plan: LoadPlan, goal: Goal, seed: int, progress: Progress
) -> Evidence:
    """Put all subjects under load, interleaved, until `goal` is reached; the evidence, also of a broken measurement.

    Raises SpecError if the plan cannot be measured in time, AgentLost if the agent ends.
    """
    began = time.monotonic()
    state = _State(ok_before={subject.variant: 0 for subject in subjects})
    evidence = Evidence(
        plan,
        {s.variant: s.spec for s in subjects},
        (),
        seed,
        goal.cap,
        startups={s.variant: s.startup for s in subjects},
    )
    try:
        for subject in subjects:
            _warm_up(agent, subject, plan, state, progress, began + plan.max_time)
        if not state.complaints:
            evidence = _rounds(agent, subjects, evidence, goal, state, progress, began + plan.max_time)
    finally:
        progress.done()
    return replace(
        evidence,
        complaints=tuple(dict.fromkeys(state.complaints)),
        notes=tuple(state.notes),
        ok_before=state.ok_before,
        seconds=time.monotonic() - began,
    )


def one_request(agent: LoadAgent, subject: Subject, plan: LoadPlan) -> SlotResult:
    """One checked request, for a smoke run."""
    return agent.run(
        Burst(
            subject.target,
            subject.requests,
            1,
            len(subject.requests),
            timeout=plan.timeout,
            keepalive=plan.keepalive,
        )
    )


def _warm_up(
    agent: LoadAgent, subject: Subject, plan: LoadPlan, state: _State, progress: Progress, deadline: float
) -> None:
    windows: list[WarmupWindow] = []
    while not is_over(windows, plan.warmup) and time.monotonic() < deadline:
        progress.warming(subject.variant, sum(window.seconds for window in windows))
        result = agent.run(
            _slot(subject, plan, max(WINDOW, min(LONGEST, state.cycle(subject.variant))), state)
        )
        _learn(subject, result, state)
        state.ok_before[subject.variant] += result.ok_total
        rate = rps([result]) if result.outcome else 0.0
        windows.append(WarmupWindow(result.ended - result.started, result.answers, rate))
        if broken := subject.died() or _unanswered(subject, result):
            state.complaints.append(broken)
            state.notes += [text for text in [traceback_of(result)] if text]
            return
        if not result.ok_total and len(windows) > 1:
            return  # no use in warming up errors: the first round shows them
    if plan.warmup is None and (why := why_not_warm(windows)):
        state.notes.append(f"{subject.variant}: {why}")


def _rounds(
    agent: LoadAgent,
    subjects: Sequence[Subject],
    evidence: Evidence,
    goal: Goal,
    state: _State,
    progress: Progress,
    deadline: float,
) -> Evidence:
    windows, most = _plan(evidence, goal, state.paces)
    number = 0
    while len(evidence.rounds) < most * windows.merged:
        began = time.monotonic()
        slots = []
        for name in order(evidence.seed, number, evidence.variants):
            progress.slot(name, number, evidence if evidence.rounds else None)
            slots.append(
                _one_slot(
                    agent,
                    next(s for s in subjects if s.variant == name),
                    number,
                    evidence.plan,
                    windows,
                    state,
                )
            )
        if number == 0:  # never judged; but now the paces are known, also where nothing was to warm up
            for slot in slots:
                state.ok_before[slot.variant] += slot.samples.ok_total
            windows, most = _plan(evidence, goal, state.paces)
            evidence = replace(evidence, merged=windows.merged)
        else:
            evidence = replace(evidence, rounds=(*evidence.rounds, tuple(slots)))
            state.complaints += [text for slot in slots for text in _complaints(slot)]
        state.complaints += [death for subject in subjects if (death := subject.died())]
        out_of_time = time.monotonic() + (time.monotonic() - began) > deadline
        if state.complaints or out_of_time or (number > 0 and _is_decided(evidence, goal)):
            break
        number += 1
    return evidence


def _plan(evidence: Evidence, goal: Goal, paces: Mapping[str, Pace]) -> tuple[Windows, int]:
    plan = evidence.plan
    if plan.duration is not None:
        return for_duration(plan, evidence.variants, goal.cap)
    known = {variant: paces.get(variant, Pace(0.0)) for variant in evidence.variants}
    return plan_windows(plan, known, goal.answers, goal.metric), goal.cap


def _is_decided(evidence: Evidence, goal: Goal) -> bool:
    """A duration that was asked for is measured to its end, decided or not."""
    return evidence.plan.duration is None and goal.decided(evidence)


def _one_slot(
    agent: LoadAgent, subject: Subject, number: int, plan: LoadPlan, windows: Windows, state: _State
) -> Slot:
    before = usage.cpu_times(subject.pids())
    result = agent.run(_slot(subject, plan, windows.seconds[subject.variant], state, windows.least))
    pids = subject.pids()
    cpu = usage.cpu_between(before, usage.cpu_times(pids))
    _learn(subject, result, state)
    return Slot(subject.variant, number, result, cpu, usage.memory(pids))


def _slot(subject: Subject, plan: LoadPlan, window: float, state: _State, least: int = 0) -> ClosedSlot:
    return ClosedSlot(
        target=subject.target,
        requests=subject.requests,
        users=plan.users,
        window=window,
        cycle=min(LONGEST, state.cycle(subject.variant)),
        least=least,
        think_time=plan.think_time,
        timeout=plan.timeout,
        keepalive=plan.keepalive,
    )


def _learn(subject: Subject, result: SlotResult, state: _State) -> None:
    """Remember the mean cycle, which the next slot of this variant spreads its users over."""
    if result.outcome:
        mean = mean_cycle([result])
        state.paces[subject.variant] = Pace(mean, pstdev(result.cycle) / mean if mean else 1.0)


def _unanswered(subject: Subject, result: SlotResult) -> str | None:
    """In words, that a server answers nothing at all; None if it answers something."""
    if result.answers:
        return None
    counted: Counter[str] = Counter()
    for outcomes in (*result.counts.values(), result.late):
        counted.update(outcomes)
    kinds = ", ".join(f"{number} {name}" for name, number in counted.most_common())
    return (
        f"{subject.variant}: not one request was answered ({kinds or 'none was sent'}){first_words(result)}"
    )


def _complaints(slot: Slot) -> list[str]:
    texts = [f"{slot.variant}: {text}" for text in slot.samples.complaints]
    if not slot.samples.outcome:
        texts.append(
            f"{slot.variant}: not a single request was sent in the measured time of round {slot.round}"
        )
    return texts
