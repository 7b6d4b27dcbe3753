"""What runs a server: the version of its Python, and those of the frameworks, drivers and programs beside it."""

from __future__ import annotations

import json
import platform
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version

from pytest_asyncbench.errors import ProcessError
from pytest_asyncbench.servers.asking import last_line
from pytest_asyncbench.servers.launched import Launched

SERVERS = (
    *(
        "granian",
        "uvicorn",
        "uvicorn-worker",
        "gunicorn",
        "uwsgi",
        "pyuwsgi",
        "hypercorn",
        "daphne",
        "waitress",
    ),
    *("gevent", "greenlet", "eventlet", "uvloop", "httptools", "h11", "h2", "wsproto", "websockets"),
)
FRAMEWORKS = (
    *("django", "djangorestframework", "django-ninja", "asgiref", "flask", "werkzeug", "quart", "fastapi"),
    *(
        "starlette",
        "pydantic",
        "litestar",
        "sanic",
        "aiohttp",
        "tornado",
        "falcon",
        "bottle",
        "pyramid",
        "jinja2",
    ),
    *("orjson", "ujson", "msgspec", "httpx", "requests"),
)
DRIVERS = (
    *("psycopg", "psycopg-binary", "psycopg-c", "psycopg-pool", "psycopg2", "psycopg2-binary", "psycogreen"),
    *("asyncpg", "aiopg", "pg8000", "sqlalchemy", "tortoise-orm", "peewee", "pony", "sqlmodel", "alembic"),
    *("pymysql", "mysqlclient", "aiomysql", "aiosqlite", "redis", "pymongo", "motor"),
)
PACKAGES = (*SERVERS, *FRAMEWORKS, *DRIVERS)
"""Packages whose versions change what a server does."""
ASK = """
import json, platform, sys
try:
    from importlib.metadata import version
except ImportError:
    def version(name):
        import pkg_resources
        return pkg_resources.get_distribution(name).version
found = {}
for name in sys.argv[1:]:
    try:
        found[name] = version(name)
    except Exception:
        pass
print(json.dumps([platform.python_implementation() + " " + platform.python_version(), found]))
"""
"""Runs in any Python 3: its version, and those of the packages that it has."""


@dataclass(frozen=True, slots=True)
class Software:
    """`python` as "CPython 3.12.4", `packages` by their names on the index; empty where they are not known."""

    python: str = ""
    packages: Mapping[str, str] = field(default_factory=dict)


def software_of(launch: Launched) -> Software:
    """What a server was launched with. Our own interpreter is asked without starting one, others once.

    One that cannot be asked is not known: a measurement is not lost for that.
    """
    if not launch.python:
        return Software()
    if launch.python == sys.executable and "PYTHONPATH" not in launch.env:
        return own_software()
    try:
        told = last_line(launch.python, ASK, launch.asked_with, launch.cwd, PACKAGES)
        python, packages = json.loads(told)
    except (ProcessError, ValueError, IndexError):
        return Software()
    return Software(str(python), {str(name): str(number) for name, number in packages.items()})


@lru_cache(maxsize=1)
def own_software() -> Software:
    """The same of the Python that pytest runs on."""
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return Software(python, versions(PACKAGES))


def versions(names: tuple[str, ...]) -> dict[str, str]:
    """The versions of those packages that are installed here."""
    found = {}
    for name in names:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
