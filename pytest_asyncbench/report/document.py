"""What a report says: one frozen value, from which every format is made.

It holds plain values only, so that it can be written as JSON and read back as the same value. Times are seconds,
sizes bytes, rates 1/s. A number that is not finite, or not known, is None. Names, paths and texts may come from a
server under test: whoever shows them escapes them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

SCHEMA = "asyncbench/1"


@dataclass(frozen=True, slots=True)
class Machine:
    """Stable facts about the machine, the fingerprint: two runs with the same facts may be compared.

    `cores` are those that pytest may use, `memory` is in bytes, `kernel` is major.minor, the limits are those of the
    control group (cores, bytes; null: none).
    """

    cpu: str
    cores: int
    memory: int | None
    kernel: str
    system: str
    python: str
    cpu_limit: float | None = None
    memory_limit: int | None = None


@dataclass(frozen=True, slots=True)
class Revision:
    """The state of the sources; `dirty`: something is not committed. `branch` may be any name that somebody gave it."""

    commit: str
    branch: str
    dirty: bool


@dataclass(frozen=True, slots=True)
class Environment:
    """With what was measured: versions (`packages` by name, as pytest's Python has them), machine, sources.

    `kernel` is the whole release of the kernel.
    """

    plugin: str
    python: str
    packages: Mapping[str, str]
    machine: Machine
    kernel: str
    revision: Revision | None = None


@dataclass(frozen=True, slots=True)
class MetricInfo:
    """A metric as this report uses it. `kind` is sampled, counted or shown."""

    name: str
    unit: str
    more_is_better: bool
    kind: str
    source: str


@dataclass(frozen=True, slots=True)
class Figure:
    """One value with its interval (null: none), as text in `shown`; where it is not known, `why` says so."""

    value: float | None
    low: float | None
    high: float | None
    unit: str
    shown: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class Series:
    """Requests of one slot by the time when they were sent, in steps of `step` seconds from the slot's `opened`.

    The last step reaches to the end of the window: it is 0.5 to 1.5 steps long.

    Columns of equal length: how many were sent and became ok, and mean and 95th percentile of the latency of the ok
    ones (null: there were none).
    """

    step: float
    sent: tuple[int, ...]
    ok: tuple[int, ...]
    mean: tuple[float | None, ...]
    p95: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class SlotValues:
    """One slot: one variant under load once.

    `position` counts from 0 in the order in which all slots ran, `opened` is in seconds from the first slot's opening,
    `server_cpu` in CPU seconds of the server's process tree over `seconds`, `agent_cpu` a share of one core.
    `values` has every metric that one slot is enough for, `counters` what server and database did in it.
    """

    round: int
    position: int
    opened: float
    seconds: float
    window: float
    values: Mapping[str, float | None]
    outcomes: Mapping[str, int]
    connections: int
    agent_cpu: float | None
    server_cpu: float | None
    memory: float | None
    series: Series
    counters: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Distribution:
    """The latencies of all measured requests of a variant: exact nearest-rank values of ascending `shares`.

    `failed` of the `count` requests were not ok, and are infinitely slow: null.
    """

    count: int
    failed: int
    shares: tuple[float, ...]
    seconds: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class Spec:
    """A server as it is described: every word that is set, its command line and its environment variables.

    `{port}`, `{python}` and the placeholders of databases stand for themselves; values of variables whose names say
    that they are secret are left out.
    """

    label: str
    program: str
    mode: str
    concurrency: int | None
    words: Mapping[str, Any]
    command: tuple[str, ...]
    env: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Launch:
    """A server as it was launched: every placeholder is filled in, and secrets are left out.

    `env` are the variables that its spec and the plugin have set; all others it inherited from pytest. `interpreter` is
    the path of its Python, `python` that one's version, `packages` the versions of the servers, frameworks and drivers
    that it has; empty where nobody knows them.
    """

    command: tuple[str, ...]
    cwd: str
    env: Mapping[str, str]
    interpreter: str
    python: str
    packages: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class PostgreSQL:
    """The server of the databases: where it comes from (`source`), its profile, and its settings as it tells them:
    those that were set, and others that can change a measurement. `lacks` says what could not be counted there."""

    version: str
    source: str
    profile: str
    settings: Mapping[str, str]
    lacks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Provenance:
    """How the variants of a run were launched, those of servers that were started here; and with which PostgreSQL."""

    launches: Mapping[str, Launch]
    postgresql: PostgreSQL | None = None


@dataclass(frozen=True, slots=True)
class Variant:
    """One variant in one run: `data` are the values that the rule had of each sampled metric, in order.

    `requests` are what it was asked; `steps` the figures of single requests of a mix or flow by their names; `ok` are
    all ok answers since the database was cloned, `alone` the latency of a request that was the only one. `limiter` and
    `counters` (`load`: under load, `counted`: on a burst) are there where they are known. `revision` is that which the
    variant belongs to, if it is another than that of the tests. `round_trips` are the network's between each load agent
    and the server, in seconds; without a network in between there are none.
    """

    name: str
    spec: Spec
    requests: tuple[str, ...]
    startup: float | None
    ok: int
    alone: float | None
    figures: Mapping[str, Figure]
    outcomes: Mapping[str, int]
    failures: str
    data: Mapping[str, tuple[float | None, ...]]
    distribution: Distribution
    slots: tuple[SlotValues, ...]
    steps: Mapping[str, Mapping[str, Figure]]
    limiter: Mapping[str, Any] | None = None
    counters: Mapping[str, Any] | None = None
    revision: Revision | None = None
    round_trips: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """What was sent: `users` (closed loop) or `rate` (open loop), times in seconds; `requests` is a digest of all of
    them, equal where the same was sent."""

    requests: str
    users: int | None
    rate: float | None
    arrivals: str | None
    max_in_flight: int | None
    think_time: str
    slot: float
    duration: float | None
    warmup: float | None
    timeout: float
    expect: str
    keepalive: bool
    rounds: int | None
    max_time: float


@dataclass(frozen=True, slots=True)
class Run:
    """What was measured with one plan: `order` names the variants of each round in the order of their slots.

    `merged` rounds made one value of `data`; `complaints` broke the measurement, `notes` did not; `surroundings` are
    what the figures also depend on, `cleared` the variables of pytest's environment that no server got.
    `voided` are rounds that do not count, with the reason; `confirming` what was measured on fresh launches.
    """

    name: str
    plan: Plan
    variants: tuple[Variant, ...]
    order: tuple[tuple[str, ...], ...]
    seed: int
    rounds: int
    merged: int
    cap: int
    seconds: float
    notes: tuple[str, ...] = ()
    complaints: tuple[str, ...] = ()
    caution: str = ""
    surroundings: tuple[str, ...] = ()
    cleared: tuple[str, ...] = ()
    voided: tuple[str, ...] = ()
    confirming: Run | None = None
    provenance: Provenance | None = None


@dataclass(frozen=True, slots=True)
class Waypoint:
    """The estimate after so many rounds, with its interval (null: too few); `look`: the rule looked."""

    rounds: int
    ratio: float | None
    low: float | None
    high: float | None
    look: bool


@dataclass(frozen=True, slots=True)
class Track:
    """One comparison, round by round: the ratios, where they are claimed to lie (null: anywhere), and what the rule
    saw."""

    subject: str
    ratios: tuple[float | None, ...]
    above: float | None
    below: float | None
    path: tuple[Waypoint, ...]


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement with its verdict. `variant` is empty where it is about several; `built_in`: nobody wrote it.

    `details` are lines that say where a count comes from.
    """

    text: str
    kind: str
    metric: str
    variant: str
    outcome: str
    why: str
    built_in: bool
    ratio: float | None = None
    low: float | None = None
    high: float | None = None
    rounds: int | None = None
    tracks: tuple[Track, ...] = ()
    details: tuple[str, ...] = ()
    limiter: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """Something that a ramp found: a load, with its interval; or `why` there is none."""

    value: float | None
    low: float | None
    high: float | None
    shown: str
    why: str = ""
    kneedle: float | None = None


@dataclass(frozen=True, slots=True)
class Ramp:
    """A ramp: `loads` are parallel to the runs of its load call, `by` is users or rate."""

    by: str
    unit: str
    loads: tuple[float, ...]
    repeats: int
    knee: Found
    slo_limit: Found
    cliff: Found
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Hunted:
    """One of the two requests of a hunt as text that can be pasted, and what it takes when it is sent alone.

    `queries`, `rows` and `connections` are per request, counted exactly (null: not known).
    """

    request: str
    latency: Figure
    queries: float | None = None
    rows: float | None = None
    connections: float | None = None


@dataclass(frozen=True, slots=True)
class Slowest:
    """A hunt for the slowest request: that, `found_as` before it was made simpler, and a typical one beside it.

    `examples` different requests were tried, `requests` sent; `broken` were not answered ok, each with the reason. The
    run of its load call is that of the slowest request.
    """

    slowest: Hunted
    typical: Hunted
    times_slower: Figure
    stands_out: bool
    found_as: str
    examples: int
    requests: int
    seed: int
    broken: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Lane:
    """One variant of a race: `rank` from 1 (null: it has none), `fate` best, tie, dropped, out or unranked, and `why`.

    `ratio` is its value over that of the best, from the `rounds` that both were in, with its interval (null: none).
    """

    variant: str
    rank: int | None
    fate: str
    ratio: float | None
    low: float | None
    high: float | None
    rounds: int
    why: str


@dataclass(frozen=True, slots=True)
class Race:
    """A race of all variants for the best `metric`: who was worse than another one by more than the factor `by` was
    dropped. `best` is null where the race does not say, and then `why`.

    The first run of its load call is the race; the second, if there is one, the best alone on fresh launches.
    `slots` were measured in all, `slots_without` would have been, had all variants been measured to the end.
    """

    metric: str
    by: float
    best: str | None
    ties: tuple[str, ...]
    lanes: tuple[Lane, ...]
    slots: int
    slots_without: int
    why: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LoadCall:
    """One call of a load verb: one run; of a ramp one for each plateau, of a race one or two."""

    name: str
    shape: str
    statements: tuple[Statement, ...]
    runs: tuple[Run, ...]
    ramp: Ramp | None = None
    slowest: Slowest | None = None
    race: Race | None = None


@dataclass(frozen=True, slots=True)
class Test:
    """One test: `outcome` is passed, failed, skipped, error, interrupted or "not run".

    `verdict` is that of its statements, `message` what pytest shows of a failure or a skip. `logs` are the ends of what
    its servers wrote, by variant.
    """

    __test__ = False

    nodeid: str
    outcome: str
    verdict: str | None
    message: str
    seconds: float
    loads: tuple[LoadCall, ...]
    logs: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Report:
    """A whole session. `created` is its end in UTC; `interrupted`: by Ctrl-C. `notices` are about all of it."""

    created: str
    seconds: float
    interrupted: bool
    environment: Environment
    options: Mapping[str, Any]
    metrics: tuple[MetricInfo, ...]
    tests: tuple[Test, ...]
    notices: tuple[str, ...] = ()
    schema: str = field(default=SCHEMA)

    @property
    def load_calls(self) -> Iterable[tuple[Test, LoadCall]]:
        """Every load call with its test."""
        return ((test, call) for test in self.tests for call in test.loads)
