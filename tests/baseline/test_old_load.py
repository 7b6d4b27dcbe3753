"""What the database of an old server is loaded with is the revision's."""

from __future__ import annotations

import importlib.util
import sys
from types import SimpleNamespace

import pytest

from pytest_asyncbench.baseline.old_load import OldProgram, old_steps
from pytest_asyncbench.baseline.revision import find_revision
from pytest_asyncbench.baseline.worktree import check_out
from pytest_asyncbench.errors import PostgresError, SpecError
from pytest_asyncbench.postgres.steps import Function, SqlFile

LOADS = """
import json

def load(**keywords):
    with open({target!r}, "w") as file:
        json.dump([{version!r}, keywords], file)

async def aload(**keywords):
    load(**keywords)

def fails(**keywords):
    raise ValueError("no such thing")
"""


@pytest.fixture
def target(tmp_path):
    return tmp_path / "loaded.json"


@pytest.fixture
def worktree(repository, target):
    old = {
        "schema.sql": "old",
        "tests/seed.sql": "old",
        "loads.py": LOADS.format(target=str(target), version="old"),
        "manage.py": "",
    }
    repository.commit("Old", **old)
    repository.write(**{name: text.replace("old", "new") for name, text in old.items()}, **{"added.sql": ""})
    made = check_out(find_revision("main", repository.path))
    yield made
    made.close()


@pytest.fixture
def steps(worktree, repository, monkeypatch):
    monkeypatch.chdir(repository.path)

    def made(*entries, base="tests"):
        return old_steps(entries, repository.path / base, worktree, [str(worktree.tree)], None)

    return made


DATABASE = SimpleNamespace(
    environment=lambda: {"PGHOST": "h", "PGPORT": "5432", "PGUSER": "u", "PGDATABASE": "d", "PGPASSWORD": "p"}
)


def test_files(steps, worktree, repository):
    seed, schema, absolute = steps("seed.sql", "schema.sql", repository.path / "schema.sql")
    for step, path in ((seed, "tests/seed.sql"), (schema, "schema.sql"), (absolute, "schema.sql")):
        assert isinstance(step, SqlFile)
        assert step.path == worktree.tree / path
    with pytest.raises(SpecError, match=r"the SQL file 'added\.sql' is not there"):
        steps("added.sql")


def test_programs(steps, worktree, repository):
    django, any_program = steps(["manage.py", "migrate"], ["psql", "-f", f"{repository.path}/schema.sql"])
    assert isinstance(django, OldProgram)
    assert django.argv == (sys.executable, str(worktree.tree / "manage.py"), "migrate")
    assert django.cwd == worktree.tree / "tests"
    assert any_program.argv[-1] == str(worktree.tree / "schema.sql")


@pytest.mark.parametrize("name", ["load", "aload"])
def test_functions_by_name_are_imported_from_the_revision(steps, target, name):
    [step] = steps(f"loads:{name}")
    step.run(DATABASE)
    expected = '["old", {"host": "h", "port": 5432, "user": "u", "password": "p", "dbname": "d"}]'
    assert target.read_text() == expected


def test_functions_of_a_file_of_the_revision(steps, target, repository):
    spec = importlib.util.spec_from_file_location("a_module_of_now", repository.path / "loads.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    failing, own, [step] = steps(module.fails), steps(lambda **_: None), steps(module.load)
    step.run(DATABASE)
    assert target.read_text().startswith('["old"')
    with pytest.raises(PostgresError, match="ValueError: no such thing"):
        failing[0].run(DATABASE)
    assert isinstance(own[0], Function), "one that stands in no file of the revision is the test's own"


def test_another_interpreter(worktree, repository, monkeypatch):
    monkeypatch.chdir(repository.path)
    entries = ["loads:load", ["{python}", "-c", "1"], ["manage.py"], ["psql"]]
    found = old_steps(entries, repository.path, worktree, [], "/other/python")
    assert [step.argv[0] for step in found] == ["/other/python", "/other/python", "/other/python", "psql"]
