"""Markers become statements, specs and databases; what cannot be meant is refused with the valid choices."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_asyncbench import marks
from pytest_asyncbench.errors import SpecError
from pytest_asyncbench.marks import BUILT_IN, DatabaseMark, Mark
from pytest_asyncbench.servers.factories import granian
from pytest_asyncbench.verdict.statements import Budget, NoRegression, Ordering, Refused, SinceBaseline, Tie

SPEC = granian("app:wsgi", interface="wsgi")
OTHER = granian("app:asgi", interface="asgi")
NAMES = ("a", "b", "c")


def mark(name: str, *args: object, level: int = 0, **kwargs: object) -> Mark:
    return Mark(name, args, kwargs, level)


def stated(*given_marks: Mark) -> list[object]:
    """The statements, without the built-in limit of errors."""
    return [s for s in marks.statements(given_marks, NAMES) if not marks.is_built_in(s)]


def test_without_markers_only_the_built_in_limit_of_errors_holds():
    assert marks.statements([], ()) == (BUILT_IN,)
    assert str(BUILT_IN) == "errors <= 0.001"


@pytest.mark.parametrize(
    ("given_mark", "statement"),
    [
        (mark("ordering", "a", "b"), Ordering(("a", "b"), "rps", 1.05)),
        (mark("ordering", "c", "a", "b", metric="p95", by="20%"), Ordering(("c", "a", "b"), "p95", 1.2)),
        (mark("refused", "status", "length", run="x"), Refused(("status", "length"), run="x")),
        (mark("ordering", "a", "b", by=0, run="x"), Ordering(("a", "b"), "rps", 1.0, run="x")),
        (mark("tie", "a", "b"), Tie("a", "b", "rps", 1.1)),
        (mark("tie", "a", "b", metric="mean", within=0.05), Tie("a", "b", "mean", 1.05)),
        (mark("no_regression", "a", "b"), NoRegression("a", "b", "rps", 1.1)),
        (
            mark("no_regression", "a", "b", within="1.5x", run="x"),
            NoRegression("a", "b", "rps", 1.5, run="x"),
        ),
        (mark("no_regression"), SinceBaseline("rps", 1.1)),
        (
            mark("no_regression", metric="errors", within="50%", run="x"),
            SinceBaseline("errors", 1.5, run="x"),
        ),
        (mark("budget", rps=300), Budget("rps", 300.0, at_least=True)),
        (mark("budget", rps=">= 300"), Budget("rps", 300.0, at_least=True)),
        (mark("budget", rps="<=300"), Budget("rps", 300.0, at_least=False)),
        (mark("budget", p95="250ms"), Budget("p95", 0.25)),
        (mark("budget", p95=0.25, run="x"), Budget("p95", 0.25, run="x")),
        (mark("budget", errors="5%"), Budget("errors", 0.05)),
        (mark("budget", errors=0), Budget("errors", 0.0)),
        (mark("budget", memory="250 MB"), Budget("memory", 250e6)),
        (mark("budget", cpu_per_request="2ms"), Budget("cpu_per_request", 0.002)),
    ],
)
def test_markers_become_statements(given_mark, statement):
    assert stated(given_mark) == [statement]


def test_the_closest_budget_of_a_metric_wins_and_claims_add_up():
    near = [mark("budget", rps=500), mark("ordering", "a", "b")]
    far = [mark("budget", rps=300, p95="1s", errors="1%", level=1), mark("ordering", "b", "c", level=1)]
    assert marks.statements([*near, *far], NAMES) == (
        Ordering(("a", "b")),
        Ordering(("b", "c")),
        Budget("rps", 500.0, at_least=True),
        Budget("p95", 1.0),
        Budget("errors", 0.01),
    )


def test_budgets_of_different_runs_stand_side_by_side():
    assert stated(mark("budget", rps=500, run="read"), mark("budget", rps=50, run="write")) == [
        Budget("rps", 500.0, at_least=True, run="read"),
        Budget("rps", 50.0, at_least=True, run="write"),
    ]


@given(st.floats(0.001, 1e6), st.sampled_from(["rps", "p50", "mean", "memory", "cpu_per_request"]))
def test_a_bare_number_is_a_limit_in_base_units(limit, name):
    (budget,) = stated(mark("budget", **{name: limit}))
    assert budget.limit == pytest.approx(limit)
    assert budget.at_least is (name == "rps")


@pytest.mark.parametrize(
    ("given_mark", "why"),
    [
        (mark("ordering", "a"), r"ordering\('a',\): name two or more different variants, the best first"),
        (mark("ordering", "a", "a"), "name two or more different variants"),
        (mark("ordering", ["a"], ["b"]), r"ordering: no variant \['a'\]"),
        (mark("ordering", "a", "z"), "ordering: no variant 'z'; the variants are a, b, c"),
        (mark("ordering", "a", "b", metric="speed"), "no metric 'speed'; there are rps, mean, p50"),
        (
            mark("ordering", "a", "b", metric="errors"),
            r"ordering\(metric='errors'\): errors cannot be ordered",
        ),
        (mark("ordering", "a", "b", metric="max"), "max cannot be ordered; there are rps, mean, p50"),
        (mark("ordering", "a", "b", by="-5%"), r"ordering\(by=\.\.\.\): '-5%' is negative"),
        (mark("ordering", "a", "b", by=3), "3 is ambiguous"),
        (
            mark("ordering", "a", "b", within="5%"),
            r"ordering\(\.\.\.\) has no word 'within'; it has metric, by, run",
        ),
        (mark("tie", "a"), r"tie\('a',\): name two different variants"),
        (mark("tie", "a", "b", "c"), "name two different variants"),
        (
            mark("tie", "a", "b", within=0),
            r"tie\(within=0\): nothing measured is exactly equal; write e\.g\. '10%'",
        ),
        (mark("tie", "a", "b", by="5%"), r"tie\(\.\.\.\) has no word 'by'"),
        (mark("no_regression", "a", "a"), "name two different variants"),
        (mark("no_regression", "a", "b", metric="min"), "min cannot be ordered"),
        (mark("no_regression", "a"), "name two different variants"),
        (mark("no_regression", metric="min"), "min is shown, never judged; there are rps"),
        (mark("no_regression", within=0), "nothing measured is exactly equal"),
        (mark("budget"), r"budget\(\.\.\.\) takes metrics: budget\(rps=300"),
        (mark("budget", 300), "takes metrics"),
        (mark("budget", run="x"), "takes metrics"),
        (mark("budget", speed=3), "no metric 'speed'"),
        (
            mark("budget", max="1s"),
            r"budget\(max=\.\.\.\): max is shown, never judged; judge one of rps, mean",
        ),
        (mark("budget", p95="0s"), r"budget\(p95=\.\.\.\): '0s' cannot be a limit; it must be above zero"),
        (mark("budget", p95="soon"), r"budget\(p95=\.\.\.\): 'soon' is no time"),
        (mark("budget", rps=0), "0 is no number of requests per second; write 300"),
        (mark("budget", rps="> 300"), "'> 300' is no number of requests per second"),
        (mark("budget", rps=True), "True is no number of requests per second"),
        (mark("budget", errors=5), "5 is no share"),
        (mark("budget", memory="big"), "'big' is no size; write '250 MB'"),
    ],
)
def test_a_statement_that_cannot_be_meant_is_refused(given_mark, why):
    with pytest.raises(SpecError, match=why):
        marks.statements([given_mark], NAMES)


def test_a_comparison_without_variants_says_how_to_get_them():
    with pytest.raises(
        SpecError, match=r"no variant 'a'; the test has no variants; add @pytest\.mark\.variants"
    ):
        marks.statements([mark("ordering", "a", "b")], ())


def test_the_closest_server_or_variants_replaces():
    assert marks.variants([]) == {}
    assert marks.variants([mark("server", SPEC), mark("variants", x=OTHER, level=1)]) == {"server": SPEC}
    assert marks.variants([mark("variants", x=SPEC, y=OTHER, level=1)]) == {"x": SPEC, "y": OTHER}
    assert marks.variants([mark("budget", rps=1), mark("server", SPEC, level=2)]) == {"server": SPEC}


@pytest.mark.parametrize(
    ("given_marks", "why"),
    [
        ([mark("server", SPEC), mark("variants", x=OTHER)], "server and variants at one level"),
        ([mark("server")], r"server\(spec\) takes one spec"),
        ([mark("server", SPEC, OTHER)], "takes one spec; several named ones are variants"),
        ([mark("server", "app:wsgi")], "server: 'app:wsgi' is no server spec; write e.g. granian"),
        ([mark("variants")], r"variants\(\) names no variant"),
        ([mark("variants", SPEC)], "takes names"),
        ([mark("variants", x="app")], r"variants\(x=\.\.\.\): 'app' is no server spec"),
    ],
)
def test_servers_that_cannot_be_meant_are_refused(given_marks, why):
    with pytest.raises(SpecError, match=why):
        marks.variants(given_marks)


def test_the_closest_database_replaces():
    assert marks.database([mark("server", SPEC)]) is None
    assert marks.database([mark("database")]) == DatabaseMark(None, ())
    near = mark("database", load=["a.sql"], settings={"work_mem": "8MB", "max_connections": 300})
    far = mark("database", load=["b.sql"], level=1)
    settings = (("max_connections", 300), ("work_mem", "8MB"))
    assert marks.database([near, far]) == DatabaseMark(("a.sql",), settings)


@pytest.mark.parametrize(
    ("given_mark", "why"),
    [
        (mark("database", "a.sql"), r"database\(\.\.\.\) takes keywords only: load, settings"),
        (mark("database", load="a.sql"), r"database\(load='a\.sql'\): write a list"),
        (mark("database", load=5), "write a list"),
        (mark("database", settings=["x"]), r"database\(settings=\['x'\]\): write a mapping"),
        (mark("database", size=5), r"database\(\.\.\.\) has no word 'size'; it has load, settings"),
    ],
)
def test_a_database_that_cannot_be_meant_is_refused(given_mark, why):
    with pytest.raises(SpecError, match=why):
        marks.database([given_mark])


@pytest.mark.parametrize(
    ("given_mark", "names", "said"),
    [
        (mark("refused"), NAMES, "say for which reason; there are status,"),
        (mark("refused", "rows"), NAMES, "no reason 'rows'; there are .*, rows_per_request, .*connections"),
        (mark("refused", "status"), ("server",), "takes two variants"),
        (mark("refused", "status", within=1), NAMES, "has no word 'within'"),
    ],
)
def test_a_refusal_names_reasons_that_there_are(given_mark, names, said):
    with pytest.raises(SpecError, match=said):
        marks.statements([given_mark], names)


def test_one_server_can_be_refused_for_its_connections():
    assert marks.statements([mark("refused", "connections")], ("server",))[0] == Refused(("connections",))
