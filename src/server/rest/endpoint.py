"""The routes of the table by HTTP. Each is executed as an operation of /graphql, by the same functions."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import msgspec
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from base.errors import NotFound, Unauthenticated
from database import metered
from rest import bodies
from rest.apis import Api
from rest.route import Asked, NoBody, Route
from server.graphql.answers import Executed, body_of_error
from server.graphql.keeping import keeping_of
from server.graphql.replies import Reply, reply_of, retry_after
from server.graphql.requested_documents import RequestedDocuments
from server.graphql.requests import require_few_values
from server.http.bodies import BodyLimits
from server.http.cors import require_preflight
from server.http.errors import Code, RequestRefused
from server.http.negotiation import JSON, is_json
from server.http.read_headers import ReadRequest
from server.http.request_scope import RequestScope, request_scope
from server.http.responses import READING, Content
from server.http.scoped_responses import scoped_response
from server.http.server_timing import TimingAudience

_UNAUTHORIZED = 401
_CLIENT_IS_GONE = 499
_encode = msgspec.json.Encoder().encode


class RestEndpoint:
    """All routes of one path. Without a route it answers 404, in the form of its API."""

    def __init__(
        self,
        path: str,
        api: Api,
        routes: Sequence[Route[Any, Any]],
        *,
        documents: RequestedDocuments,
        executed: Executed,
        body_limits: BodyLimits,
        page_size: int,
        server_timing: TimingAudience,
    ) -> None:
        self._path = path
        """In the log: it has the names of what varies, and not the values."""
        self._api = api
        self._routes = {route.method: route for route in routes}
        self._documents = documents
        self._executed = executed
        self._body_limits = body_limits
        self._page_size = page_size
        self._server_timing = server_timing

    async def __call__(self, asgi: Scope, receive: Receive, send: Send) -> None:
        request = ReadRequest(asgi, receive)
        with request_scope(request, request.method, self._body_limits) as scope:
            scope.log_fields["path"] = self._path
            response = await self._response(request, scope)
            scope.answer_with(response)
        await response(asgi, receive, send)

    async def _response(self, request: Request, scope: RequestScope) -> Response:
        headers: dict[str, str] = {}
        try:
            content = await self._content(request, self._route(request), scope, headers)
        except ClientDisconnect:
            return Response(status_code=_CLIENT_IS_GONE)
        except Exception as error:
            content = self._refused(error, scope, headers)
        return await scoped_response(request, content, headers, scope, self._server_timing)

    def _route(self, request: Request) -> Route[Any, Any]:
        """Raises NOT_FOUND, and RequestRefused for another method."""
        if not self._routes:
            raise NotFound("There is no such path.")
        method = "GET" if request.method == "HEAD" else request.method
        if method not in self._routes:
            allowed = ", ".join((*self._routes, *(["HEAD"] if "GET" in self._routes else [])))
            raise RequestRefused(f"Send {allowed}.", Code.BAD_REQUEST, 405, allow=allowed)
        return self._routes[method]

    async def _content(
        self, request: Request, route: Route[Any, Any], scope: RequestScope, headers: dict[str, str]
    ) -> Content:
        """Adds headers for the answer. Raises ClientDisconnect, and every error because of which nothing is
        executed.
        """
        _require_preflight(request, route)
        asked = await self._asked(request, route, scope)
        variables = route.variables(asked)
        reply, data = await self._read(request, route, variables, scope)
        while data and (cursor := route.cursor(data)):
            further = {**variables, "after": cursor}
            with _another_operation(scope):
                reply, data = await self._read(request, route, further, scope, before=data)
        if data is None:
            return self._failed(route.failure(reply.answer.errors) or {}, scope, headers)
        made = _encode(route.answer(asked, data))
        scope.errors = reply.answer.errors
        headers |= reply.headers
        return Content(made, route.status, JSON, reply.lifetime)

    async def _read(
        self,
        request: Request,
        route: Route[Any, Any],
        variables: dict[str, Any],
        scope: RequestScope,
        before: Any = None,
    ) -> tuple[Reply, Any]:
        """Executes the document once. The data is None if it failed; with `before`, it has the pages before,
        too.
        """
        operation = await self._documents.stored(route.document, variables, scope)
        answer, context = await self._executed(request, operation, scope)
        reply = reply_of(answer, context, None)
        if route.failure(answer.errors):
            return reply, None
        data = route.decoded(answer.json)
        if before is not None:
            return reply, route.joined(before, data)
        if (keeping := keeping_of(request)) and not route.cursor(data):
            keeping.made(context, reply, scope)
        return reply, data

    async def _asked(self, request: Request, route: Route[Any, Any], scope: RequestScope) -> Asked[Any]:
        body = await _body(request, route, scope)
        return Asked(body, request.path_params, self._page_size)

    def _refused(self, error: Exception, scope: RequestScope, headers: dict[str, str]) -> Content:
        """For an error because of which nothing was executed, or that the route itself raised."""
        (failure,) = body_of_error(error, scope.id)["errors"]
        content = self._failed(failure, scope, headers)
        if isinstance(error, RequestRefused):
            headers |= error.headers
            return content._replace(status=error.status or content.status)
        return content if self._routes else content._replace(status=NotFound.status)

    def _failed(self, failure: dict[str, Any], scope: RequestScope, headers: dict[str, str]) -> Content:
        scope.errors = [failure]
        extensions: Mapping[str, Any] = failure["extensions"]
        status = self._api.status_of(extensions["code"])
        headers |= retry_after(extensions)
        if status == _UNAUTHORIZED:
            headers["www-authenticate"] = self._api.challenge
        return Content(_encode(self._api.body_of(failure)), status, JSON, None)


@contextmanager
def _another_operation(scope: RequestScope) -> Iterator[None]:
    """What is read for an operation ends with it. So the next one of the same request begins a use of the
    database of its own, which is added to that of the request.
    """
    with metered() as usage:
        yield
    scope.usage.statements += usage.statements
    scope.usage.seconds += usage.seconds


def _require_preflight(request: Request, route: Route[Any, Any]) -> None:
    """Refuses what a browser could send for any page without asking first: see `server.http.cors`. A header
    with a token, and JSON's media type, make it ask. Raises UNAUTHENTICATED and RequestRefused.
    """
    media_type = ", ".join(request.headers.getlist("content-type"))
    if is_json(media_type):
        # It also refuses a body that is compressed.
        require_preflight(request)
        return
    if route.body is not NoBody and media_type and not (route.takes_forms and _is_form(media_type)):
        raise RequestRefused(f"Send the request as `Content-Type: {JSON}`.", Code.BAD_REQUEST, 415)
    if not any(request.headers.get(name) for name in ("authorization", "x-auth-token")):
        raise Unauthenticated("Send `Authorization: Bearer <token>` or `Authorization: Token <key>`.")


def _is_form(media_type: str) -> bool:
    return media_type.partition(";")[0].strip().lower() in (bodies.FORM, bodies.PARTS)


async def _body(request: Request, route: Route[Any, Any], scope: RequestScope) -> Any:
    """Raises RequestRefused and BAD_USER_INPUT."""
    if request.method in READING:
        return NoBody()
    content, media_type = await scope.read_body(), request.headers.get("content-type", "")
    if route.body is NoBody:
        return NoBody()
    if route.takes_headers and not content:
        return bodies.from_texts(request.headers, route.body)
    require_few_values(content)
    try:
        if _is_form(media_type):
            return bodies.from_form(content, media_type, route.body)
        return bodies.from_json(content, route.body)
    except bodies.Unreadable as error:
        raise RequestRefused(str(error), Code.BAD_REQUEST) from None
