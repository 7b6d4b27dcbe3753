"""With what was measured: machine, versions, state of the sources. The only part of a report that is looked up."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from pytest_asyncbench.report.document import Environment, Machine, Revision
from pytest_asyncbench.servers.software import PACKAGES, versions

GIT_SECONDS = 10


def environment(root: Path) -> Environment:
    """All of it, for the project in `root`."""
    return Environment(
        plugin=_version("pytest-asyncbench") or "unknown",
        python=f"{platform.python_implementation()} {platform.python_version()}",
        packages=versions(("pytest", *PACKAGES)),
        machine=machine(),
        kernel=platform.release(),
        revision=revision(root),
    )


def machine() -> Machine:
    """The fingerprint of this machine: facts that stay the same until somebody changes it."""
    kernel = re.match(r"\d+\.\d+", platform.release())
    return Machine(
        cpu=_cpu_model(),
        cores=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
        memory=_memory(),
        kernel=kernel[0] if kernel else platform.release(),
        system=f"{platform.system()} {platform.machine()}",
        python=f"{platform.python_implementation()} {platform.python_version()}",
        cpu_limit=_cpu_limit(),
        memory_limit=_memory_limit(),
    )


def differences(one: Machine, other: Machine) -> list[str]:
    """What differs between two machines, in words: "cores 2 and 4"; empty if they may be compared."""
    names = ("system", "cpu", "cores", "memory", "kernel", "python", "cpu_limit", "memory_limit")
    pairs = {name: (getattr(one, name), getattr(other, name)) for name in names}
    return [f"{name.replace('_', ' ')} {a} and {b}" for name, (a, b) in pairs.items() if a != b]


def revision(root: Path) -> Revision | None:
    """The commit that is checked out in `root`; None without git, or outside of a repository."""
    commit = _git(root, "rev-parse", "HEAD")
    if commit is None:
        return None
    branch = _git(root, "rev-parse", "--abbrev-ref", "HEAD") or ""
    return Revision(commit, branch, bool(_git(root, "status", "--porcelain", "--untracked-files=no")))


def _git(root: Path, *arguments: str) -> str | None:
    """What git says; never takes a lock in the user's repository."""
    environ = {**os.environ, "GIT_OPTIONAL_LOCKS": "0"}
    try:
        done = subprocess.run(
            ["git", "-C", str(root), *arguments],
            capture_output=True,
            timeout=GIT_SECONDS,
            env=environ,
            check=True,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.decode(errors="replace").strip()


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _cpu_model() -> str:
    for line in _read("/proc/cpuinfo").splitlines():
        name, _, value = line.partition(":")
        if name.strip() in ("model name", "Model", "cpu model"):
            return value.strip()
    return platform.processor() or platform.machine()


def _memory() -> int | None:
    """In bytes, to a quarter of a GiB: what a kernel takes for itself changes from release to release."""
    found = re.search(r"MemTotal:\s+(\d+) kB", _read("/proc/meminfo"))
    quarter = 2**28
    return round(int(found[1]) * 1024 / quarter) * quarter if found else None


def _cpu_limit() -> float | None:
    """Cores that the control group may use; None: no limit."""
    limits = []
    for quota, period in (text.split()[:2] for text in _group_files("cpu.max") if len(text.split()) >= 2):
        if quota != "max":
            limits.append(int(quota) / int(period))
    return round(min(limits), 3) if limits else None


def _memory_limit() -> int | None:
    """Bytes that the control group may use; None: no limit."""
    limits = [int(text) for text in _group_files("memory.max") if text.strip().isdigit()]
    return min(limits) if limits else None


def _group_files(name: str) -> list[str]:
    """A file of this process's control group and of all above it (version 2)."""
    group = next(
        (line[3:] for line in _read("/proc/self/cgroup").splitlines() if line.startswith("0::")), "/"
    )
    places = [Path("/sys/fs/cgroup", group.lstrip("/")), *Path("/sys/fs/cgroup", group.lstrip("/")).parents]
    return [
        text
        for place in places
        if place.is_relative_to("/sys/fs/cgroup") and (text := _read(str(place / name)))
    ]


def _read(path: str) -> str:
    try:
        return Path(path).read_text(errors="replace")
    except OSError:
        return ""


def facts(found: Environment) -> Mapping[str, str]:
    """The environment as short lines, by what they are about."""
    here = found.machine
    memory = f", {here.memory / 2**30:.4g} GiB" if here.memory else ""
    limits = [f"{here.cpu_limit:g} cores" if here.cpu_limit else ""]
    limits += [f"{here.memory_limit / 2**30:.4g} GiB" if here.memory_limit else ""]
    told = {
        "machine": f"{here.cpu}, {here.cores} cores{memory}",
        "limits": " and ".join(filter(None, limits)),
        "system": f"{here.system}, kernel {found.kernel}",
        "python": found.python,
        "plugin": f"pytest-asyncbench {found.plugin}",
        "packages": ", ".join(f"{name} {number}" for name, number in found.packages.items()),
        "sources": _sources(found.revision),
    }
    return {name: text for name, text in told.items() if text}


def _sources(found: Revision | None) -> str:
    if found is None:
        return ""
    state = ", with uncommitted changes" if found.dirty else ""
    return f"{found.commit[:12]} ({found.branch}){state}"
