"""What loading the plugin costs a suite that does not use it: CPU time of starting pytest, with and without.

    python benchmarks/startup.py [STARTS]

Starts pytest on one empty test in turn with and without `-p no:asyncbench`, and prints the minimum and the median
CPU time of each in milliseconds, and the difference. The minimum is what the machine's noise leaves alone.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

WITH, WITHOUT = [], ["-p", "no:asyncbench"]


def cpu_of_start(directory: Path, arguments: list[str]) -> float:
    """CPU milliseconds, user and system, of one start of pytest."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    enabled = ["-p", "pytest_asyncbench.plugin"] if not arguments else []
    subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *enabled, *arguments, str(directory)],
        check=True,
        env=environment,
        stdout=subprocess.DEVNULL,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return 1000 * (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def main() -> None:
    starts = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        (directory / "test_nothing.py").write_text("def test_nothing():\n    pass\n")
        times: dict[str, list[float]] = {"with": [], "without": []}
        for number in range(starts + 2):
            for label, arguments in (("with", WITH), ("without", WITHOUT)):
                time = cpu_of_start(directory, arguments)
                if number >= 2:
                    times[label].append(time)
    for label, values in times.items():
        sys.stdout.write(f"{label:8} min {min(values):6.1f} ms  median {statistics.median(values):6.1f} ms\n")
    cost = min(times["with"]) - min(times["without"])
    sys.stdout.write(f"cost     min {cost:6.1f} ms\n")


if __name__ == "__main__":
    main()
