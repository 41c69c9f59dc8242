"""GraphQL over HTTP: a request in, a JSON answer out, whatever happens between."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from time import perf_counter
from types import MappingProxyType
from typing import Any, NamedTuple

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from strawberry.types import ExecutionResult

from auth.sign_in import ViewerCache
from base.errors import BadUserInput, ExpectedError, TimedOut, TooExpensive, Unavailable
from graph.document import Operation
from graph.execution import recording_in
from graph.record_events import Recording
from resolvers.context import Context, Services
from resolvers.execution import Lifetime, OperationSummary
from server.graphql.answers import Answer, answer_of, answer_of_error, answered, answers
from server.graphql.graphiql import GraphiQL
from server.graphql.line import log_request, told_of
from server.graphql.persisted_documents import PersistedDocuments
from server.graphql.requests import (
    GraphQLRequest,
    request_in_body,
    request_in_url,
    require_no_mutation,
    require_operation,
)
from server.graphql.streams import FRAMINGS, Framing, Stream
from server.http.bodies import body_of as request_body
from server.http.codings import QUICKEST
from server.http.concurrency import SubscriptionQuota
from server.http.cors import require_preflight
from server.http.disconnects import watching_for_disconnect
from server.http.errors import Code, RequestRefused, expected_in
from server.http.negotiation import EVENT_STREAM, GRAPHQL_JSON, JSON, MULTIPART, preferred, streamed_as
from server.http.rate_limit_headers import rate_headers
from server.http.responses import READING, VARY, Content, coding_choice, response_of
from server.http.server_timing import TimingAudience, timing_header
from server.http.shutdown import Shutdown
from server.http.trip import Trip, trip_of

_CLIENT_IS_GONE = 499


class Reply(NamedTuple):
    answer: Answer
    status: int | None = None
    """None where it follows from the body and the media type."""
    headers: Mapping[str, str] = MappingProxyType({})
    lifetime: Lifetime | None = None
    """None where nobody is to keep it."""
    framing: Framing | None = None


class Endpoint:
    """Answers with JSON, by POST and, if it is a query, by GET; shows GraphiQL to browsers that GET."""

    def __init__(
        self,
        services: Services,
        documents: PersistedDocuments,
        *,
        max_body_bytes: int,
        max_body_seconds: int,
        graphiql: GraphiQL | None,
        draft_statuses: bool = False,
        quota: SubscriptionQuota,
        shutdown: Shutdown,
        server_timing: TimingAudience = TimingAudience.VIEWERS,
        log_documents: bool = False,
    ) -> None:
        self._services = services
        self._documents = documents
        self._max_body_bytes = max_body_bytes
        self._max_body_seconds = max_body_seconds
        self._has_draft_statuses = draft_statuses
        self._graphiql = graphiql
        self._quota = quota
        self._shutdown = shutdown
        self._server_timing = server_timing
        self._log_documents = log_documents

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        with trip_of(request.headers) as trip:
            response = await self._response(request, trip)
            if isinstance(response, Stream):
                # It is over when it has ended, and what it asks of the database belongs to it.
                await response(scope, receive, send)
                trip.errors = response.errors
            log_request(trip, told_of(request, response), documents=self._log_documents)
        if not isinstance(response, Stream):
            await response(scope, receive, send)

    async def _response(self, request: Request, trip: Trip) -> Response | Stream:
        accepted = request.headers.get("accept", "")
        if self._graphiql and request.method in READING and "text/html" in accepted:
            return self._graphiql.page()
        media_type = preferred(_accept(request))
        try:
            reply = await self._reply(request, trip, is_acceptable=media_type is not None)
            if isinstance(reply, Stream):
                return reply
        except ClientDisconnect:
            return Response(status_code=_CLIENT_IS_GONE)
        except Exception as error:
            expected = expected_in(error)
            reply = Reply(answer_of_error(error, trip.id), expected.status if expected else 500)
        trip.errors = reply.answer.errors
        content = reply.framing.whole(reply.answer.json) if reply.framing else reply.answer.json
        status = reply.status or self._status(reply.answer, media_type)
        type_ = reply.framing.media_type if reply.framing else f"{media_type or JSON}; charset=utf-8"
        contents = Content(content, status, type_, reply.lifetime)
        headers = {"x-request-id": trip.id, **rate_headers(trip), **reply.headers}
        if status == Unavailable.status and trip.errors:
            headers |= _again(trip.errors[0]["extensions"])
        response = await response_of(request, contents, headers)
        response.headers.update(timing_header(trip, self._server_timing))
        return response

    def _status(self, answer: Answer, media_type: str | None) -> int:
        """Of a request that was well formed: application/json says 200, whatever came of it."""
        if not answer.errors:
            return 200
        if _is_unavailable(answer):
            return Unavailable.status
        if media_type != GRAPHQL_JSON:
            return 200
        if answer.is_executed:
            return 294 if self._has_draft_statuses else 200
        is_parsed = answer.errors[0]["extensions"]["code"] != Code.GRAPHQL_PARSE_FAILED
        return 422 if is_parsed and self._has_draft_statuses else 400

    async def _reply(self, request: Request, trip: Trip, *, is_acceptable: bool) -> Reply | Stream:
        try:
            if request.method not in (*READING, "POST"):
                raise RequestRefused(
                    "Send queries by GET or POST, and mutations by POST.",
                    Code.BAD_REQUEST,
                    405,
                    allow="GET, HEAD, POST",
                )
            if not is_acceptable and not streamed_as(_accept(request), if_named=True):
                raise RequestRefused(f"Accept `{GRAPHQL_JSON}` or `{JSON}`.", Code.BAD_REQUEST, 406)
            if coding_choice(request).large is None:
                raise RequestRefused(
                    f"Accept an encoding: {', '.join(QUICKEST)} or none.", Code.BAD_REQUEST, 406
                )
            require_preflight(request)
            return await self._result(request, await self._asked(request), trip)
        except RequestRefused as refused:
            return Reply(answer_of_error(refused, trip.id), refused.status, refused.headers)
        except (BadUserInput, TooExpensive) as error:
            # What it asks for does not fit, in a request that is well formed.
            return Reply(answer_of_error(error, trip.id))
        except ExpectedError as error:
            return Reply(answer_of_error(error, trip.id), error.status, _again(error.extensions))

    async def _result(self, request: Request, asked: GraphQLRequest, trip: Trip) -> Reply | Stream:
        document = await trip.parsed(self._documents.find(asked), self._services, _address(request))
        operation = document.operation(asked.operationName)
        require_operation(operation)
        if operation.type == "subscription":
            return await self._stream(request, operation, asked, trip)
        if request.method in READING:
            require_no_mutation(operation)
        recording = recording_in(operation, asked.variables)
        context = await self._context(request, trip, self._services.viewer_cache if recording else None)
        if recording:
            answer = await answer_of(await _recorded(recording, context), trip.id, context.run_queue)
        else:
            with _in_terms_of_http(request, context):
                answer = await answered(context, operation, asked.variables, trip.id)
        if answer.is_valid:
            self._documents.keep(asked)
        return _replied(answer, context)._replace(framing=_framing(request))

    async def _stream(
        self, request: Request, operation: Operation, asked: GraphQLRequest, trip: Trip
    ) -> Stream:
        """Raises THROTTLED, and RequestRefused where nothing is accepted in which several answers can be."""
        media_type = streamed_as(_accept(request))
        if media_type is None:
            raise RequestRefused(
                f"Accept `{EVENT_STREAM}` or `{MULTIPART};subscriptionSpec=1.0` for a subscription, "
                "or send it by WebSocket.",
                Code.BAD_REQUEST,
                406,
            )
        context = await self._context(request, trip, None)
        # What it costs is found out once it has begun, when there is no other status any more.
        context.spend(0)
        seconds = await context.seconds_left()
        lease = ExitStack()
        lease.enter_context(self._quota.one_more(context))
        return Stream(
            answers(context, operation, asked, self._documents, trip.id, is_endless=True),
            FRAMINGS[media_type],
            request_id=trip.id,
            headers={"x-request-id": trip.id, "vary": VARY},
            seconds=seconds,
            lease=lease,
            shutdown=self._shutdown,
        )

    async def _asked(self, request: Request) -> GraphQLRequest:
        if request.method in READING:
            return request_in_url(request.scope["query_string"])
        body = await request_body(request, most=self._max_body_bytes, seconds=self._max_body_seconds)
        return request_in_body(body)

    async def _context(self, request: Request, trip: Trip, viewer_cache: ViewerCache | None) -> Context:
        services = self._services
        context = trip.context = Context(
            services,
            now=services.clock(),
            address=_address(request),
            base_url=lambda: str(request.base_url),
            credentials=request.headers,
        )
        await context.identify(viewer_cache)
        return context


def _address(request: Request) -> str:
    return request.client.host if request.client else ""


def _accept(request: Request) -> str:
    return ", ".join(request.headers.getlist("accept"))


async def _recorded(recording: Recording, context: Context) -> ExecutionResult:
    began = perf_counter()
    result = await recording.run(context)
    context.execution.execute = perf_counter() - began
    context.execution.operation = OperationSummary("mutation", recording.operation, lifetime=None)
    return result


def _framing(request: Request) -> Framing | None:
    """Of one answer; None for JSON, which whoever accepts it gets."""
    accept = _accept(request)
    return None if preferred(accept) else FRAMINGS[streamed_as(accept, if_named=True) or EVENT_STREAM]


@contextmanager
def _in_terms_of_http(request: Request, context: Context) -> Iterator[None]:
    """Of whatever keeps the block from making an answer. Raises ClientDisconnect."""
    try:
        with watching_for_disconnect(request.receive, context.execution.abandon):
            yield
    except TimedOut:
        if context.execution.is_abandoned:
            raise ClientDisconnect from None
        raise


def _is_unavailable(answer: Answer) -> bool:
    """Whether nothing is answered because the database cannot: who sends it elsewhere need not read it."""
    return answer.is_empty and all(error["extensions"]["code"] == Unavailable.code for error in answer.errors)


def _again(extensions: Mapping[str, Any]) -> dict[str, str]:
    seconds = extensions.get("retryAfter")
    return {} if seconds is None else {"retry-after": str(seconds)}


def _replied(answer: Answer, context: Context) -> Reply:
    token = context.new_token
    headers = {"x-auth-token": f"Bearer {token}"} if token else {}
    operation = context.execution.operation
    lifetime = None if answer.errors or operation is None else operation.lifetime
    return Reply(answer, None, headers, lifetime)
