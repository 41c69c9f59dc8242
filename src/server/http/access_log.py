"""The access log: one line for each request. It never has the answer, and of the question only the fields
that stand here and in `RequestScope.log_line`.
"""

import logging
import re
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from typing import Any

from auth.viewer import Viewer

_log = logging.getLogger("viewgraph.requests")

_NAME = re.compile(r"[_A-Za-z][_0-9A-Za-z]*")
_LONGEST_NAME = 100
_MOST_CODES = 10
_path: ContextVar[str] = ContextVar("path", default="")
"""The path of the request that this task answers, if it has a line of its own."""


def announce(path: str) -> None:
    """Notes that this request gets a line of its own."""
    _path.set(path)


def has_own_line(path: str) -> bool:
    """Whether the request that this task answers has a line of its own."""
    return path == _path.get()


def is_written() -> bool:
    return _log.isEnabledFor(logging.INFO)


def write(line: Mapping[str, Any]) -> None:
    """Writes the line, without the values that are None."""
    _log.info("request", extra={name: value for name, value in line.items() if value is not None})


def milliseconds(seconds: float) -> float:
    return round(seconds * 1000, 2)


def operation_name(given: str | None) -> str | None:
    """The name for the log. None for a text that is not a name in GraphQL: a client may send anything. A long
    name is cut.
    """
    return given[:_LONGEST_NAME] if given and _NAME.fullmatch(given) else None


def error_codes(errors: Sequence[Mapping[str, Any]]) -> list[str] | None:
    """Each code once, in the order of the errors. None if there is no error."""
    codes = dict.fromkeys(str(error["extensions"]["code"]) for error in errors)
    return list(codes)[:_MOST_CODES] or None


def viewer_kind(viewer: Viewer) -> str:
    if viewer.refusal:
        return "invalid token"
    if viewer.user_id is None:
        return "anonymous"
    if viewer.workspace_id is not None:
        return "workspace"
    return "user" if viewer.organization_id is None else "organization"
