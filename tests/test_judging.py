"""Evidence and statements in, judgements out."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_asyncbench.judging import (
    WORST_FIRST,
    Judgement,
    decided,
    error_limit,
    judge_all,
    worst,
    worst_first,
    worth_telling,
)
from pytest_asyncbench.marks import BUILT_IN
from pytest_asyncbench.verdict.effort import Effort
from pytest_asyncbench.verdict.statements import Budget, NoRegression, Ordering, SinceBaseline, SinceKept, Tie

EFFORT = Effort()
EIGHT = Effort(0.95, 8)
SWING = [100.0, 101, 99, 102, 98, 103, 97, 100]
HALF = [rate / 2 for rate in SWING]
NOISE = [100.0, 140, 70, 120, 80, 160, 60, 110]
FASTER = Ordering(("a", "b"))


def outcomes(evidence, *statements):
    return [judgement.outcome for judgement in judge_all(evidence, statements, EIGHT)]


@pytest.mark.parametrize(
    ("statement", "a", "b", "outcome"),
    [
        (FASTER, SWING, HALF, "PASS"),
        (FASTER, HALF, SWING, "FAIL"),
        (FASTER, SWING, SWING, "FAIL"),
        (FASTER, NOISE, SWING, "INCONCLUSIVE"),
        (Ordering(("a", "b"), by=2.5), SWING, HALF, "FAIL"),
        (Ordering(("a", "b"), "mean", 1.5), SWING, HALF, "PASS"),
        (Ordering(("a", "b"), "p95", 1.5), HALF, SWING, "FAIL"),
        (Tie("a", "b"), SWING, SWING, "PASS"),
        (Tie("a", "b"), SWING, HALF, "FAIL"),
        (Tie("a", "b"), HALF, SWING, "FAIL"),
        (Tie("a", "b", "mean", 3.0), HALF, SWING, "PASS"),
        (Tie("a", "b"), NOISE, SWING, "INCONCLUSIVE"),
        (NoRegression("a", "b"), SWING, SWING, "PASS"),
        (NoRegression("a", "b"), SWING, HALF, "PASS"),
        (NoRegression("a", "b"), HALF, SWING, "FAIL"),
        (NoRegression("a", "b", "p50"), HALF, SWING, "FAIL"),
        (NoRegression("a", "b"), NOISE, SWING, "INCONCLUSIVE"),
    ],
)
def test_comparisons(make_evidence, statement, a, b, outcome):
    (judgement,) = judge_all(make_evidence({"a": a, "b": b}), [statement], EIGHT)
    assert (judgement.outcome, judgement.variant, judgement.statement) == (outcome, "", statement)
    assert "after 8 rounds" in judgement.why


TWELVE = [*SWING, 101.5, 98.5, 100.5, 99.5]
SINCE = SinceKept("rps", 1.2, "before", (("a", tuple(TWELVE)),))


@pytest.mark.parametrize(("factor", "outcome"), [(1.0, "PASS"), (0.5, "FAIL"), (0.83, "INCONCLUSIVE")])
def test_each_variant_is_judged_against_itself_in_a_kept_run(make_evidence, factor, outcome):
    evidence = make_evidence({"a": [rate * factor for rate in TWELVE], "new": TWELVE})
    (judgement,) = judge_all(evidence, [SINCE], EFFORT)
    assert (judgement.outcome, judgement.variant) == (outcome, "a")
    assert decided(
        evidence, [SINCE], EFFORT, 12
    )  # clearly between what would be a PASS and a FAIL decides, too


def test_counts_are_judged_against_a_kept_run(make_evidence):
    guard = SinceKept("errors", 1.1, "before", (("a", (0.01,)),))
    few, many = ({"a": {"failed": number}} for number in (3, 30))
    assert outcomes(make_evidence({"a": SWING}, slots=few), guard) == ["PASS"]
    assert outcomes(make_evidence({"a": SWING}, slots=many), guard) == ["FAIL"]


def test_without_a_baseline_there_is_nothing_to_judge(make_evidence):
    assert outcomes(make_evidence({"a": SWING}), SinceBaseline()) == []


def test_a_run_that_failed_is_not_judged_against_a_kept_one(make_evidence):
    evidence = make_evidence({"a": TWELVE}, slots={"a": {"failed": 30}})
    assert [item.outcome for item in judge_all(evidence, [SINCE, BUILT_IN], EFFORT)] == ["INVALID", "FAIL"]


def test_every_neighbour_in_an_ordering_counts(make_evidence):
    rates = {"a": SWING, "b": HALF, "c": [rate / 4 for rate in SWING]}
    assert outcomes(make_evidence(rates), Ordering(("a", "b", "c")), Ordering(("a", "c", "b"))) == [
        "PASS",
        "FAIL",
    ]


def test_comparisons_of_one_test_share_the_error_of_their_fails(make_evidence):
    evidence = make_evidence({"a": HALF * 2, "b": SWING * 2})
    (alone,) = judge_all(evidence, [FASTER], EFFORT)
    together = judge_all(evidence, [FASTER, NoRegression("a", "b", "p50"), Budget("rps", 1.0)], EFFORT)
    assert [item.outcome for item in (alone, *together[:2])] == ["FAIL"] * 3
    assert [item.verdict.rounds for item in (alone, *together)] == [8, 12, 12, 8, 8]
    passing = judge_all(
        make_evidence({"a": SWING, "b": HALF}), [FASTER, NoRegression("a", "b", "p50")], EFFORT
    )
    assert [item.verdict.rounds for item in passing] == [8, 8], "a PASS shares nothing: it takes all of them"


@pytest.mark.parametrize(
    ("budget", "expected"),
    [
        (Budget("rps", 80, at_least=True), ["PASS", "FAIL"]),
        (Budget("rps", 100, at_least=True), ["INCONCLUSIVE", "FAIL"]),
        (Budget("p95", 0.015), ["PASS", "FAIL"]),
        (Budget("mean", 1.0), ["PASS", "PASS"]),
        (Budget("errors", 0.0), ["PASS", "PASS"]),
    ],
)
def test_a_budget_is_judged_for_every_variant(make_evidence, budget, expected):
    judgements = judge_all(make_evidence({"a": SWING, "b": HALF}), [budget], EFFORT)
    assert [judgement.variant for judgement in judgements] == ["a", "b"]
    assert [judgement.outcome for judgement in judgements] == expected


@pytest.mark.parametrize(("failed", "outcome"), [(0, "PASS"), (3, "PASS"), (4, "FAIL")])
def test_counted_metrics_are_pooled_and_equality_holds(make_evidence, failed, outcome):
    evidence = make_evidence({"a": SWING}, slots={"a": {"failed": failed}})
    (judgement,) = judge_all(evidence, [Budget("errors", 0.01)], EFFORT)
    assert judgement.outcome == outcome
    assert "counted in 8 rounds" in judgement.why


def test_a_broken_measurement_is_invalid_whatever_is_stated(make_evidence):
    rates = {"a": SWING, "b": HALF}
    statements = (FASTER, Tie("a", "b"), Budget("rps", 1, at_least=True), BUILT_IN)
    for evidence in (
        make_evidence(rates, complaints=("a: the agent is saturated", "b: died")),
        make_evidence({"a": [], "b": []}, complaints=("a: the agent is saturated", "b: died")),
    ):
        for judgement in judge_all(evidence, statements, EFFORT):
            assert (judgement.outcome, judgement.why) == ("INVALID", "a: the agent is saturated; b: died")
    assert len(judge_all(evidence, statements, EFFORT)) == 2 + 2 + 2


def test_a_doubt_about_the_agent_concerns_speed_only(make_evidence):
    busy = {"a": {"cautions": ["the agent used 97% of a core"]}}
    evidence = make_evidence({"a": SWING, "b": HALF}, slots=busy)
    assert outcomes(evidence, FASTER, Budget("errors", 0.001, at_least=False)) == ["INVALID", "PASS", "PASS"]
    [speed, *_] = judge_all(evidence, [FASTER], EIGHT)
    assert speed.why == "a: the agent used 97% of a core (8 of 16 slots)"
    assert decided(evidence, [FASTER], EFFORT, 12)


def test_without_a_round_nothing_is_decided(make_evidence):
    evidence = make_evidence({"a": [], "b": []})
    for judgement in judge_all(evidence, [FASTER, BUILT_IN], EFFORT):
        assert (judgement.outcome, judgement.why) == (
            "INCONCLUSIVE",
            "max_time was over before the first round",
        )


def test_speed_of_a_server_that_fails_says_nothing(make_evidence):
    slots = {"b": {"failed": 3, "first": ["500 Internal Server Error"]}}
    evidence = make_evidence({"a": SWING, "b": HALF}, slots=slots)
    claim, budget_a, budget_b, errors_a, errors_b = judge_all(
        evidence, [FASTER, Budget("rps", 1, at_least=True), BUILT_IN], EFFORT
    )
    assert (budget_a.outcome, errors_a.outcome, errors_b.outcome) == ("PASS", "PASS", "FAIL")
    for judgement in (claim, budget_b):
        assert judgement.outcome == "INVALID"
        assert judgement.why == (
            "rps of a server that fails says nothing: b: 24 of 2400 requests were not ok: 24 bad_status, "
            "first: 500 Internal Server Error (1.00 %, allowed 0.10 %)"
        )


def test_a_budget_for_errors_replaces_the_limit(make_evidence):
    evidence = make_evidence({"a": SWING, "b": HALF}, slots={"b": {"failed": 3}})
    allowed = Budget("errors", 0.05)
    assert outcomes(evidence, FASTER, allowed) == ["PASS", "PASS", "PASS"]
    assert error_limit([FASTER, allowed]) == 0.05
    assert error_limit([BUILT_IN]) == 0.001


@pytest.mark.parametrize("name", ["rps", "mean", "p95"])
def test_a_slot_without_one_good_answer_makes_a_claim_invalid(make_evidence, make_slot, name):
    good = make_evidence({"a": SWING * 3, "b": HALF * 3})
    broken = replace(good, rounds=(*good.rounds, (make_slot("a"), make_slot("b", failed=300))))
    statements = [Ordering(("a", "b"), name), Budget("errors", 0.1)]
    assert outcomes(broken, *statements)[0] == "INVALID"
    assert decided(broken, statements, Effort(0.95, 30), 12), "no later round can mend it"


def test_a_percentile_that_failures_reach_into_makes_a_claim_invalid(make_evidence):
    """6 % failed, so p95 is infinite: no ratio, and no exception either."""
    evidence = make_evidence({"a": SWING, "b": HALF}, slots={"b": {"failed": 18}})
    claim, limit = Ordering(("a", "b"), "p95"), Budget("errors", 0.07)
    assert decided(evidence, [claim, limit], EFFORT, 12)
    (judgement, *_) = judge_all(evidence, [claim, limit], EFFORT)
    assert judgement.outcome == "INVALID"
    assert judgement.why.startswith(
        "a slot without one usable p95; p95 of a server that fails says nothing: b: 144 of"
    )
    assert outcomes(evidence, Budget("p95", 1.0), limit)[:2] == ["PASS", "FAIL"], "a budget counts it as slow"


@pytest.mark.parametrize("statement", [Ordering(("a", "b"), "p95"), Tie("a", "b", "p95"), Budget("p95", 1.0)])
def test_a_slot_with_too_few_answers_makes_a_percentile_invalid(make_evidence, statement):
    evidence = make_evidence({"a": SWING, "b": HALF}, slots={"b": {"count": 150}})
    assert decided(evidence, [statement], EFFORT, 12)
    for judgement in judge_all(evidence, [statement], EFFORT):
        assert (judgement.outcome, judgement.why) == ("INVALID", "p95 needs 200 requests, and there are 150")


def test_merged_rounds_make_one_datum(make_evidence):
    evidence = make_evidence({"a": SWING * 2, "b": HALF * 2}, slots={"b": {"count": 150}}, merged=2)
    (judgement,) = judge_all(evidence, [Ordering(("b", "a"), "p95")], EFFORT)
    assert (judgement.outcome, judgement.verdict.rounds) == ("FAIL", 8)


@pytest.mark.parametrize(
    ("statements", "rates", "expected"),
    [
        ([], SWING, False),
        ([], SWING + SWING[:4], True),
        ([BUILT_IN], SWING, False),
        ([BUILT_IN], SWING + SWING[:4], True),
        ([Budget("rps", 50, at_least=True)], SWING[:7], False),
        ([Budget("rps", 50, at_least=True)], SWING, True),
        ([Budget("rps", 100, at_least=True)], SWING, False),
        ([Budget("rps", 50, at_least=True), Budget("rps", 100, at_least=True)], SWING, False),
    ],
)
def test_when_sampling_may_end(make_evidence, statements, rates, expected):
    assert decided(make_evidence({"a": rates}), statements, EFFORT, 12) is expected


@pytest.mark.parametrize(("failed", "expected"), [(0, False), (29, False), (31, True), (300, True)])
def test_hopeless_errors_end_it_at_once(make_evidence, failed, expected):
    evidence = make_evidence({"a": [100.0], "b": [100.0]}, slots={"b": {"failed": failed}})
    assert decided(evidence, [Budget("rps", 1, at_least=True), BUILT_IN], EFFORT, 12) is expected


@pytest.mark.parametrize(
    ("how", "limit", "expected"),
    [("timeout", 0.001, True), ("bad_status", 0.001, False), ("timeout", 0.5, False)],
)
def test_a_server_that_hangs_is_not_waited_for_again_and_again(make_evidence, how, limit, expected):
    """A few timeouts among many answers are not too many errors, and each of them takes its time."""
    healthy = make_evidence({"a": [100.0] * 5})
    hung = make_evidence({"a": [100.0]}, slots={"a": {"count": 6, "failed": 6, "how": how}})
    evidence = replace(healthy, rounds=(*healthy.rounds, *hung.rounds))
    statements = [Budget("rps", 1, at_least=True), Budget("errors", limit)]
    assert decided(evidence, statements, EFFORT, 12) is expected
    assert not decided(healthy, statements, EFFORT, 12)


@given(st.lists(st.sampled_from(WORST_FIRST)))
def test_the_worst_outcome_is_the_outcome(found):
    expected = next((outcome for outcome in ("INVALID", "FAIL", "INCONCLUSIVE") if outcome in found), "PASS")
    assert worst(found) == expected


STATEMENTS = st.lists(
    st.sampled_from(
        [
            FASTER,
            Ordering(("b", "a"), "p50"),
            Tie("a", "b", "mean"),
            NoRegression("a", "b", "p95"),
            NoRegression("a", "b", "cpu_per_request"),
            Budget("rps", 100, at_least=True),
            Budget("p95", 0.01),
            Budget("errors", 0.2),
            BUILT_IN,
        ]
    ),
    unique=True,
)
SLOTS = st.fixed_dictionaries(
    {"count": st.sampled_from([25, 250]), "failed": st.sampled_from([0, 0, 1, 20, 25])}
)


@settings(max_examples=60)
@given(
    st.lists(st.tuples(st.floats(1, 1000), st.floats(1, 1000)), max_size=13),
    st.fixed_dictionaries({"a": SLOTS, "b": SLOTS}),
    st.integers(1, 3),
    STATEMENTS,
)
def test_whatever_was_measured_is_judged_the_same_each_time(make_evidence, rows, slots, merged, statements):
    rates = {"a": [row[0] for row in rows], "b": [row[1] for row in rows]}
    evidence = make_evidence(rates, slots=slots, merged=merged)
    judgements = judge_all(evidence, statements, EFFORT)
    assert judgements == judge_all(evidence, statements, EFFORT)
    assert {judgement.statement for judgement in judgements} == set(statements)
    assert all(judgement.why for judgement in judgements)
    if rows:
        decided(evidence, statements, EFFORT, 12)


def test_a_budget_is_not_about_another_revision(make_evidence):
    evidence = make_evidence({"a": SWING, "a@main": HALF}, references=("a@main",))
    judgements = judge_all(evidence, [Budget("rps", 80, at_least=True), Budget("errors", 0.1)], EFFORT)
    assert [(item.variant, item.outcome) for item in judgements] == [("a", "PASS"), ("a", "PASS")]


@pytest.mark.parametrize(("failed", "outcome"), [(0, "PASS"), (3, "PASS"), (4, "FAIL")])
def test_a_regression_of_what_is_counted_needs_no_interval(make_evidence, failed, outcome):
    slots = {"a": {"failed": failed}, "b": {"failed": 3}}
    evidence = make_evidence({"a": SWING, "b": HALF}, slots=slots)
    [judgement] = judge_all(evidence, [NoRegression("a", "b", "errors", 1.2)], EFFORT)
    assert judgement.outcome == outcome
    assert judgement.why.endswith("; b has 1.00 %")


def test_a_guard_without_a_baseline_is_not_judged(make_evidence):
    evidence = make_evidence({"a": SWING})
    assert judge_all(evidence, [SinceBaseline()], EFFORT) == ()


def test_one_reason_is_told_once_of_what_nobody_wrote():
    why = "the variants do not do the same work"
    broken = [Judgement(BUILT_IN, name, "INVALID", why) for name in ("a", "b")]
    written = Judgement(Ordering(("a", "b")), "", "INVALID", why)
    kept = Judgement(BUILT_IN, "a", "PASS", "no errors")
    assert worth_telling([*broken, written, kept]) == [written]
    assert worth_telling(broken) == broken[:1]
    open_ = Judgement(kept.statement, "a", "INCONCLUSIVE", "no round fitted into the time")
    assert worth_telling([kept, open_]) == [open_]
    assert worth_telling([open_, written]) == [written]
    other = Judgement(BUILT_IN, "b", "FAIL", "5 % errors")
    assert worth_telling([other, written]) == [other, written]
    assert worst_first([other, written]) == [written, other]
