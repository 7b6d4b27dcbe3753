"""`pytest --asyncbench-selfcheck`: figures, and no tests."""

from __future__ import annotations


def test_it_tells_the_noise_and_runs_nothing(project):
    result = project.write("def test_never():\n    assert False\n").run("--asyncbench-selfcheck")
    assert result.ret == 0
    result.stdout.re_match_lines(
        [
            r"3 launches of two equal servers",
            r"rps: slots differ by [\d.]+%, launches by about [\d.]+%",
            r"  smallest difference .*: [\d.]+% in 8 rounds \(\d+ s\), [\d.]+% in 18 .*, [\d.]+% in 30",
            r"cpu_per_request: slots differ by",
            r"load agents: up to about [\d,]+ small requests per second",
            r"this machine is ",
        ]
    )
    result.stdout.no_fnmatch_line("*test_never*")
