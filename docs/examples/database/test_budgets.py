import pytest
from servers import LIBRARY

from pytest_asyncbench import request

pytestmark = [pytest.mark.database(load=["schema.sql", "rows:fill"]), pytest.mark.server(LIBRARY)]


@pytest.mark.no_regression("book", "health", metric="cpu_per_request", within="400%")
def test_a_book_costs_at_most_five_health_checks(load):
    load.compare(
        book=request("GET", "/books/7"),
        health=request("GET", "/health"),
        users=4,
        differs={"shape", "length", "queries_per_request", "rows_per_request"},
    )


@pytest.mark.budget(p95="300ms", errors="0.1%")
def test_a_book_is_there_at_once(load):
    load.get("/books/7", users=4)
