"""Which search is the slowest, and what does it cost? Nobody has to guess: Hypothesis looks for it.

Run one of them: ``pytest example_apps/catalogue/test_slowest.py -k page_size``.
"""

import pytest
from hypothesis import strategies as st

from catalogue.servers import catalogue, sync_pooled

WORDS = ["lamp", "chair", "oak", "glass", "rug", "gift", "nothing at all", "linen", "tall", "clock"]
"""What visitors search for, as a log may tell."""


@catalogue
@pytest.mark.server(sync_pooled)
def test_a_page_size_of_thousands_is_the_slowest(load):
    """Nothing but the size of the page matters, and the form allows 10,000."""
    sizes = {"page": st.integers(1, 20), "page_size": st.integers(1, 10_000)}
    found = load.slowest("/search", params=sizes, max_examples=80, max_time="30s")
    assert found.request.params["page_size"] > 5_000
    assert found.rows_per_request > 5_000
    assert found.queries_per_request == 1
    assert found.times_slower.value > 1


@catalogue
@pytest.mark.server(sync_pooled)
def test_a_word_that_stands_for_many_others_costs_a_query_for_each(load):
    found = load.slowest("/search", params={"q": st.sampled_from(WORDS)}, max_time="30s")
    assert found.request.params == {"q": "gift"}
    assert found.queries_per_request == 302
    assert found.stands_out
