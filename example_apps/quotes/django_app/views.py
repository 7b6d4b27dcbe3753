"""Synchronous views."""

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET, require_POST

from quotes.django_app.answers import greeting, quotation, view_count
from quotes.django_app.models import Quote


@require_GET
def static(request: HttpRequest) -> HttpResponse:
    return greeting()


@require_GET
def quote(request: HttpRequest) -> HttpResponse:
    return quotation(Quote.objects.select_related("author").shuffled().first())


@require_POST
@transaction.atomic
def write(request: HttpRequest) -> HttpResponse:
    quote = Quote.objects.select_for_update().shuffled().first()
    quote.views += 1
    quote.save(update_fields=["views"])
    return view_count(quote)
