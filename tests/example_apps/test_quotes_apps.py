"""The quotes apps answer alike: only then does comparing their speed mean anything."""

import asyncio
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import httpx
import pytest

APPS = Path(__file__).resolve().parents[2] / "example_apps"
DATABASE_FREE = ("DATABASE_URL", "DB_POOL", "DJANGO_SETTINGS_MODULE")

Ask = Callable[[str, str], httpx.Response]


@pytest.fixture(autouse=True, scope="module")
def importable_without_database() -> Iterator[None]:
    pytest.importorskip("django")
    pytest.importorskip("fastapi")
    pytest.importorskip("sqlalchemy")
    pytest.importorskip("flask")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(APPS)
        for name in DATABASE_FREE:
            patch.delenv(name, raising=False)
        patch.setenv("DJANGO_SETTINGS_MODULE", "quotes.django_app.settings")
        yield


def ask_asgi(app: object, method: str, path: str) -> httpx.Response:
    async def ask() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
            return await client.request(method, path)

    return asyncio.run(ask())


def ask_wsgi(app: Any, method: str, path: str) -> httpx.Response:
    with httpx.Client(transport=httpx.WSGITransport(app), base_url="http://test") as client:
        return client.request(method, path)


def ask_sync_django(method: str, path: str) -> httpx.Response:
    from quotes.django_app.wsgi import application

    return ask_wsgi(application, method, path)


def ask_async_django(method: str, path: str) -> httpx.Response:
    from django.test import override_settings
    from quotes.django_app import async_settings
    from quotes.django_app.asgi import application

    # One process has one set of settings; this is what the asynchronous set has different.
    with override_settings(ROOT_URLCONF=async_settings.ROOT_URLCONF):
        return ask_asgi(application, method, path)


def ask_fastapi(method: str, path: str) -> httpx.Response:
    from quotes.fastapi_app import app

    return ask_asgi(app, method, path)


def ask_fastapi_pool(method: str, path: str) -> httpx.Response:
    from quotes.fastapi_pool_app import app

    return ask_asgi(app, method, path)


def ask_flask(method: str, path: str) -> httpx.Response:
    from quotes.flask_app import app

    return ask_wsgi(app, method, path)


def ask_flask_pool(method: str, path: str) -> httpx.Response:
    from quotes.flask_pool_app import app

    return ask_wsgi(app, method, path)


APPS_ASKED = [ask_sync_django, ask_async_django, ask_fastapi, ask_fastapi_pool, ask_flask, ask_flask_pool]


@pytest.fixture(params=APPS_ASKED)
def ask(request: pytest.FixtureRequest) -> Ask:
    return request.param


def test_static_is_the_same_bytes(ask: Ask) -> None:
    answer = ask("GET", "/static")
    assert answer.status_code == 200
    assert answer.content == b'{"message":"Hello, world!"}'
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["content-length"] == "27"


@pytest.mark.parametrize("path", ["/static", "/quote"])
def test_reads_are_get_only(ask: Ask, path: str) -> None:
    assert ask("POST", path).status_code == 405


def test_write_is_post_only(ask: Ask) -> None:
    assert ask("GET", "/write").status_code == 405


@pytest.mark.parametrize("path", ["/static/", "/quote/", "/write/", "/"])
def test_no_path_is_redirected(ask: Ask, path: str) -> None:
    """A redirect is no 2xx, so that a wrong path is noticed instead of measured."""
    assert ask("GET", path).status_code == 404


@pytest.mark.parametrize("module", ["fastapi_app", "fastapi_pool_app"])
def test_fastapi_starts_without_a_database(module: str) -> None:
    app = import_module(f"quotes.{module}").app

    async def start_and_stop() -> dict[str, object]:
        async with app.router.lifespan_context(app) as state:
            return dict(state)

    assert asyncio.run(start_and_stop()) == {}


def test_django_reads_a_database_url() -> None:
    from quotes.django_app.settings import database

    settings = database("postgresql://ada%40home:p%2Fw@127.0.0.1:5433/quotes", pooled=True)
    assert settings["USER"] == "ada@home"
    assert settings["PASSWORD"] == "p/w"
    assert (settings["HOST"], settings["PORT"], settings["NAME"]) == ("127.0.0.1", 5433, "quotes")
    assert settings["OPTIONS"] == {"pool": {"min_size": 5, "max_size": 15}}


@pytest.mark.parametrize(("pooled", "pool"), [(True, "AsyncAdaptedQueuePool"), (False, "NullPool")])
def test_fastapi_pools_on_request(pooled: bool, pool: str) -> None:
    from quotes.fastapi_app import create_engine

    engine = create_engine("postgresql://ada:pw@127.0.0.1/quotes", pooled=pooled)
    assert (engine.dialect.driver, engine.dialect.is_async) == ("psycopg", True)
    assert type(engine.pool).__name__ == pool


@pytest.mark.parametrize(("pooled", "pool"), [(True, "QueuePool"), (False, "NullPool")])
def test_flask_pools_on_request(pooled: bool, pool: str) -> None:
    from quotes.flask_app import engine_for

    engine = engine_for("postgresql://ada:pw@127.0.0.1/quotes", pooled=pooled)
    assert (engine.dialect.driver, engine.dialect.is_async) == ("psycopg", False)
    assert type(engine.pool).__name__ == pool
