"""Several operations in one request: a list of requests, answered by a list in the same order."""

from asyncio import Semaphore, Task, create_task, shield
from collections.abc import Sequence
from typing import Any, NamedTuple

from starlette.requests import ClientDisconnect, Request
from starlette.types import Message, Receive

from execution.resolving import side_by_side
from resolvers.context import Context
from server.graphql.answers import Answer, Executed, answer_of_error
from server.graphql.keeping import without_keeping
from server.graphql.replies import Reply
from server.graphql.requested_documents import RequestedDocuments, RequestedOperation
from server.graphql.requests import GraphQLRequest
from server.http.disconnects import client_is_gone
from server.http.errors import Code, RequestRefused
from server.http.read_headers import ReadRequest
from server.http.request_scope import RequestScope, request_scope

_MOST_SIDE_BY_SIDE = 4
"""Queries of a list: where the requests of an address are counted, the list is only one of them."""
_SEVERAL_ANSWERS = "A subscription has several answers: send it as a request of its own."


class _Asked(NamedTuple):
    """One of the operations, before it is executed."""

    operation: RequestedOperation | Exception
    """The error if the request names none that can be executed."""
    log_fields: dict[str, Any]
    parse_seconds: float | None

    @property
    def is_mutation(self) -> bool:
        return isinstance(self.operation, RequestedOperation) and self.operation.operation.type == "mutation"

    def require_operation(self) -> RequestedOperation:
        """Raises the error, and RequestRefused for a subscription."""
        if isinstance(self.operation, Exception):
            raise self.operation
        if self.operation.is_subscription:
            raise RequestRefused(_SEVERAL_ANSWERS, Code.BAD_REQUEST)
        return self.operation


class _Done(NamedTuple):
    answer: Answer
    context: Context | None
    """None if it was not known what to execute."""


class Batches:
    """Answers requests with several operations. Each of these has its own cost, limits and line in the log,
    and the id of the request with its place.
    """

    def __init__(self, documents: RequestedDocuments, executed: Executed) -> None:
        self._documents = documents
        self._executed = executed

    async def reply(self, http: Request, requests: Sequence[GraphQLRequest], scope: RequestScope) -> Reply:
        """Raises ClientDisconnect. Every other error is the answer of its own operation.

        A few queries at a time run side by side. If there is a mutation, all run one after the other.
        """
        asked = [await self._asked(request, scope) for request in requests]
        with _SharedDisconnect(http.receive) as receive:
            part = ReadRequest(without_keeping(http.scope), receive)
            numbered = [(one, f"{scope.id}-{n}") for n, one in enumerate(asked, 1)]
            if any(one.is_mutation for one in asked):
                done = [await self._done(part, *one) for one in numbered]
            else:
                places = Semaphore(_MOST_SIDE_BY_SIDE)
                done = await side_by_side([self._in_its_place(places, part, *one) for one in numbered])
        scope.is_batch = True
        return _reply_of(done, scope)

    async def _asked(self, request: GraphQLRequest, scope: RequestScope) -> _Asked:
        found: RequestedOperation | Exception
        try:
            found = await self._documents.find(request, scope)
        except Exception as error:
            found = error
        asked = _Asked(found, dict(scope.log_fields), scope.parse_seconds)
        scope.log_fields.clear()
        scope.parse_seconds = None
        return asked

    async def _in_its_place(self, places: Semaphore, part: Request, asked: _Asked, id: str) -> _Done:
        """Raises ClientDisconnect. Its time begins when there is a place."""
        async with places:
            return await self._done(part, asked, id)

    async def _done(self, part: Request, asked: _Asked, id: str) -> _Done:
        """Raises ClientDisconnect."""
        with request_scope(part, part.method, id=id) as scope:
            scope.log_fields |= asked.log_fields
            scope.parse_seconds = asked.parse_seconds
            answer = await self._answer(part, asked, scope)
            scope.is_answered, scope.status = True, 200
            scope.errors, scope.body_bytes = answer.errors, len(answer.json)
            return _Done(answer, scope.context)

    async def _answer(self, part: Request, asked: _Asked, scope: RequestScope) -> Answer:
        try:
            operation = asked.require_operation()
            answer, _ = await self._executed(part, operation, scope)
        except ClientDisconnect:
            raise
        except Exception as error:
            return answer_of_error(error, scope.id)
        if answer.is_valid:
            operation.keep_document()
        return answer


def _reply_of(done: Sequence[_Done], scope: RequestScope) -> Reply:
    contexts = [context for _, context in done if context]
    if contexts:
        # What is left of the budget after the last of them.
        scope.context = contexts[-1]
    tokens = [context.new_token for context in contexts if context.new_token]
    answers = [answer for answer, _ in done]
    whole = Answer(
        b"[" + b",".join([answer.json for answer in answers]) + b"]",
        [error for answer in answers for error in answer.errors],
        is_executed=True,
        is_empty=all(answer.is_empty for answer in answers),
        is_valid=True,
    )
    return Reply(whole, headers={"x-auth-token": f"Bearer {tokens[-1]}"} if tokens else {}, is_batch=True)


class _SharedDisconnect:
    """Lets several operations wait for the one client to disconnect."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._gone: Task[None] | None = None

    def __enter__(self) -> Receive:
        return self._disconnected

    def __exit__(self, *_: object) -> None:
        if self._gone:
            self._gone.cancel()

    async def _disconnected(self) -> Message:
        self._gone = self._gone or create_task(client_is_gone(self._receive))
        await shield(self._gone)
        return {"type": "http.disconnect"}
