"""GET /reports/TOKEN: the file that a signed link stands for."""

from collections.abc import Iterator
from tempfile import TemporaryFile
from typing import IO
from urllib.parse import quote

import orjson
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from reports import Report, ReportForm, write
from resolvers.context import Context, Services
from resolvers.report_links import linked_report
from resolvers.reports import ReportFileKey, Reports
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
            key, size = await in_time(context, _made(context, token, file), what="report", is_safe=True)
        except Exception as error:
            status, body, retry = plain(error)
            scope.note_error(body["code"])
            return Response(orjson.dumps(body), status, {**named, **retry}, "application/json")
        headers = {
            **named,
            "content-disposition": disposition(key.filename),
            "content-length": str(size),
        }
        return StreamingResponse(_chunks(file), 200, headers, key.form.format.content_type)


async def _made(context: Context, token: str, file: IO[bytes]) -> tuple[ReportFileKey, int]:
    """Writes the file, and returns its description and its size in bytes. The report shows one moment."""
    context.begin_snapshot()
    key = await linked_report(context, token)
    report = await Reports(context.loaders).of(key.scope, key.form.rows)
    context.end_snapshot()
    return key, await run_in_threadpool(_written, report, key.form, file)


def _written(report: Report, form: ReportForm, file: IO[bytes]) -> int:
    """Writes the file, goes back to its start, and returns its size in bytes."""
    write(report, form, file)
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
