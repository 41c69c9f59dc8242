"""What the headers of a request that reports events say, read in one pass."""

from functools import lru_cache
from typing import NamedTuple

from starlette.types import Scope

from server.graphql.endpoint import accepted, require_acceptable
from server.http.caching import NOT_AT_ALL
from server.http.codings import Choice
from server.http.cors import require_preflight
from server.http.errors import RequestRefused
from server.http.negotiation import preferred
from server.http.read_headers import ReadRequest
from server.http.receiving import nothing
from server.http.responses import CREDENTIALS, VARY, coding_choice
from server.http.tracing import Trace, request_id_in, trace_in
from server.http.whole_answers import joined

_CREDENTIALS = {name.encode(): name for name in CREDENTIALS}
_OF_FORM = frozenset((b"accept", b"accept-encoding", b"content-type", b"content-encoding"))
_OF_OTHERS = frozenset((b"transfer-encoding", b"expect"))
"""Headers of requests that go the usual way."""
_REMEMBERED = 128


class Form(NamedTuple):
    """The form of an answer that has no errors."""

    head: bytes
    """Those of its headers that are always the same, joined."""
    codings: Choice


class ReportersHeaders(NamedTuple):
    form: Form
    credentials: dict[str, str]
    request_id: str
    trace: Trace | None


def headers_of(scope: Scope) -> ReportersHeaders | None:
    """None for a request that is refused, or whose answer is no JSON."""
    of_form: list[tuple[bytes, bytes]] = []
    credentials: dict[str, str] = {}
    request_id: str | None = None
    traces: list[str] = []
    for header in scope["headers"]:
        name = header[0]
        if name in _OF_FORM:
            of_form.append(header)
        elif name in _CREDENTIALS:
            # Of several, the first counts.
            credentials.setdefault(_CREDENTIALS[name], header[1].decode("latin-1"))
        elif name == b"x-request-id":
            if request_id is None:
                request_id = header[1].decode("latin-1")
        elif name == b"traceparent":
            traces.append(header[1].decode("latin-1"))
        elif name in _OF_OTHERS:
            return None
    form = _form(tuple(of_form))
    return form and ReportersHeaders(form, credentials, request_id_in(request_id), trace_in(traces))


@lru_cache(_REMEMBERED)
def _form(headers: tuple[tuple[bytes, bytes], ...]) -> Form | None:
    request = ReadRequest({"type": "http", "method": "POST", "headers": list(headers)}, nothing)
    try:
        require_acceptable(request)
        require_preflight(request)
    except RequestRefused:
        return None
    media_type, codings = preferred(accepted(request)), coding_choice(request)
    return None if media_type is None else Form(joined(_always(media_type)), codings)


def _always(media_type: str) -> list[tuple[bytes, bytes]]:
    return [
        (b"vary", VARY.encode()),
        (b"cache-control", NOT_AT_ALL.encode()),
        (b"content-type", f"{media_type}; charset=utf-8".encode()),
    ]
