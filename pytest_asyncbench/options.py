"""Every option: its name, its default, what it may be. Command line > ini > default.

On the start path of every pytest run: it declares, and nothing else; `settings.py` reads and checks.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    import pytest


class Option:
    """One option with a value; also `asyncbench_NAME` in ini. `kind` names the check in `settings.py`."""

    __slots__ = ("default", "help", "kind", "many", "metavar", "name")

    def __init__(
        self, name: str, default: str | None, metavar: str, kind: str, help: str, many: bool = False
    ) -> None:
        self.name = name
        self.default = default
        self.metavar = metavar
        self.kind = kind
        self.help = help
        self.many = many

    @property
    def key(self) -> str:
        """The ini key: `asyncbench_max_time` for "max-time"."""
        return "asyncbench_" + self.name.replace("-", "_")


OPTIONS = (
    Option(
        "duration", None, "TIME", "time", "measure this long per variant, instead of until all is decided"
    ),
    Option("slot", "0.5s", "TIME", "positive_time", "shortest length of a slot (one variant under load)"),
    Option(
        "warmup", None, "TIME", "time", "length of a server's warm-up (default: until steady, 2 s to 10 s)"
    ),
    Option(
        "rounds", None, "N", "rounds", "rounds at most: 8, 12, 18, 30 (default: 30; 12 without statements)"
    ),
    Option("max-time", "300s", "TIME", "positive_time", "time at most for one load call"),
    Option("confidence", "0.95", "SHARE", "confidence", "1 - the error rate promised for a claim"),
    Option("launch-allowance", "5%", "SHARE", "factor", "by how much launches of one server may differ"),
    Option(
        "seed", None, "N", "integer", "seed of the coin that orders the slots (default: drawn, and printed)"
    ),
    Option(
        "agents",
        "1",
        "N|dask://HOST:PORT",
        "agents",
        "processes that generate the load as one: so many here, or one on each worker of a Dask cluster",
    ),
    Option("inconclusive", "skip", "skip|fail|pass", "inconclusive", "what an INCONCLUSIVE verdict becomes"),
    Option(
        "url",
        None,
        "[VARIANT=]URL",
        "urls",
        "load goes to this server, which runs already, instead of the one that a test describes; once per variant",
        many=True,
    ),
    Option("postgres", "auto", "auto|system|embedded|DSN", "text", "where PostgreSQL comes from"),
    Option("postgres-profile", "fast", "fast|durable", "profile", "how PostgreSQL is set"),
    Option(
        "against", None, "REV", "text", "judge no_regression(metric=...) against this git revision, run live"
    ),
    Option(
        "against-python",
        None,
        "PYTHON",
        "text",
        "interpreter or virtual environment of the revision's servers",
    ),
    Option("json", None, "PATH", "text", "write everything that was measured as JSON (schema asyncbench/1)"),
    Option("markdown", None, "PATH", "text", "write the verdicts as Markdown, to $GITHUB_STEP_SUMMARY too"),
    Option("html", None, "PATH", "text", "write a report with pictures, one file that opens offline"),
    Option("save", None, "NAME", "saved", "keep this run as NAME in .asyncbench/"),
    Option("compare", None, "NAME", "saved", "judge no_regression(metric=...) against the kept run NAME"),
)

INI_ONLY: tuple[tuple[str, str, Any, str], ...] = (
    (
        "asyncbench_database_load",
        "linelist",
        [],
        "what is loaded into the template database of a whole suite",
    ),
    (
        "asyncbench_upstream_port",
        "string",
        "",
        "port of the upstream fixture, for apps that have it written down (default: a free one)",
    ),
    ("asyncbench_server", "string", "", "the server of tests that name none, as 'package.module:SPEC'"),
)


def add_options(parser: pytest.Parser) -> None:
    """Declare every option and ini key."""
    group = parser.getgroup("asyncbench", "performance statements about web services (pytest-asyncbench)")
    for option in OPTIONS:
        default = f" (default: {option.default})".replace("%", "%%") if option.default else ""  # for argparse
        flag = f"--asyncbench-{option.name}"
        action, kind = ("append", "linelist") if option.many else ("store", "string")
        group.addoption(flag, action=action, metavar=option.metavar, default=None, help=option.help + default)
        parser.addini(option.key, f"{flag}: {option.help}", type=kind, default=None)  # type: ignore[arg-type]
    smoke = "one checked request per variant, no verdicts: are the tests themselves sound?"
    group.addoption("--asyncbench-smoke", action="store_true", default=None, help=smoke)
    undo = {"action": "store_false", "dest": "asyncbench_smoke"}
    group.addoption("--asyncbench-no-smoke", **undo, help="undo asyncbench_smoke of ini")
    parser.addini("asyncbench_smoke", f"--asyncbench-smoke: {smoke}", type="bool", default=False)
    everything = "with -against: every load test states no_regression(metric='rps', within='10%')"
    group.addoption(
        "--asyncbench-against-all", action="store_true", default=None, help=everything.replace("%", "%%")
    )
    parser.addini(
        "asyncbench_against_all", f"--asyncbench-against-all: {everything}", type="bool", default=False
    )
    group.addoption("--asyncbench-skip", action="store_true", help="deselect the tests that use load")
    group.addoption("--asyncbench-only", action="store_true", help="select only the tests that use load")
    selfcheck = "how noisy is this machine, and what can it decide? Takes half a minute, and runs no tests"
    group.addoption("--asyncbench-selfcheck", action="store_true", help=selfcheck)
    for key, kind, nothing, text in INI_ONLY:
        parser.addini(key, text, type=kind, default=nothing)  # type: ignore[arg-type]


def are_given(config: pytest.Config) -> bool:
    """Whether any option with a value was given, on the command line or in ini."""
    return any(config.getoption(o.key) is not None or config.getini(o.key) for o in OPTIONS)
