"""The access log: one line for each request. It never has the answer, and of the question only the fields
that stand here and in `RequestScope.log_line`.
"""

import logging
import re
import sys
from asyncio import get_running_loop
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, NamedTuple, TextIO

import orjson

from auth.viewer import Viewer
from server.http.tracing import Trace

_log = logging.getLogger("viewgraph.requests")
_program_log = logging.getLogger("viewgraph")

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
    _is_unread = False

    def __init__(self, stream: TextIO) -> None:
        super().__init__(stream)
        self._lines: list[str] = []
        """Lines that are not written yet."""

    def write(self, fields: str) -> None:
        """`fields`: all of the line that is its own, as in an object of JSON."""
        self._add(fields)
        self._write_all()

    def write_soon(self, fields: str) -> None:
        """Writes the line at the next turn of the event loop, together with others: one write takes as long
        as all else about a line.
        """
        if not self._lines:
            get_running_loop().call_soon(self._write_all)
        self._add(fields)

    def _add(self, fields: str) -> None:
        time = datetime.now(UTC).isoformat()[:-6]
        self._lines.append(f'{{{_OF_EACH},{fields},"timestamp":"{time}Z"}}\n')

    def _write_all(self) -> None:
        assert self.lock
        try:
            with self.lock:
                lines, self._lines = self._lines, []
                self.stream.write("".join(lines))
                self.stream.flush()
        except Exception:
            self.handleError(_log.makeRecord(_log.name, logging.INFO, "", 0, "request", (), None))

    def handleError(self, record: logging.LogRecord) -> None:
        """If nobody reads the lines any more, the server goes on, and says so once."""
        if not isinstance(sys.exc_info()[1], BrokenPipeError):
            super().handleError(record)
        elif not self._is_unread:
            self._is_unread = True
            _program_log.warning("Nobody reads the standard output: lines about requests are lost.")


_OF_EACH = f'"event":"request","level":"info","logger":"{_log.name}"'


def fields_of(line: Mapping[str, Any]) -> str:
    """The fields as in an object of JSON."""
    return orjson.dumps(line, default=str).decode()[1:-1]


class RepeatedLine(NamedTuple):
    """The line of a request that is like others before it."""

    line: Mapping[str, Any]
    """What all have in common."""
    fields: str
    """The same as in an object of JSON."""

    def write(
        self, request_id: str, trace: Trace | None, method: str, status: int, size: int, seconds: float
    ) -> None:
        if handler := _line_handler():
            parts = f'"trace_id":"{trace.id}","parent_id":"{trace.parent}",' if trace else ""
            handler.write_soon(
                f'"request_id":"{request_id}",{parts}"method":"{method}","status":{status},"bytes":{size},'
                f'"duration_ms":{1000 * seconds:.2f},{self.fields}'
            )
            return
        write(
            {
                "request_id": request_id,
                "trace_id": trace.id if trace else None,
                "parent_id": trace.parent if trace else None,
                "method": method,
                "status": status,
                "bytes": size,
                "duration_ms": milliseconds(seconds),
                **self.line,
            }
        )


def repeated_line(line: Mapping[str, Any]) -> RepeatedLine:
    given = {name: value for name, value in line.items() if value is not None}
    return RepeatedLine(given, fields_of(given))


def _line_handler() -> LineHandler | None:
    """None if the lines are written otherwise than as JSON, or by somebody else too."""
    if len(_log.handlers) != 1 or _log.propagate:
        return None
    handler = _log.handlers[0]
    return handler if isinstance(handler, LineHandler) and handler.is_json else None


def write(line: Mapping[str, Any]) -> None:
    """Writes the line, without the values that are None."""
    given = {name: value for name, value in line.items() if value is not None}
    if handler := _line_handler():
        handler.write(fields_of(given))
    else:
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
