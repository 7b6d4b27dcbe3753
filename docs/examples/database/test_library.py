import pytest
from servers import LIBRARY

pytestmark = [pytest.mark.database(load=["schema.sql", "rows:fill"]), pytest.mark.server(LIBRARY)]


@pytest.mark.budget(queries_per_request=1, rows_per_request=1, connections_per_request=0)
def test_a_book_costs_one_query(load):
    load.get("/books/7", users=4)


def test_no_loan_is_lost(load, database):
    run = load.post("/books/7/loans", users=4, duration="1s")
    with database.connect() as connection:
        assert connection.execute("SELECT sum(loans) FROM books").fetchone()[0] == run.ok
