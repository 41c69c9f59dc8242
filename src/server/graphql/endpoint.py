"""GraphQL over HTTP: it answers each request with JSON or a stream, even if something fails."""

from collections.abc import Collection
from contextlib import ExitStack
from time import perf_counter

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from strawberry.types import ExecutionResult

from base.errors import TimedOut, Unavailable
from execution.operation import recording_in
from graph.record_events import Recording
from resolvers.context import Context, Services
from resolvers.execution import OperationSummary
from server.graphql.answers import Answer, answer_of, answered
from server.graphql.batches import Batches
from server.graphql.graphiql import GraphiQL
from server.graphql.keeping import keeping_of
from server.graphql.replies import Reply, reply_of, reply_of_error, retry_after
from server.graphql.reporting_requests import MARK, reporting_in
from server.graphql.requested_documents import RequestedDocuments, RequestedOperation
from server.graphql.requests import (
    GraphQLRequest,
    is_list,
    request_in_body,
    request_in_url,
    requests_in_body,
    require_few_values,
)
from server.graphql.several_answers import answers
from server.graphql.streams import FRAMINGS, Framing, Stream
from server.graphql.subscriber_groups import SubscriberGroups
from server.http.bodies import BodyLimits
from server.http.codings import QUICKEST
from server.http.concurrency import SubscriptionQuota
from server.http.cors import ANOTHER_SITE, require_own_page, require_preflight
from server.http.disconnects import watching_for_disconnect
from server.http.errors import Code, RequestRefused
from server.http.forwarded import prefix_of
from server.http.negotiation import EVENT_STREAM, GRAPHQL_JSON, JSON, MULTIPART, preferred, streamed_as
from server.http.read_headers import ReadRequest
from server.http.request_scope import RequestScope, request_scope
from server.http.responses import READING, VARY, coding_choice
from server.http.scoped_responses import scoped_response
from server.http.server_timing import TimingAudience
from server.http.shutdown import Shutdown

_CLIENT_IS_GONE = 499


class Endpoint:
    """Answers operations by POST, and those that are no mutation by GET. Browsers that GET see GraphiQL."""

    def __init__(
        self,
        services: Services,
        documents: RequestedDocuments,
        *,
        body_limits: BodyLimits,
        graphiql: GraphiQL | None,
        draft_statuses: bool,
        most_operations: int,
        origins: Collection[str],
        quota: SubscriptionQuota,
        groups: SubscriberGroups,
        shutdown: Shutdown,
        server_timing: TimingAudience,
    ) -> None:
        self._services = services
        self._documents = documents
        self._body_limits = body_limits
        self._has_draft_statuses = draft_statuses
        self._graphiql = graphiql
        self._origins = origins
        """Sites whose pages may ask."""
        self._quota = quota
        self._groups = groups
        self._shutdown = shutdown
        self.server_timing = server_timing
        """Who is told how long an answer took."""
        self._most_operations = most_operations
        """How many operations a list may have; 0 if no lists are taken."""
        self._batches = Batches(documents, self.executed)

    async def __call__(self, asgi: Scope, receive: Receive, send: Send) -> None:
        request = ReadRequest(asgi, receive)
        with request_scope(request, request.method, self._body_limits) as scope:
            response = await self._response(request, scope)
            if isinstance(response, Stream):
                # A stream is part of the request until it ends.
                await response(asgi, receive, send)
                response.note_in(scope)
                return
            scope.answer_with(response)
        await response(asgi, receive, send)

    async def _response(self, request: Request, scope: RequestScope) -> Response | Stream:
        if self._graphiql and request.method in READING and "text/html" in request.headers.get("accept", ""):
            return self._graphiql.page(prefix_of(request.scope))
        try:
            reply = await self._reply(request, scope)
        except ClientDisconnect:
            return Response(status_code=_CLIENT_IS_GONE)
        except Exception as error:
            reply = reply_of_error(error, scope.id)
        return reply if isinstance(reply, Stream) else await self.sent(request, reply, scope)

    async def sent(self, request: Request, reply: Reply, scope: RequestScope) -> Response:
        """It waits for a thread if the answer is large."""
        scope.errors = reply.answer.errors
        content = reply.content(preferred(accepted(request)), has_draft_statuses=self._has_draft_statuses)
        headers = dict(reply.headers)
        if content.status == Unavailable.status and scope.errors:
            headers |= retry_after(scope.errors[0]["extensions"])
        return await scoped_response(request, content, headers, scope, self.server_timing)

    async def _reply(self, request: Request, scope: RequestScope) -> Reply | Stream:
        """Raises ClientDisconnect, and every error because of which nothing can be executed."""
        require_acceptable(request)
        if request.method in READING:
            require_own_page(request, self._origins)
        else:
            require_preflight(request)
        asking = await self._asking(request, scope)
        if isinstance(asking, list):
            return await self._batches.reply(request, asking, scope)
        asked = await self._documents.find(asking, scope)
        ticket = request.query_params.get("ticket") if request.method in READING else None
        if asked.is_subscription:
            return await self._stream(request, asked, scope, ticket)
        if ticket:
            raise RequestRefused("A ticket opens a subscription, and nothing else.", Code.BAD_REQUEST, 400)
        if request.method in READING and asked.operation.type == "mutation":
            raise RequestRefused("Mutations are not executed by GET.", Code.BAD_REQUEST, 405, allow="POST")
        answer, context = await self.executed(request, asked, scope)
        if answer.is_valid:
            asked.keep_document()
        reply = reply_of(answer, context, _framing(request))
        # A document has to be registered each time, or it might be forgotten.
        if (keeping := keeping_of(request)) and not asked.is_to_register:
            keeping.made(context, reply, scope)
        return reply

    async def _asking(self, request: Request, scope: RequestScope) -> GraphQLRequest | list[GraphQLRequest]:
        if request.method in READING:
            return request_in_url(request.scope["query_string"])
        body = await scope.read_body()
        if is_list(body):
            return requests_in_body(body, self._most_operations)
        require_few_values(body)
        reporting = reporting_in(body, self._documents) if MARK in body else None
        return reporting.request if reporting else request_in_body(body)

    async def executed(
        self, request: Request, asked: RequestedOperation, scope: RequestScope
    ) -> tuple[Answer, Context]:
        """Of a query or a mutation. Raises ClientDisconnect, and every error because of which nothing can be
        executed.
        """
        recording = recording_in(asked.operation, asked.variables)
        context = await self._context(scope, asked.operation.type == "query", is_reporting=bool(recording))
        if recording:
            return await answer_of(await _recorded(recording, context), scope.id, context.run_queue), context
        if (keeping := keeping_of(request)) and asked.operation.type == "query":
            await keeping.begin(context)
        try:
            with watching_for_disconnect(request.receive, context.execution.abandon):
                return await answered(context, asked, scope.id), context
        except TimedOut:
            if context.execution.is_abandoned:
                raise ClientDisconnect from None
            raise

    async def _stream(
        self, request: Request, asked: RequestedOperation, scope: RequestScope, ticket: str | None
    ) -> Stream:
        """Raises THROTTLED, UNAUTHENTICATED for a ticket that is not valid, and RequestRefused if the client
        accepts no type for several answers.
        """
        media_type = streamed_as(accepted(request))
        if media_type is None:
            raise RequestRefused(
                f"Accept `{EVENT_STREAM}` or `{MULTIPART};subscriptionSpec=1.0` for a subscription, "
                "or send it by WebSocket.",
                Code.BAD_REQUEST,
                406,
            )
        context = await self._context(scope, False, ticket=ticket)
        # Its cost is known only after it has begun, and then the status can no longer be changed.
        context.spend(0)
        seconds = await context.seconds_left()
        lease = ExitStack()
        lease.enter_context(self._quota.one_more(context))
        return Stream(
            answers(context, asked, scope.id, self._groups),
            FRAMINGS[media_type],
            request_id=scope.id,
            headers={"x-request-id": scope.id, "vary": VARY},
            seconds=seconds,
            lease=lease,
            shutdown=self._shutdown,
        )

    async def _context(
        self,
        scope: RequestScope,
        is_query: bool,
        *,
        is_reporting: bool = False,
        ticket: str | None = None,
    ) -> Context:
        """For mutations, the viewer is looked up each time."""
        context = scope.open_context(self._services)
        if ticket:
            token = self._services.signer.token_for_ticket(ticket, context.now)
            context.credentials = {"authorization": f"Bearer {token}"}
        viewers = self._services.viewer_cache if is_query or is_reporting else None
        await context.identify(viewers, is_reporting=is_reporting)
        return context


def accepted(request: Request) -> str:
    """The media types that the client accepts, as it writes them."""
    return ", ".join(request.headers.getlist("accept"))


def require_acceptable(request: Request) -> None:
    """Raises RequestRefused. It looks only at the method and the headers, before the body is read."""
    if request.method not in (*READING, "POST"):
        is_preflight = "access-control-request-method" in request.headers
        raise RequestRefused(
            ANOTHER_SITE if is_preflight else "Send queries by GET or POST, and mutations by POST.",
            Code.BAD_REQUEST,
            405,
            allow="GET, HEAD, POST",
        )
    accept = accepted(request)
    if preferred(accept) is None and not streamed_as(accept, if_named=True):
        raise RequestRefused(f"Accept `{GRAPHQL_JSON}` or `{JSON}`.", Code.BAD_REQUEST, 406)
    if coding_choice(request).large is None:
        raise RequestRefused(f"Accept an encoding: {', '.join(QUICKEST)} or none.", Code.BAD_REQUEST, 406)


async def _recorded(recording: Recording, context: Context) -> ExecutionResult:
    began = perf_counter()
    result = await recording.run(context)
    context.execution.execute = perf_counter() - began
    context.execution.operation = OperationSummary("mutation", recording.operation, lifetime=None)
    return result


def _framing(request: Request) -> Framing | None:
    """The framing of a single answer. None for JSON, which every client gets that accepts it."""
    accept = accepted(request)
    return None if preferred(accept) else FRAMINGS[streamed_as(accept, if_named=True) or EVENT_STREAM]
