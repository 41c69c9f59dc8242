"""GraphQL over HTTP: a request in, a JSON answer out, whatever happens between."""

import logging
from asyncio import timeout
from collections.abc import Mapping
from time import perf_counter
from types import MappingProxyType
from typing import Any, NamedTuple

import orjson
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from strawberry.types import ExecutionResult
from strawberry.types.execution import PreExecutionError

from auth.sign_in import Bearers, viewer_of
from base.errors import BadUserInput, ExpectedError
from graph.events import Recording
from graph.schema import execute, recording_in
from resolvers.context import Context, Services
from resolvers.course import Described, Lifetime
from server.codings import QUICKEST
from server.documents import Documents
from server.errors import MASKED, Code, Refused, error_body, formatted
from server.graphiql import GraphiQL
from server.line import log_request
from server.negotiation import GRAPHQL_JSON, JSON, preferred
from server.operation import Operation, operation_in_body, operation_in_url, require_one_operation
from server.origins import require_preflight
from server.sealing import READING, Contents, choice_of, sealed
from server.timing import Shown, server_timing
from server.trip import Trip, trip_of

log = logging.getLogger("viewgraph")

_CLIENT_IS_GONE = 499


class Answer(NamedTuple):
    body: dict[str, Any]
    status: int | None = None
    """None where it follows from the body and the media type."""
    headers: Mapping[str, str] = MappingProxyType({})
    lifetime: Lifetime | None = None
    """None where nobody is to keep it."""


class Endpoint:
    """Answers with JSON, by POST and, if it is a query, by GET; shows GraphiQL to browsers that GET."""

    def __init__(
        self,
        services: Services,
        documents: Documents,
        *,
        max_body_bytes: int,
        max_body_seconds: int,
        graphiql: GraphiQL | None,
        draft_statuses: bool = False,
        server_timing: Shown = Shown.VIEWERS,
        log_documents: bool = False,
    ) -> None:
        self._services = services
        self._documents = documents
        self._max_body_bytes = max_body_bytes
        self._max_body_seconds = max_body_seconds
        self._has_draft_statuses = draft_statuses
        self._graphiql = graphiql
        self._server_timing = server_timing
        self._log_documents = log_documents

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        with trip_of(request) as trip:
            response = await self._response(request, trip)
            log_request(trip, request, response, documents=self._log_documents)
        await response(scope, receive, send)

    async def _response(self, request: Request, trip: Trip) -> Response:
        accepted = request.headers.get("accept", "")
        if self._graphiql and request.method in READING and "text/html" in accepted:
            return self._graphiql.page()
        media_type = preferred(", ".join(request.headers.getlist("accept")))
        try:
            answer = await self._answer(request, trip, is_acceptable=media_type is not None)
            content = orjson.dumps(answer.body)
        except ClientDisconnect:
            return Response(status_code=_CLIENT_IS_GONE)
        except Exception:
            log.exception("Request %s failed", trip.id)
            answer = Answer(error_body(MASKED, {"code": Code.INTERNAL_SERVER_ERROR}, trip.id), 500)
            content = orjson.dumps(answer.body)
        trip.errors = answer.body.get("errors", [])
        status = answer.status or self._status(answer.body, media_type)
        contents = Contents(content, status, f"{media_type or JSON}; charset=utf-8", answer.lifetime)
        response = await sealed(request, contents, {"x-request-id": trip.id, **answer.headers})
        response.headers.update(server_timing(trip, self._server_timing))
        return response

    def _status(self, body: dict[str, Any], media_type: str | None) -> int:
        """Of a request that was well formed: application/json says 200, whatever came of it."""
        if media_type != GRAPHQL_JSON or "errors" not in body:
            return 200
        if "data" in body:
            return 294 if self._has_draft_statuses else 200
        is_parsed = body["errors"][0]["extensions"]["code"] != Code.GRAPHQL_PARSE_FAILED
        return 422 if is_parsed and self._has_draft_statuses else 400

    async def _answer(self, request: Request, trip: Trip, *, is_acceptable: bool) -> Answer:
        try:
            if request.method not in (*READING, "POST"):
                raise Refused(
                    "Send queries by GET or POST, and mutations by POST.",
                    Code.BAD_REQUEST,
                    405,
                    allow="GET, HEAD, POST",
                )
            if not is_acceptable:
                raise Refused(f"Accept `{GRAPHQL_JSON}` or `{JSON}`.", Code.BAD_REQUEST, 406)
            if choice_of(request).large is None:
                raise Refused(f"Accept an encoding: {', '.join(QUICKEST)} or none.", Code.BAD_REQUEST, 406)
            require_preflight(request)
            operation = await self._operation(request)
            return await self._result(request, operation, trip)
        except Refused as refused:
            body = error_body(refused.message, {"code": refused.code}, trip.id)
            return Answer(body, refused.status, refused.headers)
        except BadUserInput as error:
            # A variable that does not fit, in a request that is well formed.
            return Answer(error_body(error.message, error.extensions, trip.id))
        except ExpectedError as error:
            return Answer(error_body(error.message, error.extensions, trip.id), error.status)

    async def _result(self, request: Request, operation: Operation, trip: Trip) -> Answer:
        document = self._documents.find(operation)
        if not document:
            raise Refused("The `query` is empty.", Code.GRAPHQL_PARSE_FAILED)
        require_one_operation(document, operation.operationName)
        trip.document = document
        reads = request.method in READING
        # Recording is a mutation, which is never done by GET.
        recording = None if reads else recording_in(document, operation.variables, operation.operationName)
        context = await self._context(request, trip, self._services.bearers if recording else None)
        result = await (
            _recorded(recording, context)
            if recording
            else _executed(document, operation, context, only_queries=reads)
        )
        if not isinstance(result, PreExecutionError):
            self._documents.keep(operation)
        return _answered(result, context, trip.id)

    async def _operation(self, request: Request) -> Operation:
        if request.method in READING:
            return operation_in_url(request.scope["query_string"])
        try:
            async with timeout(self._max_body_seconds):
                body = await self._body(request)
        except TimeoutError:
            raise Refused(
                f"The body did not come within {self._max_body_seconds} seconds.",
                Code.BAD_REQUEST,
                408,
                connection="close",
            ) from None
        return operation_in_body(body)

    async def _body(self, request: Request) -> bytes:
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            if len(body) > self._max_body_bytes:
                raise Refused(f"The body may have {self._max_body_bytes:,} bytes.", Code.BAD_REQUEST, 413)
        return bytes(body)

    async def _context(self, request: Request, trip: Trip, bearers: Bearers | None) -> Context:
        services = self._services
        context = trip.context = Context(
            services,
            now=services.clock(),
            address=request.client.host if request.client else "",
            base_url=lambda: str(request.base_url),
        )
        context.viewer = await viewer_of(
            request.headers, context.loaders, services.signer, context.now, bearers
        )
        return context


async def _recorded(recording: Recording, context: Context) -> ExecutionResult:
    began = perf_counter()
    result = await recording.run(context)
    context.course.execute = perf_counter() - began
    context.course.operation = Described("mutation", recording.operation, lifetime=None)
    return result


async def _executed(
    document: str, operation: Operation, context: Context, *, only_queries: bool
) -> ExecutionResult:
    try:
        result = await execute(
            context, document, operation.variables, operation.operationName, only_queries=only_queries
        )
    except InvalidOperationTypeError:
        raise Refused("Only queries are executed by GET.", Code.BAD_REQUEST, 405, allow="POST") from None
    except CannotGetOperationTypeError:
        raise Refused(
            "There is no operation."
            if operation.operationName is None
            else "The document has no such operation.",
            Code.OPERATION_RESOLUTION_FAILURE,
        ) from None
    if isinstance(result, PreExecutionError):
        for error in result.errors or ():
            # What is wrong with a document has a place in it; what has none went wrong here.
            if error.original_error and not error.nodes and not error.locations:
                raise error.original_error
    return result


def _answered(result: ExecutionResult, context: Context, request_id: str) -> Answer:
    # Neither data nor a place in it: as little was executed where the variables did not fit.
    is_executed = result.data is not None or any(error.path for error in result.errors or ())
    body: dict[str, Any] = {"data": result.data} if is_executed else {}
    if result.errors:
        is_validated = not isinstance(result, PreExecutionError)
        body["errors"] = [formatted(error, request_id, is_validated=is_validated) for error in result.errors]
    token = context.new_token
    headers = {"x-auth-token": f"Bearer {token}"} if token else {}
    operation = context.course.operation
    return Answer(body, None, headers, None if result.errors or operation is None else operation.lifetime)
