from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from pytest_asyncbench.errors import PostgresError
from pytest_asyncbench.postgres import account
from pytest_asyncbench.postgres.account import choose_account, run_as, usable
from pytest_asyncbench.postgres.binaries import Installation, find

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")


@pytest.fixture
def hidden(tmp_path_factory):
    """A relocatable installation that only root can reach."""
    home = tmp_path_factory.mktemp("hidden")
    home.chmod(0o700)
    bindir = home / "package" / "pginstall" / "bin"
    bindir.mkdir(parents=True)
    program = bindir / "postgres"
    program.write_text("#!/bin/sh\necho 'postgres (PostgreSQL) 18.9'\n")
    program.chmod(0o700)
    return Installation(bindir, "18.9", "embedded", (home / "package",))


@pytest.fixture
def staging(monkeypatch, tmp_path_factory):
    place = Path("/var/tmp") / tmp_path_factory.mktemp("staging").name
    place.mkdir()
    place.chmod(0o755)
    monkeypatch.setattr(account, "STAGING_PLACES", (str(place),))
    yield place
    shutil.rmtree(place)


def test_nobody_unless_told():
    assert choose_account().name == "nobody"
    with pytest.raises(PostgresError, match="no user 'no-such-user'"):
        choose_account("no-such-user")
    with pytest.raises(PostgresError, match="is root, too"):
        choose_account("root")


def test_readable_programs_are_used_as_they_are():
    installation = find("auto")[0]
    if str(installation.bindir).startswith("/usr"):
        assert usable(installation, choose_account()) is installation


def test_unreachable_programs_are_copied_once(hidden, staging):
    nobody = choose_account()
    copy = usable(hidden, nobody)
    assert copy.bindir.is_relative_to(staging)
    assert run_as(nobody, [copy.program("postgres"), "--version"]).stdout.strip().endswith("18.9")
    before = copy.bindir.stat().st_ino
    assert usable(hidden, nobody) == copy
    assert copy.bindir.stat().st_ino == before
    assert not copy.bindir.stat().st_mode & 0o022


def test_a_copy_that_lost_files_is_made_anew(hidden, staging):
    copy = usable(hidden, choose_account())
    (copy.bindir / "postgres").unlink()
    assert usable(hidden, choose_account()) == copy
    assert (copy.bindir / "postgres").exists()


def test_a_directory_that_others_can_write_to_is_refused(hidden, staging):
    (staging / "pytest-asyncbench-programs").mkdir()
    (staging / "pytest-asyncbench-programs").chmod(0o777)
    with pytest.raises(PostgresError, match="only root can write"):
        usable(hidden, choose_account())


def test_nothing_helps(hidden):
    with pytest.raises(PostgresError, match=r"cannot be run by the user 'nobody'.*\n.*ordinary user"):
        usable(Installation(hidden.bindir, "18.9", "system"), choose_account())
