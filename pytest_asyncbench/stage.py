"""The servers and databases of one test: started on first use, gone when the test has ended."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_asyncbench.errors import SpecError
from pytest_asyncbench.servers.instance import Instance, Launch, start_all, stop_all
from pytest_asyncbench.servers.spec import ServerSpec

if TYPE_CHECKING:
    from pytest_asyncbench.measure.sampling import LoadAgent
    from pytest_asyncbench.postgres import Database


@dataclass(frozen=True, slots=True)
class TestDatabases:
    """The `database` fixture: one fresh clone, or one for each variant of the test.

    `.url`, `.name`, `.connect()` and everything else of a database are here if there is one; with variants it is
    `database["pooled"]`. Raises SpecError for anything else. `origin` says which PostgreSQL they live in.
    """

    __test__ = False

    each: Mapping[str, Database]
    origin: str
    missing: tuple[str, ...] = ()

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

    `find_databases` gives the test's clones (None: it has none) and is asked once, before the servers start.
    `at_end` registers what must happen when the test has ended.
    """

    __test__ = False

    specs: Mapping[str, ServerSpec]
    root: Path
    python_path: tuple[str, ...]
    load_agent: Callable[[], LoadAgent]
    find_databases: Callable[[], TestDatabases | None]
    at_end: Callable[[Callable[[], None]], None]
    databases: TestDatabases | None = None
    _instances: dict[str, Instance] | None = field(default=None)

    def agent(self) -> LoadAgent:
        """The session's load agent, or several that work as one."""
        return self.load_agent()

    def instances(self) -> Mapping[str, Instance]:
        """The running servers by variant, started side by side on the first call.

        Raises ProcessError, SpecError or PostgresError; nothing is left running then.
        """
        if self._instances is None:
            self.databases = self.find_databases()
            started = start_all([self._launch(name, spec) for name, spec in self.specs.items()])
            self._instances = dict(zip(self.specs, started, strict=True))
            self.at_end(self._stop)
        return self._instances

    def relaunch(self) -> Mapping[str, Instance]:
        """The same servers, started anew on the same databases. Raises ProcessError, SpecError."""
        if self._instances is None:
            return self.instances()
        stop_all(list(self._instances.values()))
        self._instances = {}
        started = start_all([self._launch(name, spec) for name, spec in self.specs.items()])
        self._instances = dict(zip(self.specs, started, strict=True))
        return self._instances

    def surroundings(self) -> tuple[str, ...]:
        """What the figures also depend on, in words: which PostgreSQL, and what it lacks."""
        return (self.databases.origin, *self.databases.missing) if self.databases else ()

    def _stop(self) -> None:
        instances, self._instances = self._instances or {}, None
        stop_all(list(instances.values()))

    def _launch(self, name: str, spec: ServerSpec) -> Launch:
        if self.databases is None:
            return Launch(spec, name, self.root, self.python_path)
        database = self.databases[name]
        parts = ("url", "host", "port", "user", "password", "name")
        placeholders = {f"database.{part}": str(getattr(database, part)) for part in parts}
        return Launch(spec, name, self.root, self.python_path, database.environment(), placeholders)
