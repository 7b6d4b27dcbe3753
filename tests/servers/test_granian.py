"""Granian's words, and the command line that they become."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_asyncbench.errors import SpecError
from pytest_asyncbench.servers.factories import granian
from pytest_asyncbench.servers.place import Place
from pytest_asyncbench.servers.programs import program


def command_line(**words: object) -> list[str]:
    """The arguments after `python -m granian`."""
    spec = granian("app:it", **words).settled()
    argv = program("granian").argv(spec, Place("/venv/bin/python", 8000))
    assert argv[:3] == ["/venv/bin/python", "-m", "granian"]
    assert argv[-1] == "app:it"
    return argv[3:-1]


def test_wsgi_says_its_threads_aloud():
    line = command_line(interface="wsgi", workers=2, threads=32, args=["--backpressure", "9"])
    assert " ".join(line) == (
        "--host 127.0.0.1 --port 8000 --interface wsgi --workers 2 --blocking-threads 32 --backpressure 9"
    )


def test_asgi_has_a_loop_and_no_threads():
    line = command_line(interface="asgi", loop="uvloop", http="1")
    assert " ".join(line) == (
        "--host 127.0.0.1 --port 8000 --interface asgi --workers 1 --loop uvloop --http 1"
    )


@given(st.integers(1, 4096))
def test_the_default_number_of_threads_is_granians_own(workers):
    spec = granian("app:wsgi", interface="wsgi", workers=workers)
    assert spec.settled().threads == max(1, 1024 // workers // 2)
    assert spec.with_options(workers=4).settled().threads == 128
    assert spec.with_options(interface="asgi").settled().threads is None


@pytest.mark.parametrize("interface", ["asgi", "asginl", "rsgi"])
def test_an_event_loop_has_no_threads(interface):
    why = f"granian\\(threads=4\\): Granian has no threads under {interface}: .*; use workers"
    with pytest.raises(SpecError, match=why):
        granian("app:asgi", interface=interface, threads=4)
    assert granian("app:asgi", interface=interface).threads is None


@pytest.mark.parametrize(
    ("app", "words", "why"),
    [
        ("app:it", {}, r"granian\('app:it'\): say interface='wsgi', 'asgi' or 'rsgi'; a wrong guess would"),
        (
            "app:it",
            {"interface": "cgi"},
            r"granian\(interface='cgi'\): interface is one of wsgi, asgi, asginl, rsgi",
        ),
        (
            "app:it",
            {"interface": "wsgi", "loop": "uvloop"},
            "Granian runs no event loop for wsgi apps; drop loop",
        ),
        ("app:it", {"interface": "wsgi", "greenlets": 5}, "Granian has no greenlets; use threads"),
        ("app:it", {"interface": "asgi", "greenlets": 5}, "Granian has no greenlets"),
        ("app:it", {"interface": "asgi", "loop": "trio"}, "loop is one of auto, asyncio, uvloop"),
        ("app:it", {"interface": "asgi", "http": "3"}, "http is one of auto, 1, 2"),
        ("app", {"interface": "asgi"}, r"granian\('app'\): write the app as 'package\.module:attribute'"),
        ("app:", {"interface": "asgi"}, "write the app as"),
        (":it", {"interface": "asgi"}, "write the app as"),
        ("app:it ", {"interface": "asgi"}, "write the app as"),
        ("", {"interface": "asgi"}, "write the app as"),
    ],
)
def test_what_granian_does_not_have_is_refused(app, words, why):
    with pytest.raises(SpecError, match=why):
        granian(app, **words)
