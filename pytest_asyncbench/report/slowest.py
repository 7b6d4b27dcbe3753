"""A hunt as text: the slowest request, the typical one, what each takes and costs."""

from __future__ import annotations

from collections.abc import Sequence

from pytest_asyncbench.hunt.slowest import Slowest
from pytest_asyncbench.report.hunted import heading, hunt_texts, slowest_value


def slowest_lines(found: Slowest, judged: Sequence[str] = ()) -> list[str]:
    """What was found, the statements (`judged`), and how it was measured."""
    evidence = found.run.evidence
    told = hunt_texts(slowest_value(found))
    lines = [f"{found.name}: {heading(found)}", *(f"  {text}" for text in told[:-1]), *judged]
    took = f"{len(found.sights)} rounds of both side by side, {evidence.seconds:.0f} s with the hunt, seed {found.seed}"
    return [*lines, "  " + "; ".join((took, *evidence.surroundings))]
