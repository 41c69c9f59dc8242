"""GraphQL over HTTP: a request in, a JSON answer out, whatever happens between."""

import logging
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple
from uuid import uuid4

import msgspec
import orjson
from graphql import GraphQLError, OperationDefinitionNode, parse
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from strawberry.schema.exceptions import CannotGetOperationTypeError
from strawberry.types import ExecutionResult
from strawberry.types.execution import PreExecutionError

from auth.sign_in import Bearers, viewer_of
from base.errors import ExpectedError
from graph.schema import execute, recording_in
from resolvers.context import Context, Services
from server.errors import MASKED, Code, error_body, formatted
from server.graphiql import GraphiQL

log = logging.getLogger("viewgraph")

_JSON = "application/json"
_GRAPHQL_JSON = "application/graphql-response+json"
_OPERATION = re.compile(r"\b(?:query|mutation|subscription)\b")
_CLIENT_IS_GONE = 499


class Operation(msgspec.Struct):
    """The body of a request."""

    query: str
    variables: dict[str, Any] | None = None
    operationName: str | None = None
    extensions: dict[str, Any] | None = None


_decode = msgspec.json.Decoder(Operation).decode


class Answer(NamedTuple):
    body: dict[str, Any]
    status: int | None = None
    """None where it follows from the body and the media type."""
    headers: Mapping[str, str] = MappingProxyType({})


class Refused(Exception):
    """A request that is not executed. One without a status is well formed, and answered as GraphQL."""

    def __init__(self, message: str, code: Code, status: int | None = None, **headers: str) -> None:
        self.message = message
        self.code = code
        self.status = status
        self.headers = headers


class Endpoint:
    """Answers POST with JSON, and shows GraphiQL to browsers that GET."""

    def __init__(self, services: Services, *, max_body_bytes: int, graphiql: GraphiQL | None) -> None:
        self._services = services
        self._max_body_bytes = max_body_bytes
        self._graphiql = graphiql

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await self._response(Request(scope, receive))
        await response(scope, receive, send)

    async def _response(self, request: Request) -> Response:
        accepted = request.headers.get("accept", "")
        if self._graphiql and request.method in ("GET", "HEAD") and "text/html" in accepted:
            return self._graphiql.page()
        request_id = uuid4().hex
        try:
            answer = await self._answer(request, request_id)
            content = orjson.dumps(answer.body)
        except ClientDisconnect:
            return Response(status_code=_CLIENT_IS_GONE)
        except Exception:
            log.exception("Request %s failed", request_id)
            answer = Answer(error_body(MASKED, {"code": Code.INTERNAL_SERVER_ERROR}, request_id), 500)
            content = orjson.dumps(answer.body)
        media_type = _GRAPHQL_JSON if _GRAPHQL_JSON in accepted else _JSON
        is_refused = media_type == _GRAPHQL_JSON and "data" not in answer.body
        return Response(
            content,
            answer.status or (400 if is_refused else 200),
            {"x-request-id": request_id, **answer.headers},
            f"{media_type}; charset=utf-8",
        )

    async def _answer(self, request: Request, request_id: str) -> Answer:
        try:
            operation = await self._operation(request)
            recording = recording_in(operation.query, operation.variables, operation.operationName)
            context = await self._context(request, self._services.bearers if recording else None)
            result = await (recording.run(context) if recording else _executed(operation, context))
            return _answered(result, context, request_id)
        except Refused as refused:
            body = error_body(refused.message, {"code": refused.code}, request_id)
            return Answer(body, refused.status, refused.headers)
        except ExpectedError as error:
            return Answer(error_body(error.message, error.extensions, request_id), error.status)

    async def _operation(self, request: Request) -> Operation:
        if request.method != "POST":
            allowed = "GET, HEAD, POST" if self._graphiql else "POST"
            raise Refused("Send queries by POST.", Code.BAD_REQUEST, 405, allow=allowed)
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _JSON:
            raise Refused(f"Send the request as `Content-Type: {_JSON}`.", Code.BAD_REQUEST, 415)
        try:
            operation = _decode(await self._body(request))
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise Refused(f"The body is no GraphQL request: {error}.", Code.BAD_REQUEST, 400) from None
        if not operation.query:
            raise Refused("The `query` is empty.", Code.GRAPHQL_PARSE_FAILED)
        if operation.operationName is None and _operations_in(operation.query) > 1:
            raise Refused(
                "The document has several operations: say in `operationName` which one is meant.",
                Code.OPERATION_RESOLUTION_FAILURE,
            )
        return operation

    async def _body(self, request: Request) -> bytes:
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            if len(body) > self._max_body_bytes:
                raise Refused(f"The body may have {self._max_body_bytes:,} bytes.", Code.BAD_REQUEST, 413)
        return bytes(body)

    async def _context(self, request: Request, bearers: Bearers | None) -> Context:
        services = self._services
        context = Context(
            services,
            now=services.clock(),
            address=request.client.host if request.client else "",
            base_url=lambda: str(request.base_url),
        )
        context.viewer = await viewer_of(
            request.headers, context.loaders, services.signer, context.now, bearers
        )
        return context


async def _executed(operation: Operation, context: Context) -> ExecutionResult:
    try:
        result = await execute(context, operation.query, operation.variables, operation.operationName)
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
    return Answer(body, headers={"x-auth-token": f"Bearer {token}"} if token else {})


def _operations_in(query: str) -> int:
    """As many as 1 is only looked for, not parsed: whoever executes it parses it anyway."""
    looked_for = len(_OPERATION.findall(query))
    if looked_for < 2:
        return looked_for
    try:
        document = parse(query)
    except GraphQLError:
        return 0
    return sum(isinstance(definition, OperationDefinitionNode) for definition in document.definitions)
