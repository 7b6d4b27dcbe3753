"""A hunt in every report, without a server."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from pytest_asyncbench.hunt.confirming import Sight
from pytest_asyncbench.hunt.quarry import Broken, Quarry
from pytest_asyncbench.hunt.slowest import Slowest
from pytest_asyncbench.hunt.timing import Batch, Timing
from pytest_asyncbench.measure.counts import Counts
from pytest_asyncbench.measure.run import Run
from pytest_asyncbench.postgres.statements import StatementCount
from pytest_asyncbench.report.file import as_json, from_json
from pytest_asyncbench.report.html import as_html
from pytest_asyncbench.report.markdown import as_markdown
from pytest_asyncbench.report.show import as_text
from pytest_asyncbench.report.text import explain
from pytest_asyncbench.testcase import Record
from pytest_asyncbench.traffic.load_plan import LoadPlan
from pytest_asyncbench.traffic.requests import request
from pytest_asyncbench.verdict.effort import Effort

SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "schema" / "asyncbench-1.json").read_text())
SLOW = request("GET", "/search", params={"q": "<script>alert(1)</script>"})
BEFORE = request("GET", "/search", params={"q": "<script>alert(1)</script> and more", "page": 7})
TYPICAL = request("GET", "/search", params={"q": "lamp"})


def batch(seconds):
    return Batch((Timing(seconds),))


@pytest.fixture
def found(make_evidence):
    """A request that takes 200 ms where others take 4."""

    def made(rounds=8, times=50.0):
        broken = (Broken(request("GET", "/search", params={"q": ""}), "400 Bad Request"),)
        quarry = Quarry(SLOW, BEFORE, TYPICAL, 120, 400, broken, ("time was over",))
        sights = [Sight(batch(0.004 * times), batch(0.004)) for _ in range(rounds)]
        evidence = make_evidence({"server": [5.0] * rounds}, plan=LoadPlan((SLOW,)))
        run = Run(evidence, effort=Effort(), ok={"server": 7})
        counts = Counts(requests=10, statements=(StatementCount("SELECT 1", 20, 3000, 0.1),), connections=0)
        return Slowest(quarry, sights, run, counts={"slowest": counts}, requests=450)

    return made


def test_values(found):
    slowest = found()
    assert (slowest.latency.value, slowest.typical.value) == pytest.approx((0.2, 0.004))
    assert slowest.times_slower.low == pytest.approx(50)
    assert slowest.stands_out
    assert slowest.latency > 0.1
    assert (slowest.latency / slowest.typical).value == pytest.approx(50)
    assert slowest.counted("rows_per_request") == (300, None)
    assert slowest.rps.value == pytest.approx(5)
    assert not found(times=1.0).stands_out
    assert not found(rounds=3).stands_out, "three rounds say nothing"
    with pytest.raises(AttributeError, match="no 'nonsense'; there is latency"):
        _ = slowest.nonsense


@pytest.mark.parametrize("rounds", [0, 8])
def test_every_report_tells_it(found, make_case, make_report, rounds):
    case = make_case({"server": [5.0] * 8})
    slowest = found(rounds)
    case.records = [Record(slowest.run, (), slowest=slowest)]
    report = make_report(case)
    jsonschema.Draft202012Validator(SCHEMA).validate(json.loads(as_json(report)))
    assert from_json(as_json(report), "here") == report
    for text in (as_html(report), as_markdown(report), as_text(report), explain(case)):
        assert "the slowest of 120 different requests, sent 450 times one by one" in text
        assert "time was over" in text
        assert ("times as long as a typical one" in text) is (rounds == 8)
    assert "queries 2, rows 300, connections 0" in explain(case)
    assert "not answered ok: 1 of them, the simplest: request(" in explain(case)
    assert "<script>" not in as_html(report)


def test_where_nothing_stands_out_that_is_said(found, make_case):
    case = make_case({"server": [5.0] * 8})
    slowest = found(times=1.05)
    case.records = [Record(slowest.run, (), slowest=slowest)]
    assert "no request stands out" in explain(case)
