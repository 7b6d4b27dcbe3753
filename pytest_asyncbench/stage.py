"""The servers and databases of one test: started on first use, gone when the test has ended."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_asyncbench.errors import SpecError
from pytest_asyncbench.servers.instance import Instance, Launch, start_all, stop_all
from pytest_asyncbench.servers.placeholders import mentioned
from pytest_asyncbench.servers.spec import ServerSpec

if TYPE_CHECKING:
    from pytest_asyncbench.measure.provenance import PostgreSQL
    from pytest_asyncbench.measure.subject import LoadAgent
    from pytest_asyncbench.measure.watching import Watcher
    from pytest_asyncbench.postgres import Cluster, Database


@dataclass(frozen=True, slots=True)
class TestDatabases:
    """The `database` fixture: one fresh clone, or one for each variant of the test.

    `.url`, `.name`, `.connect()` and everything else of a database are here if there is one; with variants it is
    `database["pooled"]`. Raises SpecError for anything else. `origin` says which PostgreSQL they live in,
    `cluster` is that.
    """

    __test__ = False

    each: Mapping[str, Database]
    origin: str
    missing: tuple[str, ...] = ()
    cluster: Cluster | None = None

    def __getitem__(self, variant: str) -> Database:
        if variant not in self.each:
            raise SpecError(f"no database {variant!r}; there are {', '.join(map(repr, self.each))}")
        return self.each[variant]

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if len(self.each) > 1:
            first = next(iter(self.each))
            raise SpecError(
                f"database.{name}: every variant has a database of its own; write database[{first!r}].{name}"
            )
        return getattr(next(iter(self.each.values())), name)


@dataclass(slots=True)
class TestStage:
    """Where a test's load comes from and goes to.

    `find_databases` gives the test's clones (None: it has none) and is asked once, before the servers start;
    `find_upstream` the URL of the upstream, asked if a spec mentions it.
    `at_end` registers what must happen when the test has ended.
    """

    __test__ = False

    specs: Mapping[str, ServerSpec]
    root: Path
    python_path: tuple[str, ...]
    load_agent: Callable[[], LoadAgent]
    find_databases: Callable[[], TestDatabases | None]
    find_upstream: Callable[[], str]
    at_end: Callable[[Callable[[], None]], None]
    databases: TestDatabases | None = None
    launched: list[Instance] = field(default_factory=list)
    _instances: dict[str, Instance] | None = field(default=None)

    def agent(self) -> LoadAgent:
        """The session's load agent, or several that work as one."""
        return self.load_agent()

    def instances(self) -> Mapping[str, Instance]:
        """The running servers by variant, started side by side on the first call.

        Raises ProcessError, SpecError or PostgresError; nothing is left running then.
        """
        if self._instances is None:
            if any(
                spec.url is None for spec in self.specs.values()
            ):  # a server that runs already has its own
                self.databases = self.find_databases()
            started = start_all([self._launch(name, spec) for name, spec in self.specs.items()])
            self.launched += started
            self._instances = dict(zip(self.specs, started, strict=True))
            self.at_end(self._stop)
        return self._instances

    def relaunch(self, only: Collection[str] | None = None) -> Mapping[str, Instance]:
        """The same servers, or some `only`, started anew on the same databases. Raises ProcessError, SpecError."""
        if self._instances is None:
            return self.instances()
        again = {name: spec for name, spec in self.specs.items() if only is None or name in only}
        stop_all([self._instances[name] for name in again if name in self._instances])
        self._instances = {name: kept for name, kept in self._instances.items() if name not in again}
        started = start_all([self._launch(name, spec) for name, spec in again.items()])
        self.launched += started
        running = {**self._instances, **dict(zip(again, started, strict=True))}
        self._instances = {name: running[name] for name in self.specs if name in running}
        return self._instances

    def surroundings(self) -> tuple[str, ...]:
        """What the figures also depend on, in words: which PostgreSQL, and what it lacks."""
        return (self.databases.origin, *self.databases.missing) if self.databases else ()

    def postgresql(self) -> PostgreSQL | None:
        """The PostgreSQL of the test's databases, as results tell it; None without one."""
        from pytest_asyncbench.measure.provenance import PostgreSQL

        cluster = self.databases.cluster if self.databases else None
        if cluster is None:
            return None
        return PostgreSQL(cluster.version, cluster.source, cluster.profile, cluster.settings, cluster.missing)

    def watchers(self) -> Mapping[str, Watcher]:
        """What looks at each variant while it is under load, and counts in its database."""
        from pytest_asyncbench.measure.watching import WatchedDatabase, Watcher

        instances = self.instances()
        found: dict[str, WatchedDatabase] = {}
        if self.databases and self.databases.cluster:
            cluster = self.databases.cluster
            observer = cluster.observer()
            each = self.databases.each
            found = {name: WatchedDatabase(observer, each[name].name, cluster.pids) for name in instances}
        return {
            name: Watcher(lambda instance=instance: instance.pids, found.get(name))  # type: ignore[misc]
            for name, instance in instances.items()
        }

    def logs(self) -> Mapping[str, str]:
        """What each server wrote, by variant, also when it has been stopped: for the attachments of reports."""
        return {instance.variant: instance.log for instance in self.launched}

    def _stop(self) -> None:
        instances, self._instances = self._instances or {}, None
        stop_all(list(instances.values()))

    def _launch(self, name: str, spec: ServerSpec) -> Launch:
        placeholders = {"upstream.url": self.find_upstream()} if "upstream.url" in mentioned(spec) else {}
        if self.databases is None:
            return Launch(spec, name, self.root, self.python_path, placeholders=placeholders)
        database = self.databases[name]
        parts = ("url", "host", "port", "user", "password", "name")
        placeholders |= {f"database.{part}": str(getattr(database, part)) for part in parts}
        return Launch(spec, name, self.root, self.python_path, database.environment(), placeholders)
