"""Frozen dataclasses of plain values <-> JSON, and the JSON Schema that describes it: all from their annotations."""

from __future__ import annotations

import math
import types
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from pytest_asyncbench.errors import AsyncBenchError

T = TypeVar("T")

SCALARS: Mapping[object, str] = {str: "string", int: "integer", float: "number", bool: "boolean"}


class NotThisShape(AsyncBenchError):
    """A file that does not hold what it should."""


def plain(value: object) -> Any:
    """A value as JSON knows it: what is not finite becomes None; fields that are None by default are left out."""
    if is_dataclass(value) and not isinstance(value, type):
        present = ((each, getattr(value, each.name)) for each in fields(value))
        return {
            each.name: plain(held) for each, held in present if not (held is None and each.default is None)
        }
    if isinstance(value, Mapping):
        return {_key(name): plain(held) for name, held in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(held) for held in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if value is None or isinstance(value, str | int) else str(value)


def _key(name: object) -> str:
    """A key of JSON is a text; of several parts, those that are not empty."""
    return " / ".join(str(part) for part in name if part) if isinstance(name, tuple) else str(name)


def read(kind: type[T], data: object, where: str = "report") -> T:
    """The value of that kind in what JSON gave. Keys that it does not have are ignored. Raises NotThisShape."""
    return cast(T, _read(kind, data, where))


def schema(kind: type[Any], title: str) -> dict[str, Any]:
    """The JSON Schema (2020-12) of a dataclass and of all that it holds."""
    found: dict[str, Any] = {}
    top = _schema(kind, found)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": title,
        **top,
        "$defs": dict(sorted(found.items())),
    }


def _hints(kind: Any) -> Mapping[str, Any]:
    return get_type_hints(kind)


def _read(kind: Any, data: object, where: str) -> object:
    if kind is Any:
        return data
    if isinstance(kind, type) and is_dataclass(kind):
        return _read_fields(kind, _require(data, dict, where), where)
    origin, held = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        return None if data is None else _read(_known(held), data, where)
    if origin is tuple:
        return tuple(_read(held[0], item, where) for item in _require(data, list, where))
    if origin is not None and issubclass(origin, Mapping):
        given = _require(data, dict, where)
        return {name: _read(held[1], item, f"{where}.{name}") for name, item in given.items()}
    if kind is int and isinstance(data, float) and data.is_integer():  # one type in JSON
        return int(data)
    allowed = (int, float) if kind is float else (kind,)
    if not isinstance(data, allowed) or (isinstance(data, bool) and kind is not bool):
        raise NotThisShape(f"{where} is {data!r:.80}, and should be a {SCALARS[kind]}")
    return data


def _read_fields(kind: type[Any], data: Mapping[str, object], where: str) -> object:
    hints = _hints(kind)
    given = {}
    for each in fields(kind):
        if each.name in data:
            given[each.name] = _read(hints[each.name], data[each.name], f"{where}.{each.name}")
        elif _is_required(each):
            raise NotThisShape(f"{where} has no {each.name}")
    return kind(**given)


def _require(data: object, kind: type[T], where: str) -> T:
    if not isinstance(data, kind):
        raise NotThisShape(f"{where} is {data!r:.80}, and should be a {kind.__name__}")
    return data


def _known(held: tuple[Any, ...]) -> Any:
    return next(kind for kind in held if kind is not type(None))


def _is_required(each: Field[Any]) -> bool:
    return each.default is MISSING and each.default_factory is MISSING


def _schema(kind: Any, found: dict[str, Any]) -> dict[str, Any]:
    if kind is Any:
        return {}
    if isinstance(kind, type) and is_dataclass(kind):
        if kind.__name__ not in found:
            found[kind.__name__] = {}
            found[kind.__name__] = _schema_of_fields(kind, found)
        return {"$ref": f"#/$defs/{kind.__name__}"}
    origin, held = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        return {"anyOf": [_schema(_known(held), found), {"type": "null"}]}
    if origin is tuple:
        return {"type": "array", "items": _schema(held[0], found)}
    if origin is not None and issubclass(origin, Mapping):
        return {"type": "object", "additionalProperties": _schema(held[1], found)}
    return {"type": SCALARS[kind]}


def _schema_of_fields(kind: type[Any], found: dict[str, Any]) -> dict[str, Any]:
    hints = _hints(kind)
    each = {item.name: _schema(hints[item.name], found) for item in fields(kind)}
    if (told := next((item for item in fields(kind) if item.name == "schema"), None)) is not None:
        each["schema"] = {"const": told.default}
    return {
        "type": "object",
        "description": " ".join((kind.__doc__ or "").split()),
        "properties": each,
        "required": [item.name for item in fields(kind) if item.default is not None],
    }
