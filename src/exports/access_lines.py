"""Lines of web servers' access logs. Each is a request."""

import json
import re
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from base.instants import InvalidInstant
from exports.export import Export
from exports.values import InvalidValue

_QUOTED: Final = r'"(?P<{}>(?:[^"\\]|\\.)*)"'
# The common log format, with a host in front or without, and with referrer and user agent or without.
_COMMON: Final = re.compile(
    r"(?:(?P<host>\S+) )?(?P<address>\S+) \S+ \S+ \[(?P<at>[^]]+)\] "
    + _QUOTED.format("request")
    + r" (?P<status>\d{3}) \S+"
    + f"(?: {_QUOTED.format('referrer')} {_QUOTED.format('agent')})?.*"
)
_TIME: Final = re.compile(r"(\d\d)/(\w{3})/(\d{4}):(\d\d:\d\d:\d\d)(?: ([+-]\d{4}))?", re.ASCII)
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class Request(NamedTuple):
    address: str
    """Of the client."""
    at: datetime
    method: str
    url: str
    status: int
    host: str | None = None
    agent: str | None = None
    """None if the log has no user agents."""


def request_in(line: str, export: Export) -> Request:
    """Raises InvalidValue and InvalidInstant."""
    try:
        return _of_json(json.loads(line), export) if line.startswith("{") else _of_text(line, export)
    except (InvalidInstant, InvalidValue):
        raise
    except (LookupError, TypeError, ValueError, OverflowError, OSError, RecursionError, AttributeError):
        raise InvalidValue("it is no request as nginx or Caddy write them in JSON") from None


def _of_text(line: str, export: Export) -> Request:
    found = _COMMON.fullmatch(line)
    if found is None:
        raise InvalidValue("it is neither in the common log format nor in one that extends it")
    method, url = (*found["request"].split(" "), "")[:2]
    at = export.instant(_spelled(found["at"]))
    return Request(found["address"], at, method, url, int(found["status"]), found["host"], found["agent"])


def _spelled(time: str) -> str:
    """As databases write it."""
    found = _TIME.fullmatch(time)
    if found is None:
        raise InvalidValue(f"{time[:40]!r} is no time such as 01/Mar/2026:23:59:58 +0100")
    day, month, year, clock, offset = found.groups("")
    if month not in _MONTHS:
        raise InvalidValue(f"{month} is no month, such as Mar")
    return f"{year}-{_MONTHS.index(month) + 1:02}-{day}T{clock}{offset}"


def _of_json(line: dict[str, Any], export: Export) -> Request:
    request = _of_caddy(line) if "request" in line else _of_nginx(line, export)
    texts = (request.address, request.method, request.url, request.host or "", request.agent or "")
    if not all(isinstance(text, str) for text in texts):
        raise TypeError
    return request


def _of_nginx(line: dict[str, Any], export: Export) -> Request:
    """In the shape that Matomo describes for nginx. It has no method."""
    return Request(
        line["ip"],
        export.instant(line["date"]),
        line.get("method", "GET"),
        line["path"],
        int(line["status"]),
        line.get("host"),
        line.get("user_agent"),
    )


def _of_caddy(line: dict[str, Any]) -> Request:
    request = line["request"]
    agents = request.get("headers", {}).get("User-Agent", [""])
    return Request(
        request.get("client_ip") or request["remote_ip"],
        datetime.fromtimestamp(line["ts"], UTC),
        request["method"],
        request["uri"],
        int(line["status"]),
        request.get("host"),
        agents[0],
    )
