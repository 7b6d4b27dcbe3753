"""What the views answer, whichever way the rows were read."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from catalogue.search_form import SearchForm

Row: TypeAlias = Mapping[str, Any]


def item_page(request: HttpRequest, items: Sequence[Row], item: Row) -> HttpResponse:
    """A department as HTML, with the details of one of its items."""
    return render(request, "items.html", {"items": items, "item": item})


def found(items: Sequence[Row]) -> HttpResponse:
    return JsonResponse({"items": [dict(item) for item in items]})


def refused(form: SearchForm) -> HttpResponse:
    return JsonResponse(form.errors.get_json_data(), status=400)
