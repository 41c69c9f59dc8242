"""The format of the log: each record is a line of JSON or, on a terminal, a line for people."""

import logging
import re
import sys
from collections.abc import MutableMapping
from datetime import UTC, datetime
from typing import Any, Literal, TextIO, TypeAlias

import orjson

from server.http import access_log
from server.http.tracing import current_names

LogFormat = Literal["auto", "json", "text"]
_Line: TypeAlias = MutableMapping[str, Any]

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_REPEATED = ("color_message", "message")
"""Copies of the text: uvicorn adds one with colours, and other handlers add the formatted text."""
_NOT_SHOWN = frozenset({*logging.makeLogRecord({}).__dict__, *_REPEATED})
"""Attributes of every record."""
_SIGNED = re.compile(r"/reports/[^/?]+")
_ASKED = re.compile(r"(/graphql)\?.*", re.DOTALL)


def logging_config(level: str, format: LogFormat, collect_path: str = "/collect") -> dict[str, Any]:
    """The configuration for logging.config, and for uvicorn, which passes it to each worker. The lines of
    uvicorn, of the program and of libraries have one format. Lines about requests go to the standard output,
    all others to stderr.
    """
    ours = {"handlers": ["default"], "level": level.upper(), "propagate": False}
    access = {"handlers": ["access"], "level": "INFO", "propagate": False}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {
            "without_own_lines": {"()": WithoutOwnLines, "collect_path": collect_path},
            "redacting": {"()": Redacting},
        },
        "formatters": {
            stream: {"()": "server.logs.formatter", "written": format, "stream": stream}
            for stream in ("stdout", "stderr")
        },
        "handlers": {
            "default": _handler("stderr"),
            "access": {
                "()": "server.logs.line_handler",
                "formatter": "stdout",
                "stream": "ext://sys.stdout",
                "written": format,
            },
        },
        "loggers": {
            "uvicorn": ours,
            # uvicorn logs here that it accepted a WebSocket.
            "uvicorn.error": {"filters": ["redacting"]},
            "uvicorn.access": {**access, "filters": ["without_own_lines", "redacting"]},
            "viewgraph": ours,
            "viewgraph.requests": {**access, "level": level.upper()},
        },
        "root": {"handlers": ["default"], "level": "WARNING"},
    }


def _handler(stream: str) -> dict[str, Any]:
    return {"class": "logging.StreamHandler", "formatter": stream, "stream": f"ext://sys.{stream}"}


def line_handler(stream: TextIO, written: LogFormat) -> access_log.LineHandler:
    handler = access_log.LineHandler(stream)
    handler.is_json = _is_json(written, stream)
    return handler


def _is_json(written: LogFormat, stream: TextIO) -> bool:
    return written == "json" or (written == "auto" and not stream.isatty())


def formatter(written: LogFormat, stream: Literal["stdout", "stderr"]) -> logging.Formatter:
    file = getattr(sys, stream)
    return _JsonLines() if _is_json(written, file) else _for_people(colors=file.isatty())


class _JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {
            "event": record.getMessage(),
            "level": record.levelname.lower(),
            "logger": record.name,
            **{name: value for name, value in record.__dict__.items() if name not in _NOT_SHOWN},
            **current_names(),
            "timestamp": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        if record.stack_info:
            line["stack_info"] = record.stack_info
        return orjson.dumps(line, default=str).decode()


def _for_people(*, colors: bool) -> logging.Formatter:
    # With all that it brings along, it takes four megabytes, and servers write JSON.
    import structlog
    from structlog.stdlib import ExtraAdder, ProcessorFormatter, add_log_level, add_logger_name

    # The other exception formatters show the values of variables, which may be secret.
    shown = structlog.dev.ConsoleRenderer(
        colors=colors, pad_event_to=0, exception_formatter=structlog.dev.plain_traceback
    )
    return ProcessorFormatter(
        foreign_pre_chain=[
            add_log_level,
            add_logger_name,
            ExtraAdder(),
            _with_names,
            structlog.processors.TimeStamper(fmt="iso"),
        ],
        processors=[ProcessorFormatter.remove_processors_meta, _without_repetition, _on_one_line, shown],
    )


def _with_names(_: Any, __: str, line: _Line) -> _Line:
    line.update(current_names())
    return line


def _without_repetition(_: Any, __: str, line: _Line) -> _Line:
    for name in _REPEATED:
        line.pop(name, None)
    return line


def _on_one_line(_: Any, __: str, line: _Line) -> _Line:
    """Escapes control characters. A text from outside, such as another network's message, must not start a
    new line or move a cursor.
    """
    return {name: _escaped(value) if isinstance(value, str) else value for name, value in line.items()}


def _escaped(text: str) -> str:
    return _CONTROL.sub(lambda found: repr(found[0])[1:-1], text)


class WithoutOwnLines(logging.Filter):
    """Drops uvicorn's access line of a request that has a line of its own."""

    def __init__(self, collect_path: str = "/collect") -> None:
        super().__init__()
        self._doors = {"/collect", collect_path}

    def filter(self, record: logging.LogRecord) -> bool:
        # uvicorn's arguments are address, method, path, version and status.
        if not isinstance(record.args, tuple) or len(record.args) < 3:
            return True
        path = str(record.args[2]).partition("?")[0]
        if access_log.has_own_line(path):
            return False
        # A preflight to /graphql is answered before the request has a line.
        return path not in self._doors and (path != "/graphql" or record.args[1] == "OPTIONS")


class Redacting(logging.Filter):
    """Cuts two things from uvicorn's lines. The token of a report's link would let anybody open the report.
    The query string of /graphql has the variables of a GET, and some clients write their token into the URL
    of a WebSocket.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(_redacted(one) if isinstance(one, str) else one for one in record.args)
        return True


def _redacted(text: str) -> str:
    return _ASKED.sub(r"\1?...", _SIGNED.sub("/reports/...", text))
