import pytest
from hypothesis import strategies as st

from pytest_asyncbench import granian

finder = granian("finder:application", interface="wsgi", workers=1, threads=4)


@pytest.mark.server(finder)
def test_no_search_is_slow(load):
    sizes = {"q": st.sampled_from(["lamp", "chair"]), "page_size": st.integers(1, 10_000)}
    load.slowest("/search", params=sizes, limit="10ms")
