"""JSON as FastAPI sends it, so that all apps answer with the same bytes."""

from typing import Any

from flask.json.provider import DefaultJSONProvider, JSONProvider


class CompactJSON(DefaultJSONProvider):
    """UTF-8 and keys in their order, without blanks and without a newline at the end."""

    ensure_ascii = False
    sort_keys = False

    def dumps(self, obj: Any, **keywords: Any) -> str:
        return super().dumps(obj, separators=(",", ":"), **keywords)

    response = JSONProvider.response
