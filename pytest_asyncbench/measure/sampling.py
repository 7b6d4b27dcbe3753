"""The live path: warm up, then rounds of slots until everything is decided, or time is up."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from statistics import fmean, median, pstdev
from typing import Protocol

from pytest_asyncbench.errors import AgentLost
from pytest_asyncbench.measure import complaints, usage, voids
from pytest_asyncbench.measure.binned import thinned
from pytest_asyncbench.measure.clocks import clock_notes
from pytest_asyncbench.measure.drift import drift_notes
from pytest_asyncbench.measure.evidence import Evidence
from pytest_asyncbench.measure.failures import traceback_of
from pytest_asyncbench.measure.hub import HubWatch
from pytest_asyncbench.measure.percentiles import rps
from pytest_asyncbench.measure.schedule import order
from pytest_asyncbench.measure.slot import Slot
from pytest_asyncbench.measure.supply import Supply, SupplyEnded
from pytest_asyncbench.measure.warmup import WINDOW, WarmupWindow, is_over, why_not_warm
from pytest_asyncbench.measure.watching import Watcher, unwatched
from pytest_asyncbench.measure.windows import LONGEST, Pace, Windows, for_duration, plan_windows, too_slow
from pytest_asyncbench.servers.launched import Launched
from pytest_asyncbench.servers.spec import ServerSpec
from pytest_asyncbench.traffic.load_plan import LoadPlan
from pytest_asyncbench.traffic.outcomes import OK, OUTCOMES
from pytest_asyncbench.traffic.plan import Burst, ClosedSlot, OpenSlot, Plan, Target, WireRequest
from pytest_asyncbench.traffic.samples import SlotResult
from pytest_asyncbench.traffic.think_time import mean_of

ROUNDS_WITHOUT_STATEMENTS = 12


class LoadAgent(Protocol):
    """What sampling needs of an agent: run one slot, and give its samples."""

    def run(self, plan: Plan) -> SlotResult: ...


@dataclass(frozen=True, slots=True)
class Subject:
    """One variant under load: its spec, where it listens, what it is asked, and how to look at it.

    `requests` are empty where they are made ahead of each slot; `host` is the Host that those are sent to;
    `is_reference`: it is there to be compared with, and held to nothing itself; `watcher` looks at it during a slot;
    `launched` is how its server was started, if it was started here.
    """

    variant: str
    spec: ServerSpec
    target: Target
    requests: tuple[WireRequest, ...]
    pids: Callable[[], Sequence[int]]
    died: Callable[[], str | None]
    startup: float = 0.0
    host: str = ""
    cleared: tuple[str, ...] = ()
    is_reference: bool = False
    watcher: Watcher | None = None
    launched: Launched | None = None

    def keeps(self, plan: LoadPlan) -> bool:
        """Whether connections are kept: the plan may not want it, and some servers close each one anyway."""
        return plan.keepalive and self.spec.keepalive is not False


class Field(Protocol):
    """Who goes on in a race."""

    def running(self, evidence: Evidence) -> Sequence[str]:
        """The variants of the next round; none: it is over."""

    def put_out(self, variant: str, why: str) -> None:
        """A variant cannot be measured; the others go on."""


@dataclass(frozen=True, slots=True)
class Goal:
    """When sampling ends: `decided` says so from the evidence so far, looked at after every round.

    `cap` is the number of data at most; 0: the warm-up alone. `answers` is what a datum must hold for `metric`, the
    most demanding one. In a race `field` says who is in each round.
    """

    cap: int
    decided: Callable[[Evidence], bool]
    answers: int = 1
    metric: str = ""
    field: Field | None = None

    def running(self, evidence: Evidence) -> Sequence[str]:
        """The variants of the next round."""
        return evidence.variants if self.field is None else self.field.running(evidence)


@dataclass(slots=True)
class Progress:
    """Told what happens, for a live display; does nothing by itself."""

    def warming(self, variant: str, seconds: float) -> None:
        """A warm-up window of `variant` is about to begin, after `seconds` of warm-up."""

    def slot(self, variant: str, round_number: int, evidence: Evidence | None) -> None:
        """A slot is about to begin; `evidence` holds the rounds so far."""

    def hunting(self, requests: int, longest: float) -> None:
        """A hunt has sent so many requests; the slowest so far took `longest` seconds."""

    def done(self) -> None:
        """Sampling has ended."""


@dataclass(slots=True)
class _State:
    """What is known of the subjects while sampling goes on."""

    paces: dict[str, Pace] = field(default_factory=dict)
    ok_before: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    so_far: Evidence | None = None
    seed: int = 0
    supply: Supply = field(kw_only=True)

    def cycle(self, variant: str) -> float:
        """The variant's mean cycle as known so far; 0: not known."""
        return self.paces[variant].cycle if variant in self.paces else 0.0


def sample(
    agent: LoadAgent,
    subjects: Sequence[Subject],
    plan: LoadPlan,
    goal: Goal,
    seed: int,
    progress: Progress,
    supply: Supply | None = None,
) -> Evidence:
    """Put all subjects under load, interleaved, until `goal` is reached; the evidence, also of a broken measurement.

    `supply` is one that has sent something already. An agent that is lost is a complaint of the evidence. It ends at
    most one slot after `plan.max_time`. Raises SpecError if the plan cannot be measured in time.
    """
    began = time.monotonic()
    supply = supply or Supply(plan, seed, began + plan.max_time)
    state = _State(ok_before={subject.variant: 0 for subject in subjects}, seed=seed, supply=supply)
    evidence = Evidence(
        plan,
        {s.variant: s.spec for s in subjects},
        (),
        seed,
        goal.cap,
        startups={s.variant: s.startup for s in subjects},
        cleared=tuple(sorted({name for s in subjects for name in s.cleared})),
        references=tuple(s.variant for s in subjects if s.is_reference),
    )
    watch = HubWatch({s.variant: s.pids for s in subjects if s.spec.mode == "gevent"})
    try:
        with watch:
            for subject in subjects:
                _warm_up(agent, subject, plan, state, progress, began + plan.max_time)
                state.complaints = _put_out(goal, [(subject.variant, text) for text in state.complaints])
            if not state.complaints and goal.cap:
                evidence = _rounds(agent, subjects, evidence, goal, state, progress, began + plan.max_time)
                state.complaints += [] if state.complaints else _in_the_end(evidence)
            state.complaints += [] if state.complaints or goal.field else complaints.starved(evidence)
    except AgentLost as error:
        state.complaints.append(str(error))
        evidence = state.so_far or evidence
    except SupplyEnded as end:
        state.complaints.append(
            f"{end}, before one round was measured; a warm-up and a round that is not judged come first"
        )
    finally:
        progress.done()
    state.notes += [*supply.notes(), *watch.notes(), *drift_notes(evidence), *clock_notes(evidence)]
    if evidence.voided:
        state.notes.append(voids.told(evidence.voided, len(evidence.rounds)))
    return replace(
        evidence,
        complaints=tuple(dict.fromkeys(state.complaints)),
        notes=tuple(state.notes),
        ok_before=state.ok_before,
        seconds=time.monotonic() - began,
    )


def one_request(
    agent: LoadAgent, subject: Subject, plan: LoadPlan, supply: Supply | None = None
) -> SlotResult:
    """One checked request (of several, each once): for a smoke run, and to see whether there is an answer at all."""
    burst = Burst(
        subject.target,
        subject.requests,
        1,
        max(1, len(subject.requests)),
        timeout=plan.timeout,
        keepalive=subject.keeps(plan),
        expecting=plan.expecting,
    )
    supply = supply or Supply(plan, 0, time.monotonic() + plan.max_time)
    return supply.run(agent.run, subject.variant, subject.host, burst)


def one_slot(agent: LoadAgent, subjects: Sequence[Subject], plan: LoadPlan, seed: int) -> Evidence:
    """One slot of each subject, not warmed up: enough for what is counted."""
    began = time.monotonic()
    supply = Supply(plan, seed, began + plan.max_time)
    state = _State(ok_before={subject.variant: 0 for subject in subjects}, seed=seed, supply=supply)
    evidence = Evidence(plan, {s.variant: s.spec for s in subjects}, (), seed, 1)
    windows = Windows({subject.variant: plan.slot for subject in subjects})
    try:
        slots = tuple(_one_slot(agent, subject, 1, plan, windows, state) for subject in subjects)
    except (AgentLost, SupplyEnded) as error:
        return replace(evidence, complaints=(str(error),))
    broken = [text for slot in slots for text in (*complaints.of_slot(slot), *complaints.agent_starved(slot))]
    broken += [death for subject in subjects if (death := subject.died())]
    evidence = replace(evidence, rounds=(slots,), seconds=time.monotonic() - began)
    return replace(evidence, complaints=tuple(broken or complaints.starved(evidence)))


def _in_the_end(evidence: Evidence) -> list[str]:
    """Complaints that take all rounds together."""
    hopeless = voids.everywhere(evidence.voided, len(evidence.rounds))
    return [hopeless] if hopeless else complaints.late(evidence)


def _warm_up(
    agent: LoadAgent, subject: Subject, plan: LoadPlan, state: _State, progress: Progress, deadline: float
) -> None:
    windows: list[WarmupWindow] = []
    while not is_over(windows, plan.warmup) and time.monotonic() < deadline:
        progress.warming(subject.variant, sum(window.seconds for window in windows))
        window = max(WINDOW, _known_cycle(subject, plan, state))
        slot = _slot(subject, plan, window, state, f"warm-up/{len(windows)}")
        result = _run(agent, subject, slot, state)
        _learn(subject, result, state)
        state.ok_before[subject.variant] += result.ok_total
        if state.supply.is_short(result):
            raise state.supply.end()
        windows.append(WarmupWindow(result.ended - result.started, result.answers, _speed(result)))
        if broken := subject.died() or complaints.unanswered(subject.variant, result):
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
    while len(evidence.rounds) < most * windows.merged and (running := goal.running(evidence)):
        began = time.monotonic()
        slots: list[Slot] = []
        try:
            for name in order(evidence.seed, number, running):
                if time.monotonic() >= deadline:
                    raise _TimeIsUp
                progress.slot(name, number, evidence if evidence.rounds else None)
                subject = next(s for s in subjects if s.variant == name)
                slots.append(_one_slot(agent, subject, number, evidence.plan, windows, state))
                if state.supply.is_short(slots[-1].samples):
                    raise state.supply.end()
        except _TimeIsUp:
            _count_outside(slots, state)
            break
        except SupplyEnded as end:
            _count_outside(slots, state)
            if not evidence.rounds:
                raise
            state.notes.append(f"{end}: sampling ended there, and the unfinished round is left out")
            break
        if number == 0:  # never judged; but now the paces are known, also where nothing was to warm up
            _count_outside(slots, state)
            windows, most = _plan(evidence, goal, state.paces)
            evidence = replace(evidence, merged=windows.merged)
        elif void := voids.why_void(slots):
            _count_outside(slots, state)
            evidence = state.so_far = replace(
                evidence, voided=(*evidence.voided, void), disturbed=(*evidence.disturbed, tuple(slots))
            )
        else:
            evidence = state.so_far = replace(evidence, rounds=(*evidence.rounds, tuple(slots)))
            state.complaints += [text for slot in slots for text in complaints.of_agent(slot)]
            silent = [(slot.variant, text) for slot in slots if (text := complaints.silent(slot))]
            state.complaints += _put_out(goal, silent)
            state.complaints += [
                why for slot in slots if (why := state.supply.shortfall(slot.variant, slot.samples))
            ]
        deaths = [(s.variant, death) for s in subjects if s.variant in running and (death := s.died())]
        state.complaints += _put_out(goal, deaths)
        out_of_time = time.monotonic() + (time.monotonic() - began) > deadline
        if state.complaints or out_of_time or _is_hopeless(evidence):
            break
        if evidence.rounds and _is_decided(evidence, goal):
            break
        number += 1
    return evidence


def _put_out(goal: Goal, faults: Sequence[tuple[str, str]]) -> list[str]:
    """What variants did wrong: complaints about the whole measurement, except in a race."""
    if goal.field is None:
        return [text for _, text in faults]
    for variant, text in faults:
        goal.field.put_out(variant, text)
    return []


class _TimeIsUp(Exception):
    """In the middle of a round: what it has is left out."""


def _count_outside(slots: Sequence[Slot], state: _State) -> None:
    """Answers of slots that are not measured count all the same."""
    for slot in slots:
        state.ok_before[slot.variant] += slot.samples.ok_total


def _is_hopeless(evidence: Evidence) -> bool:
    """Whether the machine is so restless that going on is no use."""
    return voids.is_hopeless(evidence.voided, len(evidence.rounds))


def _plan(evidence: Evidence, goal: Goal, paces: Mapping[str, Pace]) -> tuple[Windows, int]:
    plan = evidence.plan
    if plan.duration is not None:
        longest = max((pace.cycle for pace in paces.values()), default=0.0)
        return for_duration(plan, evidence.variants, goal.cap, longest)
    known = {variant: paces.get(variant, Pace(0.0)) for variant in goal.running(evidence)}
    if goal.field is not None and plan.rate is None:
        slow = {variant: pace.cycle for variant, pace in known.items() if pace.cycle > LONGEST}
        _put_out(goal, [(variant, too_slow(variant, cycle)) for variant, cycle in slow.items()])
        known = {variant: pace for variant, pace in known.items() if variant not in slow}
        if not known:
            return Windows({}), goal.cap
    return plan_windows(plan, known, goal.answers, goal.metric), goal.cap


def _is_decided(evidence: Evidence, goal: Goal) -> bool:
    """A duration that was asked for is measured to its end, decided or not; void rounds are outweighed by more."""
    return evidence.plan.duration is None and not evidence.unrest and goal.decided(evidence)


def _one_slot(
    agent: LoadAgent, subject: Subject, number: int, plan: LoadPlan, windows: Windows, state: _State
) -> Slot:
    before = usage.cpu_times(subject.pids())
    window = windows.seconds[subject.variant]
    slot = _slot(subject, plan, window, state, str(number), windows.least)
    with subject.watcher.watch() if subject.watcher else unwatched() as watching:
        result = _run(agent, subject, slot, state)
    pids = subject.pids()
    cpu = usage.cpu_between(before, usage.cpu_times(pids))
    _learn(subject, result, state)
    return Slot(subject.variant, number, result, cpu, usage.memory(pids), watching.counters)


def _run(agent: LoadAgent, subject: Subject, slot: ClosedSlot | OpenSlot, state: _State) -> SlotResult:
    return state.supply.run(agent.run, subject.variant, subject.host, slot)


def _slot(
    subject: Subject, plan: LoadPlan, window: float, state: _State, number: str, least: int = 0
) -> ClosedSlot | OpenSlot:
    """One slot's plan. All variants of a round draw the same arrivals and think times."""
    seed = f"{state.seed}/{number}"
    known = _known_cycle(subject, plan, state)
    if plan.rate is not None:
        return OpenSlot(
            target=subject.target,
            requests=subject.requests,
            rate=plan.rate,
            window=window,
            arrivals=plan.arrivals,
            max_in_flight=plan.max_in_flight,
            latency=known,
            least=least,
            timeout=plan.timeout,
            keepalive=subject.keeps(plan),
            seed=seed,
            expecting=plan.expecting,
        )
    return ClosedSlot(
        target=subject.target,
        requests=subject.requests,
        users=plan.users,
        window=window,
        cycle=known,
        least=least,
        think_time=plan.think_time,
        timeout=plan.timeout,
        keepalive=subject.keeps(plan),
        seed=seed,
        expecting=plan.expecting,
    )


def _known_cycle(subject: Subject, plan: LoadPlan, state: _State) -> float:
    """What is known of a user's mean cycle: at first no more than its mean think time. In an open loop: of the mean
    latency."""
    return min(LONGEST, state.cycle(subject.variant) or mean_of(plan.think_time))


def _learn(subject: Subject, result: SlotResult, state: _State) -> None:
    """Remember the mean cycle, which the next slot of this variant spreads its users over; or the mean latency."""
    times = _ok_latencies(result) if result.rate else list(thinned(result.cycle, result))
    if times:
        mean = fmean(times)
        state.paces[subject.variant] = Pace(mean, pstdev(times) / mean if mean else 1.0)


def _speed(result: SlotResult) -> float:
    """What must be steady when a server is warm, in 1/s: its rate; in an open loop, which gives the rate, 1/p50."""
    if not result.rate:
        return rps([result]) if result.outcome else 0.0
    times = _ok_latencies(result)
    return 1 / median(times) if times else 0.0


def _ok_latencies(result: SlotResult) -> list[float]:
    ok = OUTCOMES.index(OK)
    times, outcomes = thinned(result.latency, result), thinned(result.outcome, result)
    return [time for time, outcome in zip(times, outcomes, strict=True) if outcome == ok]
