"""HTML by construction: whatever is put into an element is escaped, unless it was built here."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence

CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
EMPTY = ("meta",)


class Markup(str):
    """HTML that is safe as it is: made by `element`, or by us."""

    __slots__ = ()


def escaped(text: object) -> Markup:
    """Text as HTML shows it; control characters become visible."""
    if isinstance(text, Markup):
        return text
    visible = CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", str(text))
    return Markup(html.escape(visible))


def element(tag: str, /, *children: object, **attributes: str | None) -> Markup:
    """`element("p", text, class_="note")`; attributes that are None are left out."""
    given = (
        (key.rstrip("_").replace("_", "-"), value) for key, value in attributes.items() if value is not None
    )
    told = "".join(f' {key}="{escaped(value)}"' for key, value in given)
    if tag in EMPTY:
        return Markup(f"<{tag}{told}>")
    return Markup(f"<{tag}{told}>{joined(children)}</{tag}>")


def joined(parts: Iterable[object]) -> Markup:
    """Several parts, one after another."""
    return Markup("".join(escaped(part) for part in parts))


def bullets(items: Sequence[object], class_: str | None = None) -> Markup:
    """A list; nothing without items."""
    return element("ul", *(element("li", item) for item in items), class_=class_) if items else Markup("")


def table(
    caption: str, headings: Sequence[object], rows: Iterable[Sequence[object]], class_: str | None = None
) -> Markup:
    """A table that scrolls by itself; the first column names the row."""
    head = element("tr", *(element("th", text, scope="col") for text in headings))
    body = (
        element("tr", element("th", row[0], scope="row"), *(element("td", cell) for cell in row[1:]))
        for row in rows
    )
    whole = element(
        "table", element("caption", caption), element("thead", head), element("tbody", *body), class_=class_
    )
    return element("div", whole, class_="scrolls", tabindex="0", role="region", aria_label=caption)


def folded(summary: object, *children: object) -> Markup:
    """Something that is shown when it is wanted."""
    return element("details", element("summary", summary), *children)
