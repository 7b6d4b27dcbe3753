"""Load agents on the workers of a Dask cluster: one on each, started by Dask, spoken to over a connection of their own.

Dask starts them and notices when a worker is lost; plans, start signals and samples never pass its scheduler.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import sys
import urllib.parse
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module, metadata
from time import monotonic
from typing import Any, Self

from pytest_asyncbench.agent.client import Agent
from pytest_asyncbench.agent.on_worker import serve
from pytest_asyncbench.agent.seat import last_words
from pytest_asyncbench.agent.wire import Reception, address_towards
from pytest_asyncbench.errors import ClusterError

CONNECT_LIMIT = 10.0
"""Seconds until a scheduler that does not answer is given up."""
WORKERS_LIMIT = 5.0
"""Seconds in which a worker must be there: they may have been started just now."""
REPLACE_LIMIT = 60.0
"""Seconds in which there must be another worker for one that was lost; Dask's nannies start it."""
LOOK_LIMIT = 30.0
"""Seconds in which each worker must have said what it is."""
START_LIMIT = 60.0
"""Seconds in which all agents must have connected: a busy machine takes ten times as long as a quiet one."""
LAST_WORDS = 2.0
"""Seconds that the log of a lost agent is waited for."""
STOP_LIMIT = 10.0
"""Seconds in which an agent must have gone after its connection was closed."""
POLL = 0.1

LOOK = """{
    "plugin": next((found.version for found in __import__("importlib.metadata", fromlist=["distributions"])
        .distributions(name="pytest-asyncbench")), ""),
    "python": ".".join(map(str, __import__("sys").version_info[:2])),
    "host": __import__("socket").gethostname(),
}"""
"""What is asked of each worker first. Text: a function of this package could not be read where there is none."""


@dataclass(frozen=True, slots=True)
class Worker:
    """A worker of the cluster, and the versions that it has."""

    address: str
    host: str
    plugin: str
    python: str


class DaskLauncher:
    """Starts one agent on each worker that a cluster has when it is connected to."""

    def __init__(self, client: Any, address: str, own_host: str, workers: Sequence[Worker]) -> None:
        self._client = client
        self._address = address
        self._own_host = own_host
        self.workers = tuple(workers)

    @classmethod
    def connect(cls, address: str) -> Self:
        """Connect to the scheduler at "dask://HOST:PORT", and look at its workers.

        Raises ClusterError, in bounded time, if it cannot be used: not installed, not there, without workers, or with
        other versions than ours.
        """
        host, port = host_and_port(address)
        try:
            own_host = address_towards(host, port, CONNECT_LIMIT)
        except OSError as error:
            raise ClusterError(
                f"there is no Dask scheduler at {host}:{port} ({error}); start one with: dask scheduler --port {port}"
            ) from None
        client = _client(host, port)
        try:
            workers = _workers(client, f"{host}:{port}")
            require_versions(workers)
        except BaseException:
            client.close(timeout=STOP_LIMIT)
            raise
        return cls(client, f"{host}:{port}", own_host, workers)

    @property
    def count(self) -> int:
        """How many agents there will be."""
        return len(self.workers)

    def launch(self) -> list[Agent]:
        """One agent on each of as many workers as there were in the beginning: a run on fewer would be another one.

        Raises ClusterError, in bounded time; none is left running then.
        """
        self._require_scheduler()
        addresses = self._addresses()
        agents: dict[bytes, Agent] = {}
        with Reception(self._own_host) as reception:
            tasks = {reception.token(): address for address in addresses}
            futures = {token: self._submit(reception, token, address) for token, address in tasks.items()}
            try:
                self._receive(reception, tasks, futures, agents)
            except BaseException:
                for agent in agents.values():
                    agent.let_go()
                for future in futures.values():
                    future.cancel()
                raise
        return [agents[token] for token in tasks]

    def close(self) -> None:
        """Leave the cluster. Calling it again does nothing."""
        with contextlib.suppress(Exception):  # a scheduler that has gone
            self._client.close(timeout=STOP_LIMIT)

    def _require_scheduler(self) -> None:
        if self._client.status != "running":
            raise ClusterError(f"the Dask scheduler at {self._address} has gone; start it and pytest again")

    def _addresses(self) -> list[str]:
        """The workers to use: those of the beginning, and for each that was lost one that has come since."""
        limit = monotonic() + REPLACE_LIMIT
        before = [worker.address for worker in self.workers]
        while True:
            there = list(_ask(self._client.nthreads))
            kept = [address for address in before if address in there]
            found = kept + [address for address in there if address not in kept]
            if len(found) >= self.count:
                return found[: self.count]
            if monotonic() > limit:
                raise ClusterError(
                    f"{len(found)} workers are left of {self.count} at the Dask scheduler {self._address}; a run on "
                    "fewer would be another one: start the cluster again"
                )
            with contextlib.suppress(Exception):
                self._client.wait_for_workers(self.count, timeout=max(POLL, limit - monotonic()))

    def _submit(self, reception: Reception, token: bytes, address: str) -> Any:
        return _pinned(self._client, address, serve, reception.host, reception.port, token)

    def _receive(
        self,
        reception: Reception,
        tasks: Mapping[bytes, str],
        futures: Mapping[bytes, Any],
        agents: dict[bytes, Agent],
    ) -> None:
        limit = monotonic() + START_LIMIT
        while len(agents) < len(tasks):
            self._require_scheduler()
            for token, future in futures.items():
                if token not in agents and future.done():
                    raise ClusterError(
                        f"no load agent on worker {tasks[token]}: {_ending(future, LAST_WORDS)}"
                    )
            if monotonic() > limit:
                missing = [address for token, address in tasks.items() if token not in agents]
                raise ClusterError(
                    f"no load agent after {START_LIMIT:.0f} s on worker {', '.join(missing)}; "
                    "is it busy with something else?"
                )
            if admitted := reception.admit(POLL):
                token, channel = admitted
                _, _, pid, network = channel.recv()
                seat = WorkerSeat(self._client, futures[token], tasks[token], self._address, pid, network)
                agents[token] = Agent(seat, channel)


class WorkerSeat:
    """An agent's process on a worker, whose end is that of a task."""

    shares_clock = False

    def __init__(self, client: Any, future: Any, worker: str, scheduler: str, pid: int, network: str) -> None:
        self._client = client
        self._future = future
        self._scheduler = scheduler
        self._stopped = False
        self.pid = pid
        self.network = network
        self.place = f"pid {pid} on worker {worker}"

    def ended(self) -> str:
        if self._client.status != "running":
            return f"the Dask scheduler at {self._scheduler} has gone"
        return "it ended" if self._future.done() else ""

    def obituary(self) -> str:
        return self._end(LAST_WORDS)

    def stop(self, grace: float | None = None) -> None:
        if not self._stopped:
            self._end(STOP_LIMIT if self._client.status == "running" else 0.0)

    def _end(self, patience: float) -> str:
        """What the task says in the end; a worker that was killed says nothing."""
        self._stopped = True
        words = _ending(self._future, patience)
        with contextlib.suppress(Exception):
            self._future.cancel()
        return words


def host_and_port(address: str) -> tuple[str, int]:
    """The parts of "dask://HOST:PORT". Raises ValueError."""
    at = urllib.parse.urlsplit(address)
    if at.scheme != "dask" or not at.hostname or not at.port or at.path.strip("/") or at.query or at.username:
        raise ValueError(f"{address!r} is no address of a Dask scheduler; write dask://HOST:PORT")
    return at.hostname, at.port


def require_versions(workers: Sequence[Worker]) -> None:
    """Raise ClusterError if a worker has another version of the plugin or of Python, or no plugin at all."""
    plugin = metadata.version("pytest-asyncbench")
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    wrong = [
        f"{worker.address} ({worker.host}) has {_shown(worker.plugin, worker.python)}"
        for worker in workers
        if (worker.plugin, worker.python) != (plugin, python)
    ]
    if wrong:
        raise ClusterError(
            f"load agents must be what pytest is, {_shown(plugin, python)}; worker {'; '.join(wrong)}. "
            f"Install it there: pip install 'pytest-asyncbench[dask]=={plugin}' under Python {python}"
        )


def _shown(plugin: str, python: str) -> str:
    return f"{f'pytest-asyncbench {plugin}' if plugin else 'no pytest-asyncbench'} on Python {python}"


def _client(host: str, port: int) -> Any:
    where = f"tcp://[{host}]:{port}" if ":" in host else f"tcp://{host}:{port}"
    with warnings.catch_warnings():  # it has its own about versions; ours are checked below
        warnings.simplefilter("ignore")
        try:
            distributed: Any = import_module("distributed")
        except ImportError as error:
            raise ClusterError(
                f"agents on a Dask cluster need the package distributed ({error}); install it here and on every "
                "worker: pip install 'pytest-asyncbench[dask]'"
            ) from None
        try:
            asyncio.run(_greet(where))
            return distributed.Client(
                where, timeout=CONNECT_LIMIT, set_as_default=False, name="pytest-asyncbench"
            )
        except (OSError, ValueError) as error:
            raise ClusterError(
                f"what listens at {host}:{port} does not answer like a Dask scheduler within {CONNECT_LIMIT:.0f} s "
                f"({type(error).__name__}); write the address that `dask scheduler` prints"
            ) from None


async def _greet(where: str) -> None:
    """Raise OSError (TimeoutError) if nobody there speaks Dask's protocol: its client would wait for ever."""
    comms: Any = import_module("distributed.comm")
    comm = await asyncio.wait_for(comms.connect(where, timeout=CONNECT_LIMIT), CONNECT_LIMIT)
    comm.abort()


def _workers(client: Any, scheduler: str) -> list[Worker]:
    with contextlib.suppress(Exception):  # TimeoutError, of whatever kind this version has
        client.wait_for_workers(1, timeout=WORKERS_LIMIT)
    addresses = sorted(_ask(client.nthreads))
    if not addresses:
        raise ClusterError(
            f"the Dask scheduler at {scheduler} has no workers; start one on each machine that is to send load, with: "
            f"dask worker {scheduler} --nworkers 1 --nthreads 1"
        )
    asked = {address: _pinned(client, address, eval, LOOK) for address in addresses}
    limit = monotonic() + LOOK_LIMIT
    return [_worker(address, future, limit - monotonic()) for address, future in asked.items()]


def _worker(address: str, future: Any, timeout: float) -> Worker:
    try:
        return Worker(address, **future.result(timeout=max(POLL, timeout)))
    except Exception as error:  # noqa: BLE001 - whatever it is, the worker cannot be used
        raise ClusterError(
            f"worker {address} did not say within {LOOK_LIMIT:.0f} s what it is ({type(error).__name__}: {error}); "
            "is it busy with something else?"
        ) from None


def _ask(question: Any) -> Any:
    """What the scheduler answers. Raises ClusterError if it does not."""
    try:
        return question()
    except Exception as error:  # noqa: BLE001 - Dask has several for a scheduler that has gone
        raise ClusterError(f"the Dask scheduler does not answer ({type(error).__name__}: {error})") from None


def _pinned(client: Any, address: str, function: Any, *arguments: Any) -> Any:
    """A task of that worker alone: never another's, never done twice."""
    return client.submit(
        function,
        *arguments,
        key=f"asyncbench-{secrets.token_hex(8)}",
        workers=[address],
        allow_other_workers=False,
        retries=0,
        pure=False,
    )


def _ending(future: Any, timeout: float) -> str:
    """How the task of an agent has ended, in words; waits for it `timeout` seconds at most."""
    try:
        return last_words(*future.result(timeout=timeout))
    except Exception as error:  # noqa: BLE001 - the task's own, or that there is nobody any more to ask
        return f"and its worker says no more of it ({type(error).__name__}: {error})"
