"""What the views answer, whichever way they were run."""

from typing import Any

from django.http import JsonResponse

from quotes.django_app.models import Quote


class CompactJsonResponse(JsonResponse):
    """JSON without blanks and in UTF-8: the bytes that FastAPI would send."""

    def __init__(self, data: dict[str, Any]) -> None:
        super().__init__(data, json_dumps_params={"separators": (",", ":"), "ensure_ascii": False})
        # Usually CommonMiddleware does this; without a length Granian sends WSGI answers in chunks.
        self.headers["Content-Length"] = str(len(self.content))


def greeting() -> CompactJsonResponse:
    return CompactJsonResponse({"message": "Hello, world!"})


def quotation(quote: Quote) -> CompactJsonResponse:
    return CompactJsonResponse({"quote": quote.text, "author": quote.author.name})


def view_count(quote: Quote) -> CompactJsonResponse:
    return CompactJsonResponse({"id": quote.id, "views": quote.views})
