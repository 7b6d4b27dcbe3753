"""Asynchronous views."""

from asgiref.sync import sync_to_async
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET, require_POST

from quotes.django_app.answers import greeting, quotation, view_count
from quotes.django_app.models import Quote


@require_GET
async def static(request: HttpRequest) -> HttpResponse:
    return greeting()


@require_GET
async def quote(request: HttpRequest) -> HttpResponse:
    return quotation(await Quote.objects.select_related("author").shuffled().afirst())


@require_POST
async def write(request: HttpRequest) -> HttpResponse:
    return view_count(await sync_to_async(count_view)())


@transaction.atomic
def count_view() -> Quote:
    """A transaction stays in one thread: Django has no asynchronous `atomic`."""
    quote = Quote.objects.select_for_update().shuffled().first()
    quote.views += 1
    quote.save(update_fields=["views"])
    return quote
