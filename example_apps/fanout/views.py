"""Synchronous views: what shall happen side by side gets a thread; under gevent that is a greenlet."""

import importlib
import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

from django.http import HttpRequest, JsonResponse

from fanout import upstream
from fanout.computing import longest_chain
from fanout.models import Country

driver = importlib.import_module(os.environ.get("DB_DRIVER", "psycopg"))


def health(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"ok": True})


def fanout(request: HttpRequest, slowest: int = upstream.SLOWEST) -> JsonResponse:
    """Three calls side by side: as slow as the slowest."""
    with upstream.client() as client, ThreadPoolExecutor() as threads:
        answers = threads.map(client.get, upstream.paths(slowest))
        return JsonResponse({"waited": [answer.json()["ms"] for answer in answers]})


def mixed(request: HttpRequest) -> JsonResponse:
    """A query, and a call about what it found."""
    country = Country.objects.get(id=2)
    with upstream.client() as client:
        answer = client.get(upstream.path(150), params={"about": country.name})
    return JsonResponse({"country": country.name, "waited": [answer.json()["ms"]]})


def report(request: HttpRequest) -> JsonResponse:
    """A query that takes the database 0.2 s, by the driver alone, on a connection of its own."""
    with closing(driver.connect("")) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT 'done' FROM pg_sleep(0.2)")
        return JsonResponse({"report": cursor.fetchone()[0]})


def compute(request: HttpRequest) -> JsonResponse:
    """0.1 s of CPU."""
    number, steps = longest_chain()
    return JsonResponse({"number": number, "steps": steps})
