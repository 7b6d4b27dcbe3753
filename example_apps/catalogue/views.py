"""Synchronous views.

``CATALOGUE_DRIVER``  ``psycopg`` (the default: its pool) or ``psycopg2`` (a connection per query)
"""

import os
from importlib import import_module

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from catalogue import sql
from catalogue.answers import found, item_page, refused
from catalogue.search_form import SearchForm

fetch = import_module(f"catalogue.drivers.sync_{os.environ.get('CATALOGUE_DRIVER', 'psycopg')}").fetch


@require_GET
def items(request: HttpRequest) -> HttpResponse:
    """The list, then the details of one of its items."""
    items = fetch(sql.DEPARTMENT, 1)
    [item] = fetch(sql.ITEM, 600)
    return item_page(request, items, item)


@require_GET
def search(request: HttpRequest) -> HttpResponse:
    """What a word finds, and each word that it stands for: a query for each of them."""
    form = SearchForm(request.GET)
    if not form.is_valid():
        return refused(form)
    word, size, skipped = form.wanted()
    if not word:
        return found(fetch(sql.EVERYTHING, size, skipped))
    words = [word, *(row["synonym"] for row in fetch(sql.SYNONYMS, word))]
    return found([item for each in words for item in fetch(sql.FOUND, each, size, skipped)][:size])
