"""The catalogue answers alike by every driver, and what it costs is exact."""

from __future__ import annotations

from pathlib import Path

import pytest

APPS = Path(__file__).resolve().parents[2] / "example_apps"

INI = """
[pytest]
asyncio_default_fixture_loop_scope = function
"""


@pytest.fixture
def catalogue(pytester: pytest.Pytester):
    (pytester.path / "pytest.ini").write_text(INI)

    def run(body: str) -> pytest.RunResult:
        pytester.makepyfile(f"""
import pytest
from pytest_asyncbench import granian, uvicorn

sync = granian("catalogue.wsgi:application", interface="wsgi", threads=4, cwd={str(APPS)!r}, ready="/items")
asynchronous = uvicorn("catalogue.asgi:application", cwd={str(APPS)!r}, ready="/items")
loaded = pytest.mark.database(load=[{str(APPS)!r} + "/catalogue/" + name for name in ("schema.sql", "seed.sql")])
{body}""")
        return pytester.runpytest_inprocess("-p", "no:cacheprovider", "-rA")

    return run


def test_all_drivers_give_the_same_page(catalogue):
    """Variants whose answers, queries or rows differ would be refused."""
    catalogue("""
@loaded
@pytest.mark.variants(
    psycopg2=sync.with_env(CATALOGUE_DRIVER="psycopg2"),
    asyncpg=asynchronous.with_env(CATALOGUE_DRIVER="asyncpg"),
    together=asynchronous.with_env(CATALOGUE_TOGETHER="1"),
)
@pytest.mark.budget(queries_per_request=2, rows_per_request=801)
def test_it(load):
    def page(response):
        return response.status_code == 200 and 68_000 < len(response.content) < 71_000

    run = load.get("/items", users=2, expect=page)
    assert run["psycopg2"].connections_per_request == run["asyncpg"].connections_per_request == 2
    assert run["together"].connections_per_request == 0
""").assert_outcomes(passed=1)


def test_searches_cost_what_the_readme_says(catalogue):
    catalogue("""
@loaded
@pytest.mark.variants(sync=sync, asynchronous=asynchronous)
@pytest.mark.budget(queries_per_request=2)
def test_usual(load):
    load.get("/search?q=Lamp", users=1)

@loaded
@pytest.mark.server(sync)
@pytest.mark.budget(queries_per_request=302, run="gift")
@pytest.mark.budget(queries_per_request=1, run="all")
def test_slow(load):
    assert load.get("/search?q=gift&page_size=1", users=1, name="gift").queries_per_request == 302
    assert load.get("/search?page_size=10000", users=1, name="all").rows_per_request == 10_000
    load.get("/search?page_size=10001", users=1, duration="0.2s", warmup=0, expect=400, name="too large")
""").assert_outcomes(passed=2)
