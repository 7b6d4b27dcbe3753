"""The servers of the articles about the quotes: each is a value, and a changed copy is another one."""

from pathlib import Path

import pytest

from pytest_asyncbench import granian

# Servers run in the directory above the package, where `quotes` can be imported.
APPS = Path(__file__).resolve().parents[1]

django = granian(
    "quotes.django_app.wsgi:application",
    interface="wsgi",
    workers=1,
    threads=32,
    cwd=APPS,
    ready="/static",
)
unpooled = django.with_env(DB_POOL="0")
pooled = django.with_env(DB_POOL="1")

# Under ASGI there are no threads to choose.
django_async = granian("quotes.django_app.asgi:application", interface="asgi", cwd=APPS, ready="/static")
fastapi = granian("quotes.fastapi_app:app", interface="asgi", workers=1, cwd=APPS, ready="/static")
fastapi_pool = fastapi.with_options(app="quotes.fastapi_pool_app:app")

# 3 workers x 5 threads: what the second article found to be best for what is not asynchronous.
django_3x5 = pooled.with_options(workers=3, threads=5)
flask = granian("quotes.flask_app:app", interface="wsgi", workers=3, threads=5, cwd=APPS, ready="/static")
flask_pool = flask.with_options(app="quotes.flask_pool_app:app")

quotes = pytest.mark.database(load=["schema.sql", "seed.sql"])
"""100 authors and 1000 quotes."""
one_quote = pytest.mark.database(load=["schema.sql", "quotes.seed:load_one"])
"""A single row that every write has to lock."""

patient = pytest.mark.budget(errors="5%")
"""With more users than connections SQLAlchemy's pool lets some wait for long, because newcomers may open a connection
while others queue for one. Who has no answer when a slot ends is counted as `censored`, and that is an error."""

REWRK = {"users": 64, "duration": "1s", "warmup": "1s"}
"""The articles' `rewrk -d 30s -c 64`, a thirtieth of it, and after a warm-up, which rewrk does not have."""
