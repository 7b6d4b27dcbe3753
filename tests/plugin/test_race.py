"""A race of real servers."""

from __future__ import annotations

from pytest_asyncbench import racing

HEADER = """
many = many.with_options(threads=2)
three = pytest.mark.variants(
    fast=many.with_env(WAITS="1"), slow=many.with_env(WAITS="20"), broken=many.with_env(WAITS="1", BREAKS="1")
)
"""


def test_the_fast_one_wins_the_slow_one_is_dropped_and_the_broken_one_is_out(project, monkeypatch):
    """1 ms against 20 ms, and one that answers every request with 500."""
    monkeypatch.setattr(racing, "LAUNCHES", 1)
    monkeypatch.setattr(racing, "ROUNDS", 2)
    result = project.write(
        HEADER
        + """
@three
def test_it(load):
    race = load.race("/waits", users=2)
    assert (race.best, race.ties, race.ranking) == ("fast", (), ("fast", "slow"))
    assert list(race.out) == ["broken"]
    assert race.slots < race.slots_without
    assert race["fast"].rps.value > race["slow"].rps.value
    assert race["fast"].memory.value > 1e6
    assert race.again.evidence.variants == ("fast",)
"""
    ).run("--asyncbench-json=it.json", "--asyncbench-markdown=it.md", "--junitxml=it.xml")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(
        [
            "GET /waits with 2 users: race of 3 variants for the best rps; *",
            "  1.  fast *",
            "  2.  slow *dropped after *: fast is *",
            "  -   broken *out: broken: * answers were not ok (status * x 500)*",
            "  measured again, on fresh launches*",
        ]
    )
    assert "dropped after" in (project.path / "it.md").read_text()
    assert 'name="GET /waits/best" value="fast"' in (project.path / "it.xml").read_text()


def test_what_a_race_refuses(project):
    """Nothing of it starts any load."""
    project.write(
        HEADER
        + """
from hypothesis import given, settings
from hypothesis import strategies as st

@pytest.mark.server(one)
def test_one_server(load):
    with pytest.raises(ValueError, match="load.race is about several servers"):
        load.race("/waits")

@both
def test_words(load):
    with pytest.raises(ValueError, match="has no keyword 'metrics'"):
        load.race("/waits", metrics="rps")

@both
@settings(deadline=None, max_examples=1)
@given(number=st.integers())
def test_examples(load, number):
    with pytest.raises(ValueError, match="inside @given each load call is one short slot"):
        load.race("/waits")

@both
async def test_awaited(aload):
    with pytest.raises(ValueError, match="a race has no duration"):
        await aload.race("/waits", duration=1)
"""
    )
    project.ini("asyncio_mode = auto")
    project.run().assert_outcomes(passed=4)


def test_in_a_smoke_run_a_race_sends_one_request_each(project):
    project.write(
        """
@both
def test_it(load):
    assert load.race("/ok", users=64).best == "many"
"""
    ).run("--asyncbench-smoke").assert_outcomes(passed=1)
