"""What each program accepts, how it is called, and how it says that it runs requests."""

from __future__ import annotations

import pytest

from pytest_asyncbench.errors import SpecError
from pytest_asyncbench.servers.factories import (
    command,
    daphne,
    external,
    granian,
    gunicorn,
    hypercorn,
    serve,
    server_spec,
    uvicorn,
    uwsgi,
)
from pytest_asyncbench.servers.flags import FLAGS, SINCE
from pytest_asyncbench.servers.modes import MODES
from pytest_asyncbench.servers.place import Place
from pytest_asyncbench.servers.programs import PROGRAMS, program
from pytest_asyncbench.servers.spec import CONCURRENCY_WORDS

SIMPLE = {
    "granian": granian("app:it", interface="wsgi"),
    "gunicorn": gunicorn("app:it"),
    "uvicorn": uvicorn("app:it"),
    "uwsgi": uwsgi("app:it"),
    "hypercorn": hypercorn("app:it"),
    "daphne": daphne("app:it"),
    "command": command(["{port}"]),
    "external": external("http://127.0.0.1:8000"),
}
VALUES = {"interface": "wsgi", "worker_class": "gthread", "loop": "uvloop", "http": "http"}

MISSING = [(name, word) for name in PROGRAMS for word in CONCURRENCY_WORDS if word not in FLAGS[name]]

EXAMPLES = [
    (gunicorn("a:b"), "sync", 1, "gunicorn-sync-1w"),
    (
        gunicorn("a:b", worker_class="gthread", workers=1, threads=100),
        "threads",
        100,
        "gunicorn-gthread-1w-100t",
    ),
    (gunicorn("a:b", workers=2, threads=3), "threads", 6, "gunicorn-gthread-2w-3t"),
    (gunicorn("a:b", worker_class="gevent", workers=2), "gevent", 2000, "gunicorn-gevent-2w-1000g"),
    (gunicorn("a:b", greenlets=9), "gevent", 9, "gunicorn-gevent-1w-9g"),
    (gunicorn("a:b", worker_class="asgi"), "asyncio", None, "gunicorn-asgi-1w"),
    (
        gunicorn("a:b", worker_class="uvicorn_worker.UvicornWorker", workers=4),
        "asyncio",
        None,
        "gunicorn-uvicorn_worker.UvicornWorker-4w",
    ),
    (
        gunicorn("a:b", worker_class="uvicorn.workers.UvicornWorker", workers=4),
        "asyncio",
        None,
        "gunicorn-uvicorn.workers.UvicornWorker-4w",
    ),
    (gunicorn("a:b", worker_class="some.Tornado"), "Tornado", None, "gunicorn-some.Tornado-1w"),
    (uwsgi("a:b"), "sync", 1, "uwsgi-wsgi-1w-http-socket"),
    (uwsgi("a:b", threads=100), "threads", 100, "uwsgi-wsgi-1w-100t-http-socket"),
    (uwsgi("a:b", greenlets=100, http="http"), "gevent", 100, "uwsgi-wsgi-1w-100g-http"),
    (uvicorn("a:b"), "asyncio", None, "uvicorn-asgi-1w"),
    (uvicorn("a:b", loop="uvloop", http="httptools"), "asyncio", None, "uvicorn-asgi-1w-uvloop-httptools"),
    (hypercorn("a:b", workers=2), "asyncio", None, "hypercorn-asgi-2w-asyncio"),
    (hypercorn("a:b", loop="trio"), "trio", None, "hypercorn-asgi-1w-trio"),
    (hypercorn("a:b", loop="trio", interface="wsgi"), "threads", 40, "hypercorn-wsgi-1w-trio"),
    (daphne("a:b"), "asyncio", None, "daphne-asgi-1w"),
    (external("http://[::1]:80"), "external", None, "external-[::1]:80"),
]


def line(spec, **place):
    """The command line of a spec, in one text."""
    return " ".join(program(spec.program).argv(spec.settled(), Place("/venv/bin/python", 8000, **place)))


@pytest.mark.parametrize(
    ("spec", "mode", "concurrency", "label"), EXAMPLES, ids=lambda v: getattr(v, "name", None)
)
def test_how_requests_are_run(spec, mode, concurrency, label):
    assert (spec.mode, spec.concurrency, spec.label()) == (mode, concurrency, label)


def test_labels_differ():
    labels = [spec.label() for spec, *_ in EXAMPLES]
    assert len(set(labels)) == len(labels)


@pytest.mark.parametrize(
    "spec", [*SIMPLE.values(), *(spec for spec, *_ in EXAMPLES)], ids=lambda s: s.label()
)
def test_what_is_settled_is_accepted_and_stays(spec):
    settled = spec.settled()
    if spec.program != "external":  # whose address is where it says, not a word of a launch
        assert settled.with_options() == settled
    assert settled.settled() == settled
    assert (settled.mode, settled.concurrency, settled.label()) == (spec.mode, spec.concurrency, spec.label())


def test_the_table_knows_every_program():
    assert list(FLAGS) == list(PROGRAMS) == list(SIMPLE)
    for flags in FLAGS.values():
        assert set(flags) <= set(CONCURRENCY_WORDS)


@pytest.mark.parametrize(("name", "word"), MISSING)
def test_a_word_that_the_table_does_not_have_is_refused_with_a_reason(name, word):
    with pytest.raises(SpecError, match=rf"^{name}\({word}=.*\): .{{20,}}"):
        SIMPLE[name].with_options(**{word: VALUES.get(word, 3)})


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        (
            gunicorn("a:b", threads=4, args=["--x"]),
            "/venv/bin/python -m gunicorn --bind 127.0.0.1:8000 --worker-class gthread --workers 1 --threads 4 --x a:b",
        ),
        (
            gunicorn("a:b", worker_class="gevent"),
            (
                "/venv/bin/python -m gunicorn --bind 127.0.0.1:8000 --worker-class gevent --workers 1"
                " --worker-connections 1000 a:b"
            ),
        ),
        (
            gunicorn("a:b", worker_class="asgi", loop="uvloop"),
            "/venv/bin/python -m gunicorn --bind 127.0.0.1:8000 --worker-class asgi --workers 1 --asgi-loop uvloop a:b",
        ),
        (
            uvicorn("a:b", workers=2),
            (
                "/venv/bin/python -m uvicorn --host 127.0.0.1 --port 8000 --no-access-log --interface asgi3"
                " --workers 2 --loop auto --http auto a:b"
            ),
        ),
        (
            hypercorn("a:b", interface="wsgi"),
            "/venv/bin/python -m hypercorn --bind 127.0.0.1:8000 --workers 1 --worker-class asyncio wsgi:a:b",
        ),
        (daphne("a:b"), "/venv/bin/python -m daphne --bind 127.0.0.1 --port 8000 --verbosity 0 a:b"),
    ],
    ids=lambda v: v.label() if hasattr(v, "label") else "",
)
def test_defaults_that_matter_are_said_aloud(spec, expected):
    assert line(spec) == expected


def test_uwsgi_is_the_binary_beside_the_interpreter(tmp_path):
    for name in ("python", "uwsgi", "pyuwsgi"):
        (tmp_path / name).write_text("")
    python = str(tmp_path / "python")
    spec = uwsgi("a:b", greenlets=9).settled()
    argv = program("uwsgi").argv(spec, Place(python, 8000, "uwsgi", "2.0.31"))
    assert " ".join(argv) == (
        f"{tmp_path}/uwsgi --master --die-on-term --need-app --disable-logging --http-socket 127.0.0.1:8000"
        " --gevent-early-monkey-patch --processes 1 --gevent 9 --module a:b"
    )
    argv = program("uwsgi").argv(spec, Place(python, 8000, "pyuwsgi", "2.0.30.post1"))
    assert argv[:2] == [python, f"{tmp_path}/pyuwsgi"], (
        "a script for this interpreter, wherever its first line leads"
    )


@pytest.mark.parametrize(
    ("spec", "version", "why"),
    [
        (
            gunicorn("a:b", worker_class="asgi"),
            "23.0.0",
            r"gunicorn\(worker_class='asgi'\) needs gunicorn 24.0 or later",
        ),
        (
            gunicorn("a:b", http="python"),
            "24.1.1",
            r"http='python'.* needs gunicorn 25.0 or later for --http-parser, and /venv/bin/python has 24.1.1;",
        ),
    ],
)
def test_a_flag_that_the_installed_version_does_not_have_is_refused(spec, version, why):
    with pytest.raises(SpecError, match=why):
        line(spec, distribution="gunicorn", version=version)


def test_hypercorn_guesses_the_interface_only_where_it_cannot_be_told():
    assert line(hypercorn("a:b"), distribution="hypercorn", version="0.14.0").endswith(" asgi:a:b")
    assert line(hypercorn("a:b"), distribution="hypercorn", version="0.13.2").endswith(" a:b")
    with pytest.raises(SpecError, match=r"interface='wsgi'.* needs hypercorn 0.14 or later"):
        line(hypercorn("a:b", interface="wsgi"), distribution="hypercorn", version="0.13.2")


def test_gunicorns_control_socket_is_refused_where_there_is_one():
    since = SINCE["gunicorn"]["--no-control-socket"]
    assert "--no-control-socket" in line(gunicorn("a:b"), distribution="gunicorn", version=since)
    assert "--no-control-socket" not in line(gunicorn("a:b"), distribution="gunicorn", version="25.0.3")
    assert "--no-control-socket" not in line(gunicorn("a:b"), distribution="gunicorn", version="")


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda: uvicorn("tiny:asgi", threads=3), "Uvicorn .* has no threads; use workers"),
        (
            lambda: gunicorn("a:b", worker_class="sync", threads=3),
            "threads under worker_class='gthread' only",
        ),
        (
            lambda: gunicorn("a:b", worker_class="gthread", greenlets=3),
            "greenlets under worker_class='gevent' only",
        ),
        (
            lambda: gunicorn("a:b", worker_class="gthread", loop="uvloop"),
            "a loop under worker_class='asgi' only",
        ),
        (
            lambda: gunicorn("a:b", worker_class="eventlet"),
            "worker_class is one of sync, gthread, gevent, asgi, or",
        ),
        (lambda: gunicorn("a:b", threads=3, greenlets=3), "greenlets under worker_class='gevent' only"),
        (lambda: gunicorn("a:b", worker_class="x.Y", http="fast"), "brings its own HTTP parser"),
        (lambda: uwsgi("a:b", threads=3, greenlets=3), "runs threads or gevent; choose one"),
        (lambda: uwsgi("a:b", http="h2"), "http is one of http-socket, http11-socket, http, http-keepalive"),
        (lambda: uwsgi("a:b", greenlets=3, http="http11-socket"), "dies of an assertion of libev; use"),
        (lambda: uwsgi("a:b", interface="asgi"), "interface is one of wsgi"),
        (lambda: daphne("a:b", workers=2), "Daphne is one process"),
        (lambda: external("127.0.0.1:8000"), r"external\('127.0.0.1:8000'\): write the server's URL"),
        (lambda: external("http://a/b"), "paths belong to the load"),
        (lambda: external("http://user@a"), "write scheme, host and port only"),
        (lambda: external("http://a:99999"), "Port out of range"),
        (lambda: external("http://a", env={"A": "1"}), "an external server runs already"),
        (lambda: external("http://a", workers=2), "an external server runs already"),
        (lambda: serve("a:b", mode="fibers"), "mode is one of sync, threads, gevent, asyncio"),
        (lambda: serve("a:b", mode="threads"), "say threads=; the defaults of the programs differ"),
        (lambda: serve("a:b", mode="gevent", program="uwsgi"), "say greenlets="),
        (
            lambda: serve("a:b", mode="sync", program="uvicorn"),
            "uvicorn has no such mode; gunicorn, uwsgi have it",
        ),
        (lambda: serve("a:b", mode="asyncio", threads=3), "Uvicorn .* has no threads"),
        (lambda: serve("a:b", mode="sync", program="uwsgi", threads=3), "it runs requests as 'threads'"),
        (lambda: serve("a:b", mode="sync", program="apache"), "no server program 'apache'"),
        (lambda: server_spec("apache", "a:b"), "no server program 'apache'"),
    ],
)
def test_what_cannot_be_meant_is_refused(make, why):
    with pytest.raises(SpecError, match=why):
        make()


def test_the_example_of_a_portable_server():
    spec = serve("app:wsgi", mode="threads", workers=2, threads=16)
    assert spec == gunicorn("app:wsgi", worker_class="gthread", workers=2, threads=16)
    assert serve("app:asgi", mode="asyncio") == uvicorn("app:asgi")


@pytest.mark.parametrize(("mode", "name"), [(mode, name) for mode in MODES for name in MODES[mode]])
def test_a_mode_is_the_same_under_every_program_that_has_it(mode, name):
    words = {"threads": {"threads": 5}, "gevent": {"greenlets": 5}}.get(mode, {})
    spec = serve("a:b", mode=mode, program=name, **({} if name == "hypercorn" else words))
    assert (spec.program, spec.mode) == (name, mode)
