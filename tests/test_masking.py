"""What is secret does not stand in a report."""

from __future__ import annotations

import pytest

from pytest_asyncbench.masking import HIDDEN, known_secrets, masked_command, masked_environment, masked_text


def test_variables_are_masked_by_their_names_and_wherever_their_values_stand():
    given = {
        "API_TOKEN": "t0psecret",
        "PGPASSWORD": "pass/word",
        "URL": "http://x/?t=t0psecret",
        "QUOTED": "pass%2Fword",
        "NAME": "not-t0psecrets",
        "DATABASE_URL": "postgresql://me:pass%2Fword@host/db",
    }
    assert masked_environment(given) == {
        "API_TOKEN": HIDDEN,
        "PGPASSWORD": HIDDEN,
        "URL": f"http://x/?t={HIDDEN}",
        "QUOTED": HIDDEN,
        "NAME": "not-t0psecrets",
        "DATABASE_URL": "postgresql://me:...@host/db",
    }


def test_short_values_do_not_eat_up_other_texts():
    assert masked_environment({"AUTH": "on", "MODE": "on", "X_KEY": ""}) == {
        "AUTH": HIDDEN,
        "MODE": "on",
        "X_KEY": HIDDEN,
    }


@pytest.mark.parametrize(
    ("argv", "masked"),
    [
        ("run --password s3cret --port 1", f"run --password {HIDDEN} --port 1"),
        ("run --api-key=s3cret", f"run --api-key={HIDDEN}"),
        ("run --token --verbose", "run --token --verbose"),
        ("run --ssl-keyfile /etc/key.pem", "run --ssl-keyfile /etc/key.pem"),
        ("run --dsn postgresql://u:p@h/d", "run --dsn postgresql://u:...@h/d"),
        ("run known-one", f"run {HIDDEN}"),
    ],
)
def test_command_lines(argv, masked):
    assert " ".join(masked_command(argv.split(), ["known-one"])) == masked


def test_the_longest_secret_goes_first():
    assert known_secrets({"A_TOKEN": "abcdef", "B_TOKEN": "abcdef-abcdef"}) == ("abcdef-abcdef", "abcdef")


def test_passwords_in_texts():
    assert masked_text("host=x password='a b' user=y") == "host=x password=... user=y"
    assert masked_text("postgresql://h/d?user=u&password=x&a=b") == "postgresql://h/d?user=u&password=...&a=b"
