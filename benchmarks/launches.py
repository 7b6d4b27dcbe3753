"""How far launches of one server differ: standard deviation of log throughput and of log CPU per request.

    python benchmarks/launches.py --out LAUNCHES.jsonl [--launches 20] [--only django]

One launch of the server stays up as the reference. Every other launch is measured against it in interleaved rounds, so
that a machine whose speed wanders does not look like launches that differ; what rounds of one launch scatter is taken
out by an analysis of variance, and how well that can be known is in the interval beside it. Each launch is a line in
LAUNCHES.jsonl, so the script can be stopped and started again (a new reference is a new session: its launches are
compared among themselves). It prints the table at its end.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import fmean

from scipy.stats import f

from pytest_asyncbench.agent.client import Agent
from pytest_asyncbench.measure.goal import Goal
from pytest_asyncbench.measure.launch_spread import Spread, spread
from pytest_asyncbench.measure.progress import Progress
from pytest_asyncbench.measure.sampling import sample
from pytest_asyncbench.measure.subject import Subject
from pytest_asyncbench.metrics import metric
from pytest_asyncbench.postgres import provide, validate_load
from pytest_asyncbench.servers.factories import granian
from pytest_asyncbench.servers.instance import Instance, Launch, start
from pytest_asyncbench.servers.spec import ServerSpec
from pytest_asyncbench.traffic.load_plan import LoadPlan
from pytest_asyncbench.traffic.plan import Target
from pytest_asyncbench.traffic.requests import encode, request

APPS = Path(__file__).resolve().parents[1] / "example_apps"
QUOTES = APPS / "quotes"
SERVERS = {
    "django": granian(
        "quotes.django_app.wsgi:application",
        interface="wsgi",
        workers=1,
        threads=32,
        cwd=APPS,
        ready="/static",
        env={"DB_POOL": "1"},
    ),
    "fastapi": granian("quotes.fastapi_app:app", interface="asgi", workers=1, cwd=APPS, ready="/static"),
}
METRICS = ("rps", "cpu_per_request")
ROUNDS = 12
USERS = 2
"""More users than a server has hands make its rounds scatter by 10 to 20 %, in which launches cannot be seen."""


@contextmanager
def launched(spec: ServerSpec, name: str, database: object) -> Iterator[Instance]:
    """One launch, stopped at the end."""
    parts = ("url", "host", "port", "user", "password", "name")
    placeholders = {f"database.{part}": str(getattr(database, part)) for part in parts}
    instance = start(Launch(spec, name, APPS, (), database.environment(), placeholders))  # type: ignore[attr-defined]
    try:
        yield instance
    finally:
        instance.stop()


def subject(name: str, instance: Instance, plan: LoadPlan) -> Subject:
    """A launch under load."""
    host = f"{instance.host}:{instance.port}"
    wire = tuple(encode(item, host=host, expect=plan.expect, keepalive=True) for item in plan.requests)
    target = Target(instance.host, instance.port)
    return Subject(
        name, instance.spec.settled(), target, wire, lambda: instance.pids, instance.died, 0.0, host
    )


def rounds(agent: Agent, reference: Instance, fresh: Instance, seed: int) -> dict[str, list[float]]:
    """log(fresh/reference) of every round, by metric."""
    plan = LoadPlan((request("GET", "/quote"),), users=USERS, warmup=2.0, max_time=300.0)
    subjects = [subject("reference", reference, plan), subject("fresh", fresh, plan)]
    goal = Goal(ROUNDS, lambda evidence: len(evidence.rounds) >= ROUNDS)
    evidence = sample(agent, subjects, plan, goal, seed, Progress())
    if evidence.complaints:
        sys.stderr.write(f"{'; '.join(evidence.complaints)}\n")
    found = {}
    for name in METRICS:
        read = metric(name).read
        pairs = zip(evidence.data("fresh"), evidence.data("reference"), strict=True)
        found[name] = [math.log(read(a) / read(b)) for a, b in pairs]
    return found


def lines(path: Path) -> list[dict[str, object]]:
    """What has been measured so far."""
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def measure(name: str, out: Path, wanted: int) -> None:
    """Launch until there are as many launches as wanted."""
    if sum(line["server"] == name for line in lines(out)) >= wanted:
        return
    session = int(time.time())
    with ExitStack() as stack:
        cluster = stack.enter_context(provide())
        agent = Agent.start()
        stack.callback(agent.close)
        template = cluster.template(validate_load(["schema.sql", "seed.sql"], QUOTES))
        databases = [cluster.database(template, which) for which in ("reference", "fresh")]
        reference = stack.enter_context(launched(SERVERS[name], "reference", databases[0]))
        while (number := sum(line["server"] == name for line in lines(out))) < wanted:
            with launched(SERVERS[name], "fresh", databases[1]) as fresh:
                found = rounds(agent, reference, fresh, session + number)
            if len(found["rps"]) < 2:
                continue
            with out.open("a") as file:
                file.write(json.dumps({"server": name, "session": session, **found}) + "\n")


def interval(found: Spread, rounds: float) -> tuple[float, float]:
    """What the standard deviation between launches can be, at 95 %: the F test of an analysis of variance, inverted.

    Where rounds scatter far more than launches, this says so: then it reaches from 0 to what would have been seen.
    """
    if not found.within:
        return found.between, found.between
    share = 1 + rounds * (found.between / found.within) ** 2
    free = found.launches - 1, found.launches * (rounds - 1)
    ends = (share / f.ppf(at, *free) for at in (0.975, 0.025))
    low, high = (found.within * math.sqrt(max(0.0, end - 1) / rounds) for end in ends)
    return low, high


def table(out: Path) -> str:
    """A line per server and metric."""
    rows = [
        "| server | metric | launches | sd between launches | 95 % interval | sd within, per round |",
        "|---|---|---:|---:|---:|---:|",
    ]
    for server in SERVERS:
        for name in METRICS:
            mine = [line for line in lines(out) if line["server"] == server]
            sessions = {line["session"] for line in mine}
            logs = []
            for session in sessions:
                these = [line[name] for line in mine if line["session"] == session]
                every = [d for launch in these for d in launch]
                centre = sum(every) / len(every)
                logs += [[d - centre for d in launch] for launch in these]
            if len(logs) > 1:
                found = spread(logs)
                low, high = interval(found, fmean(len(launch) for launch in logs))
                between = f"{found.between:.1%}", f"{low:.1%} to {high:.1%}"
                cells = server, name, str(len(logs)), *between, f"{found.within:.1%}"
                rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--launches", type=int, default=20)
    parser.add_argument("--only", choices=SERVERS)
    given = parser.parse_args()
    for name in SERVERS:
        if given.only in (None, name):
            measure(name, given.out, given.launches)
    sys.stdout.write(table(given.out) + "\n")


if __name__ == "__main__":
    main()
