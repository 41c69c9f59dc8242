"""The access log: one line for each request. It never has the answer, and of the question only the fields
that stand here and in `RequestScope.log_line`.
"""

import logging
import re
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, TextIO

import orjson

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


def has_line_of_door(method: str, path: str) -> bool:
    """Whether the line of this request is never uvicorn's. Preflights have no other."""
    return path == "/graphql" and method != "OPTIONS"


class LineHandler(logging.StreamHandler[TextIO]):
    """Writes lines of requests as JSON without a record of the log, which takes ten times as long."""

    is_json = False

    def write(self, line: dict[str, Any]) -> None:
        line["timestamp"] = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%f}Z"
        try:
            with self.lock or nullcontext():
                self.stream.write(orjson.dumps(line, default=str).decode() + self.terminator)
                self.flush()
        except Exception:
            self.handleError(_log.makeRecord(_log.name, logging.INFO, "", 0, "request", (), None))


def write(line: Mapping[str, Any]) -> None:
    """Writes the line, without the values that are None."""
    given = {name: value for name, value in line.items() if value is not None}
    if len(_log.handlers) == 1 and not _log.propagate:
        (handler,) = _log.handlers
        if isinstance(handler, LineHandler) and handler.is_json:
            handler.write({"event": "request", "level": "info", "logger": _log.name, **given})
            return
    _log.info("request", extra=given)


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
