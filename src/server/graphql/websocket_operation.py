"""One operation on a WebSocket, which is answered under its id."""

from asyncio import Task
from collections.abc import Callable, Mapping
from contextlib import ExitStack, aclosing, suppress
from typing import NamedTuple
from uuid import uuid4

from starlette.websockets import WebSocket, WebSocketDisconnect

from base.errors import Lapsed
from resolvers.context import Context, Services
from resolvers.execution import Execution
from server.graphql.answers import Answer, body_of_error
from server.graphql.requested_documents import RequestedDocuments, RequestedOperation
from server.graphql.requests import GraphQLRequest
from server.graphql.several_answers import answers
from server.graphql.subscriber_groups import SubscriberGroups
from server.graphql.websocket_writer import WebSocketWriter
from server.http.concurrency import SubscriptionQuota
from server.http.request_scope import RequestScope, request_scope


class OperationServices(NamedTuple):
    """The services that the operations of all WebSockets share."""

    services: Services
    documents: RequestedDocuments
    quota: SubscriptionQuota
    groups: SubscriberGroups


class WebSocketOperation:
    def __init__(
        self,
        id: str,
        request: GraphQLRequest,
        shared: OperationServices,
        socket: WebSocket,
        writer: WebSocketWriter,
        *,
        credentials: Mapping[str, str],
        on_lapsed: Callable[[], None],
    ) -> None:
        self.id = id
        self.is_heard = True
        """Whether the client still waits for its answers."""
        self.task: Task[None] | None = None
        self._request = request
        self._shared = shared
        self._socket = socket
        self._writer = writer
        self._credentials = credentials
        self._on_lapsed = on_lapsed
        self._finishing: Execution | None = None
        """The execution of a query or a mutation until it is done. A mutation must not be cancelled."""

    @property
    def is_finishing(self) -> bool:
        return self._finishing is not None

    def end(self) -> None:
        """Gives up an operation that only reads. A mutation is executed to its end."""
        if self._finishing:
            self._finishing.abandon()
        elif self.task:
            self.task.cancel()

    async def run(self) -> None:
        with request_scope(self._socket, "WEBSOCKET", id=uuid4().hex) as scope:
            scope.is_answered, scope.answers = True, 0
            await self._answer(scope)

    async def _answer(self, scope: RequestScope) -> None:
        """Executes the operation and sends its answers or its error."""
        try:
            with ExitStack() as lease:
                is_complete = await self._is_answered(scope, lease)
            if is_complete and self.is_heard:
                await self._writer.complete(self.id)
        except WebSocketDisconnect:
            pass
        except Lapsed as error:
            scope.errors = body_of_error(error, scope.id)["errors"]
            self._on_lapsed()
        except Exception as error:
            scope.errors = body_of_error(error, scope.id)["errors"]
            if self.is_heard:
                with suppress(WebSocketDisconnect):
                    await self._writer.error(self.id, scope.errors)

    async def _is_answered(self, scope: RequestScope, lease: ExitStack) -> bool:
        """Sends the answers, and returns whether all were sent and something was executed."""
        asked = await self._shared.documents.find(self._request, scope)
        context = await self._context(asked, scope)
        if asked.is_subscription:
            lease.enter_context(self._shared.quota.one_more(context))
        results = answers(context, asked, scope.id, self._shared.groups)
        async with aclosing(results):
            async for answer in results:
                # With its answer, a mutation is done.
                self._finishing = None
                scope.errors = answer.errors
                if not self.is_heard or not await self._is_sent(answer, context, scope):
                    return False
        return True

    async def _context(self, asked: RequestedOperation, scope: RequestScope) -> Context:
        """Raises Lapsed."""
        context = scope.open_context(self._shared.services, self._credentials)
        if not asked.is_subscription:
            self._finishing = context.execution
        await context.identify()
        if context.viewer.refusal:
            raise Lapsed(context.viewer.refusal)
        return context

    async def _is_sent(self, answer: Answer, context: Context, scope: RequestScope) -> bool:
        """Sends the answer, and returns whether something was executed. Raises THROTTLED, but not for a
        mutation, whose result is always sent.
        """
        if answer.refusal:
            await self._writer.error(self.id, answer.refusal)
            return False
        if not context.execution.is_mutation:
            self._writer.require_room(answer)
        await self._writer.next(self.id, answer)
        scope.answers = (scope.answers or 0) + 1
        scope.body_bytes += len(answer.json)
        return True
