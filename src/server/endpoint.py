"""GraphQL over HTTP: a request in, a JSON answer out, whatever happens between."""

import logging
from typing import Any
from uuid import uuid4

import msgspec
import orjson
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, Response
from strawberry.http.ides import get_graphql_ide_html
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from strawberry.types.execution import PreExecutionError

from auth.sign_in import viewer_of
from base.errors import ExpectedError
from graph.events import recording_of, without_events
from graph.schema import schema
from resolvers.context import Context, Services
from server.errors import MASKED, error_body, formatted

log = logging.getLogger("viewgraph")

_JSON = "application/json"
_GRAPHQL_JSON = "application/graphql-response+json"


class Operation(msgspec.Struct):
    """The body of a request."""

    query: str
    variables: dict[str, Any] | None = None
    operationName: str | None = None
    extensions: dict[str, Any] | None = None


_decode = msgspec.json.Decoder(Operation).decode


class Refused(Exception):
    """A request that is not executed."""

    def __init__(self, status: int, message: str, code: str = "BAD_REQUEST") -> None:
        self.status = status
        self.message = message
        self.code = code


class Endpoint:
    """Answers POST with JSON, and shows GraphiQL to browsers that GET."""

    def __init__(self, services: Services, *, max_body_bytes: int, graphiql: bool) -> None:
        self._services = services
        self._max_body_bytes = max_body_bytes
        self._page = get_graphql_ide_html("graphiql") if graphiql else None

    async def __call__(self, request: Request) -> Response:
        request_id = uuid4().hex
        if request.method == "GET" and self._page and "text/html" in request.headers.get("accept", ""):
            return HTMLResponse(self._page)
        try:
            operation = await self._operation(request)
            return await self._execute(request, operation, request_id)
        except ExpectedError as error:
            body = {
                "errors": [
                    {"message": error.message, "extensions": {**error.extensions, "requestId": request_id}}
                ]
            }
            return _response(body, request_id)
        except Refused as refused:
            body = error_body(refused.message, refused.code, request_id)
            return _response(body, request_id, status=refused.status)
        except ClientDisconnect:
            return Response(status_code=499)
        except Exception:
            log.exception("Request %s failed", request_id)
            return _response(error_body(MASKED, "INTERNAL_SERVER_ERROR", request_id), request_id, status=500)

    async def _operation(self, request: Request) -> Operation:
        if request.method != "POST":
            raise Refused(405, "Send queries by POST.")
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _JSON:
            raise Refused(415, f"Send the request as `Content-Type: {_JSON}`.")
        try:
            return _decode(await self._body(request))
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise Refused(400, f"The body is no GraphQL request: {error}.") from None

    async def _body(self, request: Request) -> bytes:
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            if len(body) > self._max_body_bytes:
                raise Refused(413, f"The body may have {self._max_body_bytes:,} bytes.")
        return bytes(body)

    async def _context(self, request: Request) -> Context:
        services = self._services
        context = Context(
            services, now=services.clock(), address=request.client.host if request.client else ""
        )
        context.viewer = await viewer_of(
            request.headers, context.loaders, services.signer, services.bearers, context.now
        )
        return context

    async def _execute(self, request: Request, operation: Operation, request_id: str) -> Response:
        context = await self._context(request)
        try:
            result = await _result(context, operation)
        except (CannotGetOperationTypeError, InvalidOperationTypeError):
            raise Refused(
                400,
                "`operationName` must name one of the document's operations.",
                "OPERATION_RESOLUTION_FAILURE",
            ) from None
        before_execution = isinstance(result, PreExecutionError)
        body: dict[str, Any] = {} if before_execution else {"data": result.data}
        if result.errors:
            body["errors"] = [
                formatted(error, request_id, before_execution=before_execution) for error in result.errors
            ]
        return _response(body, request_id, accept=request.headers.get("accept", ""), token=context.new_token)


async def _result(context: Context, operation: Operation) -> Any:
    variables = operation.variables
    recording = recording_of(schema._schema, operation.query, operation.operationName, variables)
    if recording and variables:
        return await recording.run(context, variables)
    return await schema.execute(
        operation.query,
        variable_values=without_events(context, operation.query, variables),
        context_value=context,
        operation_name=operation.operationName,
    )


def _response(
    body: dict[str, Any], request_id: str, *, status: int = 200, accept: str = "", token: str | None = None
) -> Response:
    headers = {"x-request-id": request_id}
    if status == 405:
        headers["allow"] = "GET, POST"
    if token:
        headers["x-auth-token"] = f"Bearer {token}"
    media_type = _GRAPHQL_JSON if _GRAPHQL_JSON in accept else _JSON
    if media_type == _GRAPHQL_JSON and "data" not in body:
        status = 400
    return Response(orjson.dumps(body), status, headers, f"{media_type}; charset=utf-8")
