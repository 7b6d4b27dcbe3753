"""The example of the how-to on the slowest request does what it says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[1] / "docs" / "how-to" / "slowest-request.md"


def test_the_example_fails_as_the_page_says(pytester: pytest.Pytester):
    (pytester.path / "pytest.ini").write_text("[pytest]\nasyncio_default_fixture_loop_scope = function\n")
    for name, body in re.findall(
        r"^```python file=(\S+)$\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL
    ):
        fewer = body.replace('limit="10ms"', 'limit="1ms", max_examples=40')  # in less time, on any machine
        assert (fewer != body) is (name == "test_shop.py")
        (pytester.path / name).write_text(fewer)
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider")
    result.assert_outcomes(failed=1)
    result.stdout.re_match_lines(
        [r"FAIL p50 <= 1\.00 ms: .*request\(\"GET\", '/search', params=\{.*'page_size': \d+"]
    )
