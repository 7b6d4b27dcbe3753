import pytest

from pytest_asyncbench import gunicorn


@pytest.mark.server(gunicorn("stock:app", worker_class="gthread", threads=4))
@pytest.mark.no_regression(metric="rps", within="10%")
@pytest.mark.no_regression(metric="p95", within="20%")
def test_items(load):
    load.get("/items", users=16)
