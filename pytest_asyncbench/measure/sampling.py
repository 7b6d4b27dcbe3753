"""The live path: warm up, then rounds of slots until everything is decided, or time is up."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from pytest_asyncbench.errors import AgentLost
from pytest_asyncbench.measure import complaints, voids
from pytest_asyncbench.measure.clocks import clock_notes
from pytest_asyncbench.measure.drift import drift_notes
from pytest_asyncbench.measure.evidence import Evidence
from pytest_asyncbench.measure.failures import traceback_of
from pytest_asyncbench.measure.goal import Goal
from pytest_asyncbench.measure.hub import HubWatch
from pytest_asyncbench.measure.progress import Progress
from pytest_asyncbench.measure.schedule import order
from pytest_asyncbench.measure.slot import Slot
from pytest_asyncbench.measure.slot_driver import SlotDriver, speed
from pytest_asyncbench.measure.subject import LoadAgent, Subject
from pytest_asyncbench.measure.supply import Supply, SupplyEnded
from pytest_asyncbench.measure.warmup import WINDOW, WarmupWindow, is_over, why_not_warm
from pytest_asyncbench.measure.windows import LONGEST, Pace, Windows, for_duration, plan_windows, too_slow
from pytest_asyncbench.traffic.load_plan import LoadPlan
from pytest_asyncbench.traffic.plan import Burst
from pytest_asyncbench.traffic.samples import SlotResult

ROUNDS_WITHOUT_STATEMENTS = 12


@dataclass(slots=True)
class _State:
    """What is known of the subjects while sampling goes on."""

    driver: SlotDriver
    ok_before: dict[str, int]
    notes: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    so_far: Evidence | None = None


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
    state = _State(SlotDriver(agent, plan, seed, supply), {subject.variant: 0 for subject in subjects})
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
                _warm_up(subject, plan, state, progress, began + plan.max_time)
                state.complaints = _put_out(goal, [(subject.variant, text) for text in state.complaints])
            if not state.complaints and goal.cap:
                evidence = _rounds(subjects, evidence, goal, state, progress, began + plan.max_time)
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
    driver = SlotDriver(agent, plan, seed, supply)
    evidence = Evidence(plan, {s.variant: s.spec for s in subjects}, (), seed, 1)
    windows = Windows({subject.variant: plan.slot for subject in subjects})
    try:
        slots = tuple(driver.measure(subject, 1, windows) for subject in subjects)
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


def _warm_up(subject: Subject, plan: LoadPlan, state: _State, progress: Progress, deadline: float) -> None:
    windows: list[WarmupWindow] = []
    while not is_over(windows, plan.warmup) and time.monotonic() < deadline:
        progress.warming(subject.variant, sum(window.seconds for window in windows))
        window = max(WINDOW, state.driver.cycle(subject))
        result = state.driver.run(subject, window, f"warm-up/{len(windows)}")
        state.ok_before[subject.variant] += result.ok_total
        if state.driver.supply.is_short(result):
            raise state.driver.supply.end()
        windows.append(WarmupWindow(result.ended - result.started, result.answers, speed(result)))
        if broken := subject.died() or complaints.unanswered(subject.variant, result):
            state.complaints.append(broken)
            state.notes += [text for text in [traceback_of(result)] if text]
            return
        if not result.ok_total and len(windows) > 1:
            return  # no use in warming up errors: the first round shows them
    if plan.warmup is None and (why := why_not_warm(windows)):
        state.notes.append(f"{subject.variant}: {why}")


def _rounds(
    subjects: Sequence[Subject],
    evidence: Evidence,
    goal: Goal,
    state: _State,
    progress: Progress,
    deadline: float,
) -> Evidence:
    windows, most = _plan(evidence, goal, state.driver.paces)
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
                slots.append(state.driver.measure(subject, number, windows))
                if state.driver.supply.is_short(slots[-1].samples):
                    raise state.driver.supply.end()
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
            windows, most = _plan(evidence, goal, state.driver.paces)
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
                why for slot in slots if (why := state.driver.supply.shortfall(slot.variant, slot.samples))
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
