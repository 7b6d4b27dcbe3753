"""Extension points: the hooks with which other packages, or a conftest.py, add to this plugin."""

from __future__ import annotations

import pytest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_asyncbench.servers.programs import Program


@pytest.hookspec
def pytest_asyncbench_server_programs(config: pytest.Config) -> Mapping[str, Program] | None:
    """Server programs to add, by name: `return {"myserver": MyServer()}`, where MyServer is a subclass of `Program`.

    Called once, before collection; the names are then known to `server_spec("myserver", "app:wsgi")` and to
    `serve(..., program="myserver")`. A name that is taken is a usage error.
    """
