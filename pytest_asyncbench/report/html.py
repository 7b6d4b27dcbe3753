"""x"""

from __future__ import annotations

from pytest_asyncbench.report.document import Report


def as_html(report: Report) -> str:
    """x"""
    return ""
