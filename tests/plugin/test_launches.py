"""Servers are started anew where launches could decide a verdict."""

from __future__ import annotations


def test_a_claim_without_a_margin_takes_fresh_launches(project):
    result = project.write("""
import os
pids = []

def pids_of(load):
    return {name: instance.pid for name, instance in load._current().stage.instances().items()}

@both
@pytest.mark.ordering("many", "one", by="0%")
def test_bare(load):
    before = pids_of(load)
    run = load.get("/slow", users=4, slot="50ms", warmup="50ms")
    after = pids_of(load)
    assert set(before.values()).isdisjoint(after.values())
    assert not any(os.path.exists(f"/proc/{pid}") for pid in before.values())
    assert run.evidence.merged == 3 and len(run.evidence.rounds) == 24
    pids.extend(after.values())

def test_nothing_is_left():
    assert len(pids) == 2 and not any(os.path.exists(f"/proc/{pid}") for pid in pids)
""").run()
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["*PASS many > one in rps by more than 0 %*after 8 rounds*"])


def test_fresh_launches_have_the_same_databases(project):
    result = project.write("""
def table(**address):
    import psycopg
    with psycopg.connect(**address) as connection:
        connection.execute("CREATE TABLE seen (n int)")

@pytest.mark.database(load=[table])
@pytest.mark.variants(many=many, one=one)
def test_it(load, database):
    stage = load._current().stage
    launches = [stage._launch(name, spec).database for name, spec in stage.specs.items()]
    before = stage.instances()["many"].pid
    again = stage.relaunch()
    assert again["many"].pid != before and list(again) == ["many", "one"]
    kept = again["many"].pid
    alone = stage.relaunch(["one"])
    assert list(alone) == ["many", "one"]
    assert alone["many"].pid == kept and alone["one"].pid != again["one"].pid
    assert [stage._launch(name, spec).database for name, spec in stage.specs.items()] == launches
    assert launches[0]["PGDATABASE"] != launches[1]["PGDATABASE"]
    with database["many"].connect() as connection:
        assert connection.execute("SELECT count(*) FROM seen").fetchone() == (0,)
""").run()
    result.assert_outcomes(passed=1)
