"""What loading the plugin costs a suite that does not use it: CPU time of starting pytest, with and without.

    python benchmarks/startup.py [STARTS]

Starts pytest on one empty test in turn with the plugin (found by its entry point, so it must be installed) and with
`-p no:asyncbench`, and prints in milliseconds of CPU time: the minimum of each and their difference, and the median of
the differences from start to start. One start is noise; the two together tell.
"""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path


def cpu_of_start(directory: Path, *arguments: str) -> float:
    """CPU milliseconds, user and system, of one start of pytest."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments, str(directory)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=directory)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return 1000 * (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def main() -> None:
    starts = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        (directory / "test_nothing.py").write_text("def test_nothing():\n    pass\n")
        cpu_of_start(directory)
        pairs = [
            (cpu_of_start(directory), cpu_of_start(directory, "-p", "no:asyncbench")) for _ in range(starts)
        ]
    with_it, without = (min(times) for times in zip(*pairs, strict=True))
    typical = statistics.median(a - b for a, b in pairs)
    sys.stdout.write(f"with {with_it:.1f}  without {without:.1f}  cost {with_it - without:.1f} ms (minima)\n")
    sys.stdout.write(f"cost {typical:.1f} ms (median of {starts} differences)\n")


if __name__ == "__main__":
    main()
