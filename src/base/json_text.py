"""Answers as JSON."""

from typing import Any

import orjson


def json_text(value: Any) -> bytes:
    """Instants in UTC end in Z, as those that the schema shows."""
    return orjson.dumps(value, option=orjson.OPT_UTC_Z)
