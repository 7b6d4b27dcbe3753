"""The fixed burst: how many requests, of which, and when a pool has warmed up."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from pytest_asyncbench.measure.counting import ALONE, Counting, count_burst, send_burst
from pytest_asyncbench.measure.subject import Subject
from pytest_asyncbench.measure.supply import Supply
from pytest_asyncbench.measure.watching import WatchedDatabase, Watcher
from pytest_asyncbench.postgres.counters import DatabaseReading
from pytest_asyncbench.postgres.statements import StatementCount
from pytest_asyncbench.servers.factories import granian
from pytest_asyncbench.traffic.load_plan import LoadPlan
from pytest_asyncbench.traffic.plan import Target
from pytest_asyncbench.traffic.requests import encode, request

SPEC = granian("app:wsgi", interface="wsgi", threads=1)
REQUESTS = (request("GET", "/a"), request("GET", "/b"))


class Postgres:
    """Counts what an agent sends: `new(n)` connections for the n-th burst, two queries and three rows per request."""

    def __init__(self, agent, new):
        self.agent = agent
        self.new = new
        self.forgotten = [0]
        self.lacks = ""
        self.most_connections = 100

    def read(self, name):
        bursts = list(self.agent.plans)
        sent = sum(plan.count for plan in bursts)
        sessions = sum(self.new(number, plan) for number, plan in enumerate(bursts))
        statements = {
            1: StatementCount("SELECT 1", 2 * sent, 3 * sent, 0.0),
            2: StatementCount("BEGIN", sent, 0, 0.0),
        }
        return DatabaseReading(statements, sessions, 4, 10 * sent, 0, forgotten=self.forgotten[0])

    def activity(self, name):
        return {("idle", "Client", "ClientRead"): 4}

    def quiet(self, name):
        return True

    settled = quiet

    def deadlocks(self, name):
        return 0, ()


@pytest.fixture
def counted(fake_agent):
    """Counts one burst; gives the counts and the bursts that were sent."""

    def made(
        new=lambda number, plan: 0, *, alone=0.001, rows_read=False, forgotten=0, requests=REQUESTS, **words
    ):
        agent = fake_agent(a=100.0)
        postgres = Postgres(agent, new)
        wire = tuple(encode(item, host="h", expect=frozenset({200}), keepalive=True) for item in requests)
        database = WatchedDatabase(postgres, "db", lambda: None)
        subject = Subject(
            "a", SPEC, Target("h", 1), wire, list, lambda: None, watcher=Watcher(list, database)
        )
        plan = LoadPlan(requests, **words)
        run, before = agent.run, len(agent.plans)

        def forgetting(asked):
            postgres.forgotten[0] += forgotten
            return run(asked)

        agent.run = forgetting
        found = count_burst(
            agent, subject, plan, Supply(plan, 1, 1e9), database, alone=alone, rows_read=rows_read
        )
        return SimpleNamespace(counts=found.counts, ok=found.ok, bursts=agent.plans[before:])

    return made


def test_fifty_requests_from_four_users_after_a_wave_of_all(counted):
    found = counted(users=64)
    assert [(burst.count, burst.users) for burst in found.bursts] == [(128, 64), (50, 4)]
    assert found.ok == 178
    assert found.counts.queries_per_request() == 2
    assert found.counts.rows_per_request() == 3
    assert found.counts.connections_per_request() == 0
    assert found.counts.most_connections() == 4
    with pytest.raises(Exception, match="PostgreSQL tells it ten seconds late"):
        found.counts.rows_read_per_request()
    assert counted(rows_read=True).counts.rows_read_per_request() == 10


def test_a_pool_that_grows_is_warmed_up_until_it_does_not(counted):
    found = counted(lambda number, plan: 3 if number in (0, 1, 3) else 0, users=8)
    assert [burst.count for burst in found.bursts] == [16, 16, 16, 50, 50]
    assert found.counts.connections_per_request() == 0


def test_a_pool_that_never_ends_growing_is_told(counted):
    found = counted(lambda number, plan: 1, users=8)
    assert [burst.count for burst in found.bursts] == [16] * 8 + [50] * 8
    assert found.counts.connections_per_request() == 0.02


def test_connections_that_are_not_kept_are_no_pool(counted):
    found = counted(lambda number, plan: plan.count, users=8)
    assert len(found.bursts) == 2
    assert found.counts.connections_per_request() == 1


def test_a_slow_server_gets_all_users_and_fewer_requests(counted):
    assert [(burst.count, burst.users) for burst in counted(alone=1.0, users=8).bursts[1:]] == [(24, 8)]
    assert [burst.count for burst in counted(alone=30.0, users=8).bursts] == [8, 2]
    assert counted(alone=0.02, users=1).bursts[-1].users == 1


def test_a_mix_is_sent_in_whole_decks(counted):
    burst = counted(weights=(18, 2)).bursts[-1]
    assert [item.name for item in burst.requests] == ["GET /a"] * 9 + ["GET /b"]
    assert burst.count == 50
    assert counted(weights=(6, 1)).bursts[-1].count == 56
    three = (*REQUESTS, request("GET", "/c"))
    assert counted(requests=three).bursts[-1].count == 51


def test_statements_that_were_forgotten_make_it_unknown(counted):
    with pytest.raises(Exception, match=r"raise pg_stat_statements\.max"):
        counted(forgotten=1).counts.queries_per_request()


def test_without_a_database_a_few_requests_are_sent_one_by_one(fake_agent):
    agent = fake_agent(a=100.0)
    subject = Subject("a", SPEC, Target("h", 1), (), list, lambda: None)
    counting = Counting(agent, [subject], LoadPlan(REQUESTS, users=9), 1)
    assert [(plan.count, plan.users) for plan in agent.plans] == [(1, 1), (ALONE - 1, 1)]
    assert (counting.ok, counting.bursts) == ({"a": ALONE}, {})
    assert not counting.suffices({"queries_per_request"})


def test_the_requests_of_an_iterator_are_left_to_the_load(fake_agent):
    agent = fake_agent(a=100.0)
    subject = Subject("a", SPEC, Target("h", 1), (), list, lambda: None)
    Counting(agent, [subject], LoadPlan(REQUESTS, stream=iter(())), 1)
    assert agent.plans == []
    assert (
        send_burst(agent, subject, LoadPlan(REQUESTS), Supply(LoadPlan(REQUESTS), 1, 1e9), (), 5, 9).ok_total
        == 5
    )
    assert agent.plans[0].users == 5


def test_only_exact_statements_need_no_timing(fake_agent):
    agent = fake_agent(a=100.0)
    subject = Subject("a", SPEC, Target("h", 1), (), list, lambda: None)
    counting = Counting(agent, [subject], LoadPlan(REQUESTS), 1)
    counting.bursts = {"a": None}
    assert counting.suffices({"queries_per_request"})
    assert counting.suffices({"deadlocks", "errors"})
    assert not counting.suffices({"queries_per_request", "rps"})
    assert not counting.suffices({"errors"})
    assert not counting.suffices(set())
    counting.plan = LoadPlan(REQUESTS, duration=1.0)
    assert not counting.suffices({"queries_per_request"})
