"""Other load generators, each run against one URL for some seconds: what `generator.py` compares the agent with.

Programs: wrk (one thread), ab, hey, oha, as far as they are installed. In Python: httpx with a client per user and with
one shared by all, aiohttp, and Locust's FastHttpUser, as far as they can be imported. Each runs in a process of its
own. Of programs, CPU time is that of the whole process; of the Python ones, start-up is left out.
"""

from __future__ import annotations

import asyncio
import re
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from importlib.util import find_spec

WARM_UP = 0.3
"""Seconds before the counting of Locust begins: its users are spawned one by one."""


@dataclass(frozen=True, slots=True)
class Reading:
    """Requests per second, and CPU seconds of the generator per request."""

    rps: float
    cpu: float


def installed() -> dict[str, Callable[[int, int, float], Reading]]:
    """The rivals that are here, by name; each takes a port, a number of users and seconds."""
    programs = {name: read for name, read in PROGRAMS.items() if shutil.which(name)}
    modules = {
        name: lambda port, users, seconds, name=name: _python(name, port, users, seconds)
        for name, (package, _) in PYTHON.items()
        if find_spec(package)
    }
    return {**programs, **modules}


def timed(command: list[str]) -> tuple[str, float]:
    """Output and CPU seconds of a command."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return output, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _wrk(port: int, users: int, seconds: float) -> Reading:
    """It only knows whole seconds."""
    output, cpu = timed(["wrk", "-t1", f"-c{users}", f"-d{max(1, round(seconds))}s", _url(port)])
    return Reading(_found(r"Requests/sec:\s+([\d.]+)", output), cpu / _found(r"(\d+) requests in", output))


def _ab(port: int, users: int, seconds: float) -> Reading:
    """A time limit implies 50,000 requests; -n after it lifts that."""
    limit = ["-t", str(max(1, round(seconds))), "-n", "10000000"]
    output, cpu = timed(["ab", "-q", "-k", *limit, "-c", str(users), _url(port)])
    return Reading(
        _found(r"Requests per second:\s+([\d.]+)", output),
        cpu / _found(r"Complete requests:\s+(\d+)", output),
    )


def _hey(port: int, users: int, seconds: float) -> Reading:
    output, cpu = timed(["hey", "-z", f"{seconds}s", "-c", str(users), _url(port)])
    return Reading(
        _found(r"Requests/sec:\s+([\d.]+)", output), cpu / _found(r"\[200\]\s+(\d+) responses", output)
    )


def _oha(port: int, users: int, seconds: float) -> Reading:
    output, cpu = timed(["oha", "--no-tui", "-z", f"{seconds}s", "-c", str(users), _url(port)])
    return Reading(
        _found(r"Requests/sec:\s+([\d.]+)", output), cpu / _found(r"\[200\]\s+(\d+) responses", output)
    )


def _found(pattern: str, output: str) -> float:
    match = re.search(pattern, output)
    if match is None:
        raise SystemExit(f"no {pattern!r} in:\n{output}")
    return float(match[1])


def _url(port: int) -> str:
    return f"http://127.0.0.1:{port}/"


PROGRAMS = {"wrk": _wrk, "ab": _ab, "hey": _hey, "oha": _oha}


def _python(name: str, port: int, users: int, seconds: float) -> Reading:
    output, _ = timed([sys.executable, __file__, name, str(port), str(users), str(seconds)])
    requests, cpu, took = map(float, output.split()[-3:])
    return Reading(requests / took, cpu / max(1.0, requests))


async def _together(
    users: int, seconds: float, request: Callable[[int], Awaitable[bool]]
) -> tuple[int, float, float]:
    """Ok answers of so many users, each again and again; the CPU seconds and the seconds that they took."""
    cpu, began = time.process_time(), time.monotonic()

    async def user(number: int) -> int:
        answered = 0
        while time.monotonic() < began + seconds:
            answered += await request(number)
        return answered

    answered = sum(await asyncio.gather(*map(user, range(users))))
    return answered, time.process_time() - cpu, time.monotonic() - began


async def _httpx(url: str, users: int, seconds: float, clients: int) -> tuple[int, float, float]:
    import httpx

    limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
    own = [httpx.AsyncClient(limits=limits, timeout=30) for _ in range(clients)]

    async def request(number: int) -> bool:
        return (await own[number % clients].get(url)).status_code == 200

    found = await _together(users, seconds, request)
    await asyncio.gather(*(client.aclose() for client in own))
    return found


def _httpx_each(url: str, users: int, seconds: float) -> tuple[int, float, float]:
    return asyncio.run(_httpx(url, users, seconds, users))


def _httpx_shared(url: str, users: int, seconds: float) -> tuple[int, float, float]:
    return asyncio.run(_httpx(url, users, seconds, 1))


async def _aiohttp_async(url: str, users: int, seconds: float) -> tuple[int, float, float]:
    import aiohttp

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

        async def request(number: int) -> bool:
            async with session.get(url) as answer:
                await answer.read()
                return answer.status == 200

        return await _together(users, seconds, request)


def _aiohttp(url: str, users: int, seconds: float) -> tuple[int, float, float]:
    import uvloop

    return uvloop.run(_aiohttp_async(url, users, seconds))


def _locust(url: str, users: int, seconds: float) -> tuple[int, float, float]:
    from locust import FastHttpUser, constant, task
    from locust.env import Environment

    class Visitor(FastHttpUser):  # type: ignore[misc]
        host = url.rstrip("/")
        wait_time = constant(0)

        @task  # type: ignore[untyped-decorator]
        def get(self) -> None:
            self.client.get("/")

    import gevent

    environment = Environment(user_classes=[Visitor])
    runner = environment.create_local_runner()
    runner.start(users, spawn_rate=users)
    gevent.sleep(WARM_UP)
    while runner.user_count < users:
        gevent.sleep(WARM_UP)
    environment.stats.reset_all()
    cpu, began = time.process_time(), time.monotonic()
    gevent.sleep(seconds)
    answered = environment.stats.total.num_requests - environment.stats.total.num_failures
    found = answered, time.process_time() - cpu, time.monotonic() - began
    runner.quit()
    return found


PYTHON: dict[str, tuple[str, Callable[[str, int, float], tuple[int, float, float]]]] = {
    "httpx": ("httpx", _httpx_each),
    "httpx shared": ("httpx", _httpx_shared),
    "aiohttp": ("aiohttp", _aiohttp),
    "locust": ("locust", _locust),
}
"""The package that each needs, and what runs it."""


if __name__ == "__main__":
    which, port, users, seconds = sys.argv[1:]
    answered, cpu, took = PYTHON[which][1](_url(int(port)), int(users), float(seconds))
    sys.stdout.write(f"{answered} {cpu} {took}\n")
