"""Asynchronous views: what shall happen side by side is gathered."""

import asyncio

from django.http import HttpRequest, JsonResponse

from fanout import upstream
from fanout.computing import longest_chain
from fanout.models import Country


async def health(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"ok": True})


async def fanout(request: HttpRequest, slowest: int = upstream.SLOWEST) -> JsonResponse:
    """Three calls side by side: as slow as the slowest."""
    async with upstream.async_client() as client:
        answers = await asyncio.gather(*map(client.get, upstream.paths(slowest)))
    return JsonResponse({"waited": [answer.json()["ms"] for answer in answers]})


async def mixed(request: HttpRequest) -> JsonResponse:
    """A query (which Django runs in a thread), and a call about what it found."""
    country = await Country.objects.aget(id=2)
    async with upstream.async_client() as client:
        answer = await client.get(upstream.path(150), params={"about": country.name})
    return JsonResponse({"country": country.name, "waited": [answer.json()["ms"]]})


async def compute(request: HttpRequest) -> JsonResponse:
    """0.1 s of CPU, on the event loop: nobody else is served meanwhile."""
    number, steps = longest_chain()
    return JsonResponse({"number": number, "steps": steps})
