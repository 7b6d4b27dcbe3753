"""The example of the how-to on the slowest request does what it says."""

from __future__ import annotations

from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[1] / "docs" / "examples" / "slowest"


def test_the_example_fails_as_the_page_says(pytester: pytest.Pytester):
    (pytester.path / "pytest.ini").write_text("[pytest]\nasyncio_default_fixture_loop_scope = function\n")
    (pytester.path / "finder.py").write_text((EXAMPLE / "finder.py").read_text())
    test = (EXAMPLE / "test_finder.py").read_text()
    fewer = test.replace('limit="10ms"', 'limit="1ms", max_examples=40')  # in less time, on any machine
    assert fewer != test
    (pytester.path / "test_finder.py").write_text(fewer)
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider")
    result.assert_outcomes(failed=1)
    result.stdout.re_match_lines(
        [r"FAIL p50 <= 1\.00 ms: .*request\(\"GET\", '/search', params=\{.*'page_size': \d+"]
    )
