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

from database import metered
from reports import Report, ReportFormat, write
from resolvers.context import Context, Services
from resolvers.report_links import linked_report
from resolvers.reports import DocumentKey, Reports
from server.http.errors import plain

_CHUNK = 64 * 1024
_PRIVATE = {"cache-control": "private, no-store", "x-content-type-options": "nosniff"}


class ReportEndpoint:
    """Each is made in a thread, into a file that is gone when it was sent."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with TemporaryFile() as file:
            answer = await self._answer(Request(scope, receive).path_params["token"], file)
            await answer(scope, receive, send)

    async def _answer(self, token: str, file: IO[bytes]) -> Response:
        try:
            with metered():
                key, report = await self._read(token)
            size = await run_in_threadpool(_written, report, key.format, file)
        except Exception as error:
            status, body, retry = plain(error)
            return Response(orjson.dumps(body), status, {**_PRIVATE, **retry}, "application/json")
        headers = {
            **_PRIVATE,
            "content-disposition": disposition(key.filename),
            "content-length": str(size),
        }
        return StreamingResponse(_chunks(file), 200, headers, key.format.content_type)

    async def _read(self, token: str) -> tuple[DocumentKey, Report]:
        context = Context(self._services, now=self._services.clock())
        context.begin_snapshot()
        try:
            key = await linked_report(context, token)
            return key, await Reports(context.loaders).of(key.scope)
        finally:
            context.end_snapshot()


def _written(report: Report, format: ReportFormat, file: IO[bytes]) -> int:
    """The size in bytes; the file stands at its start again."""
    write(report, format, file)
    size = file.tell()
    file.seek(0)
    return size


def _chunks(file: IO[bytes]) -> Iterator[bytes]:
    """Read in threads, as iterators that are not asynchronous are."""
    return iter(lambda: file.read(_CHUNK), b"")


def disposition(filename: str) -> str:
    """By RFC 6266: a name in ASCII for whoever reads nothing else, and the whole one as RFC 8187 has it."""
    plain = filename.encode("ascii", "replace").decode().replace("?", "_")
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(filename, safe='')}"
