"""A comparison is refused for the reasons that a test gives, and for no others."""

from __future__ import annotations

from pytest_asyncbench.verdict.refusal import judge_refusal
from pytest_asyncbench.verdict.statements import Refused

STATED = Refused(("rows_per_request",))
ROWS = {"rows_per_request": "rows per request: a 1, b 1000"}
TOLD = f"the variants do not do the same work: {ROWS['rows_per_request']}. If that is meant, ..."


def test_refused_as_stated():
    assert judge_refusal(STATED, ROWS, [TOLD]) == ("PASS", f"{ROWS['rows_per_request']}; nothing was timed")


def test_not_refused():
    assert judge_refusal(STATED, {}, [])[0] == "FAIL"


def test_refused_for_more_or_for_something_else():
    more = {**ROWS, "queries_per_request": "queries per request: a 1, b 2"}
    assert judge_refusal(STATED, more, [f"{TOLD}; {more['queries_per_request']}"])[0] == "FAIL"
    outcome, why = judge_refusal(STATED, {"status": "status: a 200, b 500"}, ["status: a 200, b 500"])
    assert outcome == "FAIL"
    assert why == "it was refused for status: status: a 200, b 500"


def test_what_is_broken_otherwise_is_no_refusal():
    assert judge_refusal(STATED, ROWS, [TOLD, "the server ended"]) == ("INVALID", "the server ended")
    assert judge_refusal(STATED, {}, ["the server ended"]) == ("INVALID", "the server ended")


def test_it_reads_as_a_sentence():
    assert str(Refused(("status", "length"))) == "the comparison is refused for status, length"
