import pytest

from pytest_asyncbench import request, uvicorn

site = uvicorn("main:app", workers=1)


@pytest.mark.server(site)
@pytest.mark.budget(p95="250ms", rps=100)
def test_the_page_keeps_its_budget(load):
    load.get("/", users=16)


@pytest.mark.server(site)
@pytest.mark.ordering("awaiting", "blocking", by="50%")
def test_awaiting_beats_blocking(load):
    load.compare(awaiting=request("GET", "/"), blocking=request("GET", "/blocking"), users=16)
