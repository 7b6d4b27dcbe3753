"""The same as somebody who is not root, with a home that does not exist, as `nobody` has."""

from __future__ import annotations

import os

import pytest

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")

CODE = """
import os, sys
from pytest_asyncbench.postgres import provide
with provide(sys.argv[1]) as cluster, cluster.database() as database, database.connect() as connection:
    directory = cluster._server.directory.path
    owner = os.stat(directory).st_uid
    print(os.geteuid(), owner, oct(os.stat(directory).st_mode & 0o777), connection.execute("SELECT 1").fetchone()[0])
print(directory.exists())
"""


@pytest.mark.parametrize("times", ["cold", "warm"])
def test_as_nobody(as_nobody, choice, times):
    done = as_nobody("-c", CODE, choice)
    assert done.stderr == ""
    assert done.stdout.split() == ["65534", "65534", "0o700", "1", "False"]
