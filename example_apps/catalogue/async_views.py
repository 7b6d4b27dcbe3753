"""Asynchronous views.

``CATALOGUE_DRIVER``    ``psycopg`` (the default: its pool) or ``asyncpg`` (a connection per query)
``CATALOGUE_TOGETHER``  ``1``: the two queries of a page at the same time instead of one after the other
"""

import asyncio
import os
from importlib import import_module

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from catalogue import sql
from catalogue.answers import found, item_page, refused
from catalogue.search_form import SearchForm

fetch = import_module(f"catalogue.drivers.async_{os.environ.get('CATALOGUE_DRIVER', 'psycopg')}").fetch
TOGETHER = os.environ.get("CATALOGUE_TOGETHER") == "1"


@require_GET
async def items(request: HttpRequest) -> HttpResponse:
    """The list and the details of one of its items."""
    if TOGETHER:
        items, [item] = await asyncio.gather(fetch(sql.DEPARTMENT, 1), fetch(sql.ITEM, 600))
    else:
        items = await fetch(sql.DEPARTMENT, 1)
        [item] = await fetch(sql.ITEM, 600)
    return item_page(request, items, item)


@require_GET
async def search(request: HttpRequest) -> HttpResponse:
    """What a word finds, and each word that it stands for: a query for each of them."""
    form = SearchForm(request.GET)
    if not form.is_valid():
        return refused(form)
    word, size, skipped = form.wanted()
    if not word:
        return found(await fetch(sql.EVERYTHING, size, skipped))
    words = [word, *[row["synonym"] for row in await fetch(sql.SYNONYMS, word)]]
    return found([item for each in words for item in await fetch(sql.FOUND, each, size, skipped)][:size])
