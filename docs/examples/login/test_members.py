import httpx
import pytest

from pytest_asyncbench import uvicorn

pytestmark = pytest.mark.server(uvicorn("members:app"))


async def visit(client):
    client.cookies.clear()
    await client.post("/login", json={"name": "ada", "password": "secret"})
    for number in range(3):
        answer = await client.get(f"/items/{number}", extensions={"name": "item"})
        assert answer.json()["owner"] == "ada"


def test_whole_visits(load):
    run = load.flow(visit, users=8)
    assert run.steps["item"].p95.value < 1


@pytest.fixture
def session(server):
    return httpx.post(f"{server.url}/login", json={"name": "ada", "password": "secret"}).cookies["session"]


@pytest.mark.budget(p95="250ms")
def test_one_page_of_a_member(load, session):
    load.get("/items/7", cookies={"session": session}, users=16)
