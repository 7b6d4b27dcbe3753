"""How every picture is drawn: as SVG without a script, in the page's own colours, with its numbers beside it.

Colours are stand-ins that become CSS variables, so that the page turns dark with the reader's system.
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from pytest_asyncbench.report.markup import Markup, element, folded, table

WIDTH = 4.1
"""Inches; 394 pixels: one column of a desk, and the whole of a phone, at nearly full size."""
COLOURS = 8
SERIES = tuple(f"#fe{number:02x}01" for number in range(COLOURS))
TEXT, MUTED, GRID, GOOD, BAD = "#fd0001", "#fd0002", "#fd0003", "#fd0004", "#fd0005"
VARIABLES = {
    **{colour: f"var(--s{number})" for number, colour in enumerate(SERIES)},
    TEXT: "var(--text)",
    MUTED: "var(--muted)",
    GRID: "var(--grid)",
    GOOD: "var(--good)",
    BAD: "var(--bad)",
}
MARKERS = "os^Dv<>P"
LINES = ("-", "--", "-.", ":", (0, (5, 1)), (0, (1, 1)), (0, (3, 1, 1, 1)), (0, (6, 2, 1, 2)))
STYLE = {
    "font.size": 9,
    "font.family": "sans-serif",
    "text.color": TEXT,
    "text.parse_math": False,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": TEXT,
    "axes.labelsize": 9,
    "axes.titlesize": 9,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.unicode_minus": False,
    "axes.formatter.use_mathtext": False,
    "grid.color": GRID,
    "grid.linewidth": 0.6,
    "xtick.color": MUTED,
    "xtick.labelcolor": TEXT,
    "ytick.color": MUTED,
    "ytick.labelcolor": TEXT,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "savefig.facecolor": "none",
    "lines.linewidth": 1.6,
    "lines.markersize": 4,
    "svg.fonttype": "none",
    "path.simplify": True,
}
LONGEST_NAME = 24


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture: what it shows (its caption, and what a screen reader says), the SVG, and its numbers as a table."""

    title: str
    says: str
    svg: Markup
    headings: Sequence[str]
    rows: Sequence[Sequence[str]]
    legend: Sequence[str] = ()

    def as_html(self) -> Markup:
        """The figure as the page has it."""
        names = (
            element("li", element("span", class_=f"swatch s{number % COLOURS}", aria_hidden="true"), name)
            for number, name in enumerate(self.legend)
        )
        legend = element("ul", *names, class_="legend") if len(self.legend) > 1 else Markup("")
        numbers = folded(f"Numbers of “{self.title}”", table(self.title, self.headings, self.rows))
        words = (element("strong", self.title), element("span", f" {self.says}"))
        return element("figure", element("figcaption", *words), legend, self.svg, numbers)


def drawn(paint: Callable[[Any], None], height: float, title: str, salt: str) -> Markup:
    """The SVG of what `paint` does to an empty figure of that height in inches. `salt` makes its ids its own."""
    from matplotlib import style
    from matplotlib.figure import Figure

    out = io.StringIO()
    with warnings.catch_warnings(), style.context(["default", {**STYLE, "svg.hashsalt": salt}]):
        warnings.simplefilter("ignore")  # glyphs that the font has not: the reader's may have them
        figure = Figure(figsize=(WIDTH, height), layout="constrained")
        paint(figure)
        nothing = dict.fromkeys(("Date", "Creator", "Type", "Format"))
        figure.savefig(out, format="svg", metadata=nothing)
    return _for_the_page(out.getvalue(), title)


def from_zero(axes: Any) -> None:
    """A y axis from 0 to a little above what is drawn."""
    axes.set_ylim(0, axes.dataLim.ymax * 1.08 if axes.dataLim.ymax > 0 else 1.0)


def logarithmic(axes: Any) -> None:
    """A logarithmic y axis with plain numbers at 1, 2 and 5."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5), numticks=12))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())


def series_style(number: int) -> dict[str, Any]:
    """Colour, line and marker of the n-th variant: told apart without colours, too."""
    at = number % COLOURS
    return {"color": SERIES[at], "linestyle": LINES[at], "marker": MARKERS[at]}


def short(name: str) -> str:
    """A name that fits beside an axis."""
    one_line = " ".join(name.split())
    return one_line if len(one_line) <= LONGEST_NAME else f"{one_line[: LONGEST_NAME - 1]}…"


def _for_the_page(svg: str, title: str) -> Markup:
    """Without the frame of a file of its own, without ids that several pictures share, in the page's colours."""
    body = svg[svg.index("<svg") :]
    body = re.sub(r"<metadata>.*?</metadata>", "", body, flags=re.DOTALL)
    body = re.sub(r'<g id="[^"]*"', "<g", body)
    body = re.sub(r"<!--.*?-->", "", body, flags=re.DOTALL)
    body = re.sub(r"#f[de][0-9a-f]{4}\b", lambda found: VARIABLES.get(found[0], found[0]), body)
    label = str(element("i", title=title))[len("<i title=") : -len("></i>")]
    return Markup(body.replace("<svg ", f'<svg role="img" aria-label={label} ', 1))
