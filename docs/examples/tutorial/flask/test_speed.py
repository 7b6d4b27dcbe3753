import pytest

from pytest_asyncbench import gunicorn

site = gunicorn("app:app", worker_class="gthread", workers=1, threads=16)
alone = site.with_options(threads=1)


@pytest.mark.server(site)
@pytest.mark.budget(p95="250ms", rps=100)
def test_the_page_keeps_its_budget(load):
    load.get("/", users=16)


@pytest.mark.variants(threads=site, alone=alone)
@pytest.mark.ordering("threads", "alone", by="50%")
def test_threads_beat_one_thread(load):
    load.get("/", users=16)
