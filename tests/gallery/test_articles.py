"""Two mistakes of published comparisons, which are found without being told: a LIMIT that is missing in a read, and in
a write."""

from __future__ import annotations

from pathlib import Path

APPS = Path(__file__).parents[2] / "example_apps"


def test_a_missing_limit_is_found(gallery):
    result = gallery(
        f"""
from pathlib import Path
APPS = Path({str(APPS)!r})
django = granian("quotes.django_app.wsgi:application", interface="wsgi", threads=8, cwd=APPS, ready="/static")
fastapi = granian("quotes.fastapi_app:app", interface="asgi", cwd=APPS, ready="/static")
quotes = pytest.mark.database(
    load=[str(APPS / "quotes" / name) for name in ("schema.sql", "seed.sql")], settings={{"deadlock_timeout": "100ms"}}
)

@quotes
@pytest.mark.variants(django=django.with_env(DB_POOL="1"), fastapi=fastapi.with_env(QUOTES_LIMIT="0"))
@pytest.mark.ordering("django", "fastapi", by="20%")
def test_read(load):
    load.get("/quote", users=8)

@quotes
@pytest.mark.server(fastapi.with_env(QUOTES_LIMIT="0"))
@pytest.mark.budget(deadlocks=0, errors="100%")
def test_write_without(load):
    load.post("/write", users=8)

@quotes
@pytest.mark.server(fastapi)
@pytest.mark.budget(deadlocks=0)
def test_write_with(load):
    load.post("/write", users=8)
""",
        failed=2,
        passed=1,
    )
    result.stdout.re_match_lines(
        [
            r"INVALID django > fastapi in rps by more than 20 %: .* rows per request: django 1, fastapi 1000\..*",
            r"FAIL deadlocks <= 0: deadlocks \d+ > 0, counted in the whole load call",
            r" +ended by a deadlock: SELECT quotes.id.* FOR UPDATE",
        ]
    )
