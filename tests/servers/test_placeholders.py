"""Placeholders are filled in, and every other brace is left alone."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pytest_asyncbench.errors import SpecError
from pytest_asyncbench.servers.placeholders import NAMES, fill

VALUES = {name: f"<{name}>" for name in NAMES}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.text())
def test_a_text_without_placeholders_stays(text):
    assume(not re.search(r"\{(database|upstream)\.\w|\{port\}|\{python\}|\{directory\}", text))
    assert fill(text, {}) == text


@given(JSON)
def test_json_stays(value):
    text = json.dumps({"app": value})
    assume(not re.search(r"\{(port|python|directory)\}", text))
    assert fill(text, VALUES) == text


@given(st.lists(st.sampled_from(NAMES), max_size=4), st.text("ab{} :/", max_size=5))
def test_every_placeholder_is_filled_in_wherever_it_stands(names, between):
    assume("{" not in between)
    text = between.join(f"{{{name}}}" for name in names)
    assert fill(text, VALUES) == between.join(VALUES[name] for name in names)


def test_a_value_is_not_read_again():
    assert fill("{database.name}:{port}", {"database.name": "{port}", "port": "80"}) == "{port}:80"


@pytest.mark.parametrize(
    ("text", "values", "why"),
    [
        (
            "{database.dsn}",
            VALUES,
            r"'\{database\.dsn\}': no placeholder \{database\.dsn\}; there are \{data",
        ),
        ("{upstream.port}", VALUES, r"no placeholder \{upstream\.port\}"),
        (
            "--db={database.url}",
            {"port": "80"},
            r"'--db=\{database\.url\}' needs the test's database, and it has none; add @pytest\.mark\.database",
        ),
        ("{upstream.url}", {}, "needs the test's upstream, and it has none; add the upstream fixture"),
    ],
)
def test_what_is_not_there_is_named(text, values, why):
    with pytest.raises(SpecError, match=why):
        fill(text, values)
