"""Reports as files: the same value comes back, the schema describes it, and nothing half-written is seen."""

from __future__ import annotations

import json
import math
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_asyncbench.report.codec import NotThisShape, plain, read
from pytest_asyncbench.report.document import SCHEMA, Figure, Waypoint
from pytest_asyncbench.report.file import UnreadableReport, as_json, from_json, load, report_schema, write

KEPT_SCHEMA = Path(__file__).parents[2] / "docs" / "schema" / "asyncbench-1.json"
numbers = st.none() | st.floats(allow_nan=False, allow_infinity=False)


def test_what_is_written_is_read_back_as_the_same_value(report):
    assert from_json(as_json(report), "here") == report
    assert as_json(from_json(as_json(report), "here")) == as_json(report)


def test_a_report_keeps_to_the_schema_in_the_docs(report):
    schema = json.loads(KEPT_SCHEMA.read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(json.loads(as_json(report)))


def test_the_schema_in_the_docs_is_that_of_the_code():
    assert json.loads(KEPT_SCHEMA.read_text()) == report_schema(), "write report_schema() to docs/schema"


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data.pop("tests"),
        lambda data: data.update(schema="asyncbench/2"),
        lambda data: data["tests"][0]["loads"][0]["runs"][0].update(rounds="eight"),
        lambda data: data["environment"]["machine"].pop("cpu"),
    ],
)
def test_the_schema_refuses_what_the_loader_refuses(report, change):
    data = json.loads(as_json(report))
    change(data)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(data, json.loads(KEPT_SCHEMA.read_text()))
    with pytest.raises(UnreadableReport):
        from_json(json.dumps(data), "here")


def test_keys_of_later_versions_are_ignored(report):
    data = json.loads(as_json(report))
    data["later"] = data["environment"]["later"] = {"x": 1}
    assert from_json(json.dumps(data), "here") == report


@given(numbers, numbers, numbers, st.booleans())
def test_numbers_survive(ratio, low, high, look):
    point = Waypoint(3, ratio, low, high, look)
    assert read(Waypoint, json.loads(json.dumps(plain(point)))) == point


@given(st.text(), st.text())
def test_texts_survive(shown, why):
    figure = Figure(1.0, None, None, "s", shown, why)
    assert read(Figure, json.loads(json.dumps(plain(figure), ensure_ascii=False))) == figure


@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan])
def test_what_is_not_finite_is_null(value):
    assert plain({"a": [value]}) == {"a": [None]}


def test_a_boolean_is_no_number():
    with pytest.raises(NotThisShape, match=r"rounds is True"):
        read(Waypoint, {"rounds": True, "ratio": 1, "low": 1, "high": 1, "look": True})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "holds no JSON"),
        ("[]", "its schema is None"),
        ('{"schema": "asyncbench/2"}', "its schema is 'asyncbench/2'"),
        (f'{{"schema": "{SCHEMA}"}}', "report has no created"),
    ],
)
def test_other_files_are_refused_with_the_reason(tmp_path, text, message):
    (tmp_path / "x.json").write_text(text)
    with pytest.raises(UnreadableReport, match=message):
        load(tmp_path / "x.json")


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(UnreadableReport, match="cannot be read"):
        load(tmp_path / "nothing.json")


def test_a_file_is_written_whole_with_its_directories(tmp_path):
    write(tmp_path / "a" / "b.json", "new \udcff")
    assert (tmp_path / "a" / "b.json").read_text() == "new \\udcff"
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["b.json"]


def test_an_old_file_stays_when_the_new_one_cannot_be_written(tmp_path, monkeypatch):
    path = tmp_path / "r.json"
    path.write_text("old")
    monkeypatch.setattr("pytest_asyncbench.report.file.os.replace", _refuse)
    with pytest.raises(OSError, match="no room"):
        write(path, "new")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def _refuse(*_):
    raise OSError("no room")
