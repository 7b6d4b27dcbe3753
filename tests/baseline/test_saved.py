"""Kept runs as files."""

from __future__ import annotations

import subprocess

import pytest

from pytest_asyncbench.baseline.saved import kept, names, path_of, save
from pytest_asyncbench.report.document import Environment, Machine, Report
from pytest_asyncbench.report.file import UnreadableReport

MACHINE = Machine("a CPU", 2, None, "6.1", "Linux x86_64", "CPython 3.11.7")
REPORT = Report(
    "2026-01-01T00:00:00+00:00", 1.0, False, Environment("0", "3.11", {}, MACHINE, "6.1"), {}, (), ()
)


def test_a_run_is_kept_and_found(tmp_path):
    assert save(tmp_path, "main", REPORT) == tmp_path / ".asyncbench" / "main.json"
    assert kept(tmp_path, "main") == REPORT
    assert kept(tmp_path, "other") is None
    assert names(tmp_path) == ["main"]


def test_git_does_not_see_kept_runs(tmp_path):
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    save(tmp_path, "main", REPORT)
    done = subprocess.run(
        ["git", "-C", str(tmp_path), "status", "--porcelain"], capture_output=True, check=True
    )
    assert done.stdout == b""


def test_the_ignore_file_of_the_user_stays(tmp_path):
    save(tmp_path, "a", REPORT)
    (tmp_path / ".asyncbench" / ".gitignore").write_text("mine")
    save(tmp_path, "b", REPORT)
    assert (tmp_path / ".asyncbench" / ".gitignore").read_text() == "mine"


def test_a_broken_file_is_refused_with_its_name(tmp_path):
    save(tmp_path, "a", REPORT)
    path_of(tmp_path, "a").write_text("{")
    with pytest.raises(UnreadableReport, match=r"a\.json holds no JSON"):
        kept(tmp_path, "a")
