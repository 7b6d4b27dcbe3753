"""The command `asyncbench`, also `python -m pytest_asyncbench`: from a stored run every report can be made again."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from pytest_asyncbench.baseline.saved import names, path_of
from pytest_asyncbench.errors import AsyncBenchError
from pytest_asyncbench.report.document import Report
from pytest_asyncbench.report.file import load, write

RUN = "a JSON report, or the name of a run kept in .asyncbench/ of this directory"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; the exit code: 0, or 2 if it cannot be done."""
    given = _parser().parse_args(arguments)
    try:
        text = given.run_it(given)
    except (AsyncBenchError, OSError) as error:
        sys.stderr.write(f"asyncbench: {error}\n")
        return 2
    sys.stdout.write(text)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("asyncbench", description="Show, compare and render stored runs.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    compare = commands.add_parser("compare", help="what changed from run A to run B")
    compare.add_argument("a", metavar="A", help=RUN)
    compare.add_argument("b", metavar="B", help=RUN)
    compare.set_defaults(run_it=_compare)
    report = commands.add_parser("report", help="make the reports of a run again")
    report.add_argument("run", metavar="RUN", help=RUN)
    report.add_argument("--html", metavar="PATH", type=Path, help="one page that opens offline")
    report.add_argument("--markdown", metavar="PATH", type=Path, help="for pull requests")
    report.set_defaults(run_it=_report)
    show = commands.add_parser("show", help="a run as text")
    show.add_argument("run", metavar="RUN", help=RUN)
    show.set_defaults(run_it=_show)
    return parser


def _compare(given: argparse.Namespace) -> str:
    from pytest_asyncbench.report.comparison import compared
    from pytest_asyncbench.report.show import comparison_as_text

    return comparison_as_text(compared(_find(given.a), _find(given.b)))


def _report(given: argparse.Namespace) -> str:
    run = _find(given.run)
    if given.html is None and given.markdown is None:
        raise AsyncBenchError("report: say what to make: --html PATH, --markdown PATH, or both")
    if given.html is not None:
        from pytest_asyncbench.report.extra import require_matplotlib
        from pytest_asyncbench.report.html import as_html

        require_matplotlib("--html")
        write(given.html, as_html(run))
    if given.markdown is not None:
        from pytest_asyncbench.report.markdown import as_markdown

        write(given.markdown, as_markdown(run))
    return "".join(f"{path}\n" for path in (given.html, given.markdown) if path is not None)


def _show(given: argparse.Namespace) -> str:
    from pytest_asyncbench.report.show import as_text

    return as_text(_find(given.run))


def _find(given: str) -> Report:
    """The run in a file, or kept under that name. Raises AsyncBenchError."""
    path, here = Path(given), Path.cwd()
    if path.exists():
        return load(path)
    if path.name == given and (kept := path_of(here, given)).exists():
        return load(kept)
    known = ", ".join(names(here)) or "none"
    raise AsyncBenchError(
        f"{given!r} is no file, and no run is kept under that name here (there are: {known})"
    )


if __name__ == "__main__":
    sys.exit(main())
