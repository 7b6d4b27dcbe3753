"""A statement that a comparison is refused, and whether it is, for that reason and no other. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from pytest_asyncbench.verdict.statements import Refused


def judge_refusal(
    stated: Refused, seen: Mapping[str, str], complaints: Sequence[str]
) -> tuple[Literal["PASS", "FAIL", "INVALID"], str]:
    """What it came to, and why, in words.

    `seen` are the reasons for which the comparison was refused, each with what was seen; `complaints` everything that
    broke the measurement, these reasons included.
    """
    others = [text for text in complaints if not any(told in text for told in seen.values())]
    if others:
        return "INVALID", "; ".join(others)
    told = "; ".join(seen.values())
    if set(seen) == set(stated.reasons):
        return "PASS", f"{told}; nothing was timed"
    if not seen:
        return "FAIL", "it was not refused: the variants do the same work, and there are connections enough"
    return "FAIL", f"it was refused for {', '.join(seen)}: {told}"
