import pytest

from pytest_asyncbench import gunicorn

shop = gunicorn(
    "shop.wsgi:application",
    worker_class="gthread",
    workers=1,
    threads=8,
    env={"DJANGO_SETTINGS_MODULE": "shop.settings", "SHOP_POOL": "1"},
    host_header="shop.example.com",
    ready="/items",
)
LOAD = [["manage.py", "migrate"], ["manage.py", "loaddata", "items"]]


@pytest.mark.database(load=LOAD)
@pytest.mark.server(shop)
@pytest.mark.budget(queries_per_request=1)
def test_the_list_needs_one_query(load):
    load.get("/items", users=8)


@pytest.mark.database(load=LOAD)
@pytest.mark.variants(pooled=shop, unpooled=shop.with_env(SHOP_POOL="0"))
@pytest.mark.ordering("pooled", "unpooled", by="20%")
def test_the_pool_is_worth_it(load):
    load.get("/items", users=8)
