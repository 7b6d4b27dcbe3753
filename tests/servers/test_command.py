"""Any other program, by its command line."""

from __future__ import annotations

import pytest

from pytest_asyncbench.errors import SpecError
from pytest_asyncbench.servers.factories import command
from pytest_asyncbench.servers.place import Place
from pytest_asyncbench.servers.programs import program


def test_the_arguments_stay_as_they_are_written():
    spec = command(["{python}", "-m", "app", "{port}"], args=["--config", '{"a": {}}'])
    argv = program("command").argv(spec, Place("/venv/bin/python", 8000))
    assert argv == ["{python}", "-m", "app", "{port}", "--config", '{"a": {}}']


@pytest.mark.parametrize(
    "words",
    [
        {"argv": ["app", "--port={port}"]},
        {"argv": ["app"], "args": ["{port}"]},
        {"argv": ["app"], "env": {"PORT": "{port}"}},
        {"argv": ["app"], "port": 8000},
    ],
)
def test_a_program_is_told_its_port_somehow(words):
    assert command(**words).program == "command"


@pytest.mark.parametrize(
    ("argv", "words", "why"),
    [
        ([], {}, r"command\(\[\.\.\.\]\): write the program and its arguments, e\.g\."),
        (["app"], {}, r"command\(\['app'\]\): the program is not told its port; use \{port\} in an argument"),
        ("app {port}", {}, r"command\(argv='app \{port\}'\): write a list of arguments, not one string"),
        (
            ["app", "{port}"],
            {"workers": 2},
            r"command\(workers=2\): a command says this in its own arguments",
        ),
        (["app", "{port}"], {"loop": "uvloop"}, "says this in its own arguments"),
    ],
)
def test_what_a_command_cannot_mean_is_refused(argv, words, why):
    with pytest.raises(SpecError, match=why):
        command(argv, **words)
