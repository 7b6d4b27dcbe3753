"""The how-to on clusters: what can be checked of it on one machine."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import yaml

from pytest_asyncbench.options import OPTIONS
from pytest_asyncbench.postgres.rights import Role, missing

PAGE = (Path(__file__).parents[1] / "docs" / "how-to" / "cluster.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}$\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def test_its_programs_are_python_and_start_pytest_with_options_that_there_are():
    known = {f"--asyncbench-{option.name}" for option in OPTIONS}
    programs = blocks("python")
    assert len(programs) == 2
    for program in programs:
        ast.parse(program)
    for text in (*programs, *blocks("sh")):
        assert set(re.findall(r"--asyncbench-[a-z-]+", text)) <= known


def test_the_resource_holds_what_pytest_is_pointed_at():
    [resource] = [yaml.safe_load(text) for text in blocks("yaml")]
    name = resource["metadata"]["name"]
    ports = resource["spec"]["scheduler"]["service"]["ports"]
    port = next(each["port"] for each in ports if each["name"] == "tcp-comm")
    assert f"dask://{name}-scheduler:{port}" in PAGE
    selector = resource["spec"]["scheduler"]["service"]["selector"]
    assert selector == {"dask.org/cluster-name": name, "dask.org/component": "scheduler"}


def test_it_knows_every_right_that_is_checked():
    role = Role("role", "template1", creates=False, copies=False, enters=False, is_standby=False)
    for lack in missing(role):
        assert f"`{lack.remedy}`" in PAGE
