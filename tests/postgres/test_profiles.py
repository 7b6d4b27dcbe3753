from __future__ import annotations

import pytest

from pytest_asyncbench.errors import SpecError
from pytest_asyncbench.postgres.profiles import cluster_settings, configuration


def test_fast_and_durable_differ_in_safety_only():
    fast, durable = (cluster_settings(profile, {}, ()) for profile in ("fast", "durable"))
    assert {name for name in fast if fast[name] != durable[name]} == {
        "fsync",
        "full_page_writes",
        "synchronous_commit",
    }
    assert durable["fsync"] is True


def test_given_settings_win_whatever_their_case():
    settings = cluster_settings("fast", {"MAX_CONNECTIONS": 300, "timezone": "Europe/Berlin"}, ())
    assert settings["max_connections"] == 300
    assert settings["TimeZone"] == "Europe/Berlin"
    assert "MAX_CONNECTIONS" not in settings


def test_preloaded_libraries_add_up():
    given = {"shared_preload_libraries": "auto_explain, pg_stat_statements"}
    settings = cluster_settings("fast", given, ("pg_stat_statements",))
    assert settings["shared_preload_libraries"] == "auto_explain,pg_stat_statements"
    assert cluster_settings("fast", {}, ())["shared_preload_libraries"] == ""


def test_wal_senders_follow_wal_level():
    assert cluster_settings("fast", {}, ())["max_wal_senders"] == 0
    assert "max_wal_senders" not in cluster_settings("fast", {"wal_level": "logical"}, ())


@pytest.mark.parametrize(
    ("profile", "given", "message"),
    [
        ("quick", {}, "fast and durable"),
        ("fast", {"port": 5432}, "cannot be given"),
        ("fast", {"max connections": 3}, "not the name"),
        ("fast", {"": 3}, "not the name"),
    ],
)
def test_what_cannot_be_meant(profile, given, message):
    with pytest.raises(SpecError, match=message):
        cluster_settings(profile, given, ())


def test_configuration_file():
    text = configuration({"jit": False, "a.b": "it's a \\ test", "max_connections": 200})
    assert text.splitlines() == ["jit = off", "a.b = 'it''s a \\\\ test'", "max_connections = '200'"]
    with pytest.raises(SpecError, match="one line"):
        configuration({"work_mem": "1MB'\nfsync = on"})
