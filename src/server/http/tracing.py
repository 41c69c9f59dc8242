"""The names of a request for people and other programs: its id, and the trace that it is a part of."""

import re
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from random import Random
from types import MappingProxyType
from typing import NamedTuple

from starlette.datastructures import Headers

_REQUEST_ID = re.compile(r"[A-Za-z0-9._:=+/-]{1,128}")
# The W3C's format: two digits for the version, then the trace, the caller's span, and flags. A version
# after 00 may have more after these. ff is not a version.
_TRACE = re.compile(r"(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-[0-9a-f]{2}(-.*)?")

_random = Random()  # noqa: S311  # An id is no secret, and the system's own source takes ten times as long.


class Trace(NamedTuple):
    id: str
    parent: str
    """The span that made the request."""


_NAMELESS: Mapping[str, str] = MappingProxyType({})
_names: ContextVar[Mapping[str, str]] = ContextVar("names", default=_NAMELESS)


class named:
    """All log lines in this block, and in tasks that it starts, have these names."""

    __slots__ = ("_names", "_token")

    def __init__(self, request_id: str, trace: Trace | None) -> None:
        self._names = {"request_id": request_id}
        if trace:
            self._names["trace_id"] = trace.id

    def __enter__(self) -> None:
        self._token = _names.set(self._names)

    def __exit__(self, *_: object) -> None:
        _names.reset(self._token)


def current_names() -> Mapping[str, str]:
    return _names.get()


def request_id_of(headers: Headers) -> str:
    """The id that came with the request, if it has only harmless characters; otherwise a new one."""
    return request_id_in(headers.get("x-request-id"))


def request_id_in(given: str | None) -> str:
    """The same for the value of the header."""
    return given if given and _REQUEST_ID.fullmatch(given) else f"{_random.getrandbits(128):032x}"


def trace_of(headers: Headers) -> Trace | None:
    """None if `traceparent` is missing or not valid."""
    return trace_in(headers.getlist("traceparent"))


def trace_in(given: Sequence[str]) -> Trace | None:
    """The same for the values of the header."""
    found = _TRACE.fullmatch(given[0]) if len(given) == 1 else None
    if found is None:
        return None
    version, id, parent, more = found.groups()
    return None if more and version == "00" else Trace(id, parent)
