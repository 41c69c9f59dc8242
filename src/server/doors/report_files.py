"""GET /reports/TOKEN: the file that a signed link stands for."""

from collections.abc import Iterator
from tempfile import TemporaryFile
from typing import IO, NamedTuple
from urllib.parse import quote

import orjson
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from reports import Report, ReportForm, write
from resolvers.context import Context, Services
from resolvers.person_links import FILENAME, asks_for_person, linked_person
from resolvers.report_links import linked_report
from resolvers.reports import Reports
from server.http.errors import plain
from server.http.request_scope import RequestScope, request_scope
from server.http.time_limit import in_time

_CHUNK = 64 * 1024
_PATH = "/reports"
"""The path in the log, which never has the token."""
_PRIVATE = {"cache-control": "private, no-store", "x-content-type-options": "nosniff"}


class ReportEndpoint:
    """Writes each report in a thread, into a temporary file."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def __call__(self, asgi: Scope, receive: Receive, send: Send) -> None:
        request = Request(asgi, receive)
        with TemporaryFile() as file:
            with request_scope(request, request.method) as scope:
                scope.log_fields["path"] = _PATH
                response = await self._response(request.path_params["token"], file, scope)
                scope.is_answered, scope.status = True, response.status_code
                scope.body_bytes = int(response.headers["content-length"])
            await response(asgi, receive, send)

    async def _response(self, token: str, file: IO[bytes], scope: RequestScope) -> Response:
        named = {**_PRIVATE, "x-request-id": scope.id}
        context = scope.open_context(self._services)
        try:
            made = await in_time(context, _made(context, token, file), what="report", is_safe=True)
        except Exception as error:
            status, body, retry = plain(error)
            scope.note_error(body["code"])
            return Response(orjson.dumps(body), status, {**named, **retry}, "application/json")
        headers = {
            **named,
            "content-disposition": disposition(made.name),
            "content-length": str(made.size),
        }
        return StreamingResponse(_chunks(file), 200, headers, made.content_type)


class _Made(NamedTuple):
    name: str
    size: int
    """In bytes."""
    content_type: str


async def _made(context: Context, token: str, file: IO[bytes]) -> _Made:
    """Writes the file. It shows one moment."""
    link = context.services.links.read(token, context.now)
    if asks_for_person(link):
        async for part in await linked_person(context, link):
            await run_in_threadpool(file.write, part)
        return _Made(FILENAME, _rewound(file), "application/json")
    context.begin_snapshot()
    key = await linked_report(context, link)
    report = await Reports(context.loaders).of(key.scope, key.form.rows)
    context.end_snapshot()
    size = await run_in_threadpool(_written, report, key.form, file)
    return _Made(key.filename, size, key.form.format.content_type)


def _written(report: Report, form: ReportForm, file: IO[bytes]) -> int:
    """Writes the file, goes back to its start, and returns its size in bytes."""
    write(report, form, file)
    return _rewound(file)


def _rewound(file: IO[bytes]) -> int:
    size = file.tell()
    file.seek(0)
    return size


def _chunks(file: IO[bytes]) -> Iterator[bytes]:
    """The content in pieces. Starlette reads an iterator that is not asynchronous in a thread."""
    return iter(lambda: file.read(_CHUNK), b"")


def disposition(filename: str) -> str:
    """The header of RFC 6266, with the name in ASCII for old clients, and the whole name by RFC 8187."""
    plain = filename.encode("ascii", "replace").decode().replace("?", "_")
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(filename, safe='')}"
