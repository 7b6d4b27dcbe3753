"""Server specs: values that are compared, hashed, changed by copy, and refused with the reason."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_asyncbench.errors import SpecError
from pytest_asyncbench.servers.factories import command, granian
from pytest_asyncbench.servers.programs import program
from pytest_asyncbench.servers.spec import ServerSpec, words

WSGI = granian("app:wsgi", interface="wsgi", workers=2, threads=32)
ASGI = granian("app:asgi", interface="asgi")
OTHER = command(["{python}", "server.py", "{port}"])

NAMES = st.text(st.characters(exclude_characters="=\0", exclude_categories=["Cs"]), min_size=1)
ENVIRONMENTS = st.dictionaries(NAMES, st.one_of(st.integers(), st.sampled_from(["", "1", "a=b"])), max_size=4)


def test_equal_words_make_equal_specs():
    again = granian("app:wsgi", interface="wsgi", threads=32, workers=2, env={}, args=[])
    assert again == WSGI
    assert len({again, WSGI, ASGI}) == 2


@given(ENVIRONMENTS)
def test_the_order_of_variables_does_not_matter(env):
    turned = dict(reversed(env.items()))
    assert OTHER.with_options(env=env) == OTHER.with_options(env=turned)
    assert dict(OTHER.with_options(env=env).env) == {name: str(value) for name, value in env.items()}


@given(st.integers(1, 64), st.integers(1, 1000))
def test_a_changed_copy_equals_a_spec_built_so(workers, threads):
    built = granian("app:wsgi", interface="wsgi", workers=workers, threads=threads)
    assert WSGI.with_options(workers=workers, threads=threads) == built
    assert WSGI.workers == 2, "the original stays as it is"
    assert built.concurrency == workers * threads
    assert built.label() == f"granian-wsgi-{workers}w-{threads}t"


def test_with_env_adds_and_replaces():
    spec = OTHER.with_env(A=1, B="x").with_env(A=2)
    assert dict(spec.env) == {"A": "2", "B": "x"}
    assert OTHER.env == ()


def test_how_requests_are_run():
    assert (WSGI.mode, WSGI.concurrency) == ("threads", 64)
    assert (ASGI.mode, ASGI.concurrency) == ("asyncio", None)
    assert (OTHER.mode, OTHER.concurrency) == ("command", None)


@pytest.mark.parametrize(
    ("spec", "label"),
    [
        (WSGI, "granian-wsgi-2w-32t"),
        (ASGI, "granian-asgi-1w"),
        (ASGI.with_options(loop="uvloop", http="1"), "granian-asgi-1w-uvloop-1"),
        (OTHER, "command"),
        (WSGI.with_options(name="pooled"), "pooled"),
    ],
)
def test_labels_are_readable(spec, label):
    assert spec.label() == label


def test_values_are_normalised():
    spec = granian(
        "app:asgi",
        interface="asgi",
        cwd=Path("/srv"),
        python=Path("venv"),
        startup_timeout="2m",
        args=["-x", 1],
    )
    assert (spec.cwd, spec.python, spec.startup_timeout, spec.args) == ("/srv", "venv", 120.0, ("-x", "1"))


@pytest.mark.parametrize(
    ("given_words", "why"),
    [
        (
            {"worker": 2},
            r"granian\(\) has no word 'worker'; a server spec has interface, worker_class, workers",
        ),
        ({"workers": 0}, r"granian\(workers=0\): workers is a whole number from 1 up"),
        ({"workers": True}, "workers is a whole number"),
        ({"workers": "2"}, "workers is a whole number"),
        ({"port": 0}, r"granian\(port=0\): a port is a number from 1 to 65535"),
        ({"port": 65536}, "a port is a number from 1 to 65535"),
        ({"port": True}, "a port is a number from 1 to 65535"),
        ({"port": "80"}, "a port is a number from 1 to 65535"),
        ({"args": "--reload"}, r"granian\(args='--reload'\): write a list of arguments, not one string"),
        ({"args": 5}, "write a list of arguments"),
        ({"env": {"A=B": "1"}}, "env: 'A=B'='1' cannot be an environment variable"),
        ({"env": {"A": "\0"}}, "cannot be an environment variable"),
        ({"env": {"": "1"}}, "cannot be an environment variable"),
        ({"env": {1: "1"}}, "cannot be an environment variable"),
        ({"env": "A=1"}, r"env='A=1': write a mapping"),
        ({"env": 5}, r"env=5: write a mapping"),
        ({"startup_timeout": "soon"}, r"granian\(startup_timeout=\.\.\.\): 'soon' is no time"),
        ({"ready": "health"}, r"granian\(ready='health'\): write a path such as '/health', or None"),
        ({"ready": 5}, "write a path such as '/health'"),
    ],
)
def test_what_cannot_be_meant_is_refused(given_words, why):
    with pytest.raises(SpecError, match=why):
        granian("app:asgi", interface="asgi", **given_words)


@pytest.mark.parametrize("wrong", ["program", "color"])
def test_a_copy_cannot_have_other_words(wrong):
    with pytest.raises(
        SpecError, match=f"a server spec has no word '{wrong}'; it has interface, worker_class"
    ):
        WSGI.with_options(**{wrong: "x"})


def test_every_word_of_the_contract_is_there():
    contract = "workers threads greenlets interface loop http env cwd python args ready startup_timeout port"
    assert set(words()) == {*contract.split(), "worker_class", "host_header", "hosts", "scheme", "name"}


def test_an_unknown_program_is_refused_with_the_known_ones():
    with pytest.raises(
        SpecError, match=r"no server program 'apache'; there are granian, gunicorn, .*, external"
    ):
        program("apache")
    with pytest.raises(SpecError, match="no server program 'apache'"):
        _ = ServerSpec(program="apache").mode
