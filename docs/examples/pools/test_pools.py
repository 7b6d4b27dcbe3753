import pytest

from pytest_asyncbench import gunicorn

server = gunicorn("pooled:app", worker_class="gthread", workers=1, threads=16)
variants = {f"pool_{most}": server.with_env(POOL_MAX=str(most)) for most in (2, 8)}
without = server.with_env(POOL_MAX="0")

pytestmark = pytest.mark.database()


@pytest.mark.variants(unpooled=without, **variants)
@pytest.mark.ordering("pool_8", "unpooled", by="20%")
def test_a_pool_is_worth_it_and_how_large(load):
    load.get("/", users=16)


@pytest.mark.server(variants["pool_8"])
@pytest.mark.budget(connections_per_request=0)
def test_no_request_makes_a_connection(load):
    load.get("/", users=16)
