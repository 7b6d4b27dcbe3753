"""Numbers in, verdict out: the rule, and its use for every kind of statement. Standard library only."""

from __future__ import annotations

from pytest_asyncbench.verdict.rule import judge
from pytest_asyncbench.verdict.verdict import Verdict

__all__ = ["Verdict", "judge"]
