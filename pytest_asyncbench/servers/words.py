"""Checks of a spec's words that the programs share. A word is refused with the reason, never dropped."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pytest_asyncbench.errors import SpecError
from pytest_asyncbench.servers.spec import CONCURRENCY_WORDS

if TYPE_CHECKING:
    from pytest_asyncbench.servers.spec import ServerSpec

WORKER_CLASS = {"worker_class": "worker_class is gunicorn's word; other programs have one kind of worker"}


def refuse_words(spec: ServerSpec, reasons: Mapping[str, str]) -> None:
    """Raise SpecError if `spec` uses one of the words in `reasons`: a word is refused, never dropped."""
    for word in CONCURRENCY_WORDS:
        if word in reasons and getattr(spec, word) is not None:
            raise SpecError(f"{spec.program}({word}={getattr(spec, word)!r}): {reasons[word]}")


def require_app(spec: ServerSpec) -> None:
    """Raise SpecError unless the app is written as "module:attribute"."""
    module, _, attribute = (spec.app or "").partition(":")
    if not module or not attribute or any(c.isspace() for c in spec.app or ""):
        raise SpecError(f"{spec.program}({spec.app!r}): write the app as 'package.module:attribute'")


def require_choice(spec: ServerSpec, word: str, choices: tuple[str, ...]) -> None:
    """Raise SpecError unless the word is absent or one of `choices`."""
    value = getattr(spec, word)
    if value is not None and value not in choices:
        raise SpecError(f"{spec.program}({word}={value!r}): {word} is one of {', '.join(choices)}")
