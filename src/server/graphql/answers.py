"""The answers to an operation: one, or for a subscription one after the other."""

import logging
from asyncio import CancelledError, create_task, gather, get_running_loop, shield
from collections.abc import AsyncGenerator
from contextlib import aclosing
from hashlib import blake2b
from typing import Any, NamedTuple

import orjson
from graphql import GraphQLError
from strawberry.types import ExecutionResult
from strawberry.types.execution import PreExecutionError

from base.errors import Lapsed, Unavailable
from base.scheduler import RunQueue
from execution.operation import execute, subscribe
from resolvers.context import Context
from server.graphql.errors import MASKED, error_body, expected_in, formatted
from server.graphql.requested_documents import RequestedOperation
from server.http.errors import Code, RequestRefused
from server.http.time_limit import in_time

log = logging.getLogger("viewgraph")

_AGAIN_SECONDS = 1.0

_STEPS_OF_AN_ERROR = 3


class Answer(NamedTuple):
    """The answer as text: the result that it was made of is far larger, and is not kept for slow readers."""

    json: bytes
    errors: list[dict[str, Any]]
    """As the client gets them."""
    is_executed: bool
    """Whether there is data, which may be null."""
    is_empty: bool = True
    """Whether every field of the data is null."""
    is_valid: bool = False
    """Whether the document is valid, whatever the variables are."""

    @property
    def refusal(self) -> list[dict[str, Any]] | None:
        """The errors that kept everything from being executed; None where something was."""
        return None if self.is_executed else self.errors


async def answer_of(result: ExecutionResult, request_id: str, run_queue: RunQueue) -> Answer:
    is_begun = not isinstance(result, PreExecutionError)
    # Without data and without a path, nothing was executed: the variables did not fit.
    is_executed = is_begun and (result.data is not None or any(error.path for error in result.errors or ()))
    body: dict[str, Any] = {"data": result.data} if is_executed else {}
    errors = []
    for error in result.errors or ():
        # A subscription that begins was validated, and its errors have a path.
        errors.append(formatted(error, request_id, is_validated=is_begun or error.path is not None))
        _let_go(error)
        await run_queue.step(_STEPS_OF_AN_ERROR)
    if errors:
        body["errors"] = errors
    is_empty = all(value is None for value in (result.data or {}).values())
    return Answer(orjson.dumps(body), errors, is_executed, is_empty, is_begun)


def _let_go(error: BaseException | None) -> None:
    """Drops the frames of the trace, which hold the error in turn: such garbage is found late."""
    while error:
        error.__traceback__ = None
        error = error.original_error if isinstance(error, GraphQLError) else None


def answer_of_error(error: Exception, request_id: str) -> Answer:
    body = body_of_error(error, request_id)
    return Answer(orjson.dumps(body), body["errors"], is_executed=False)


def body_of_error(error: Exception, request_id: str) -> dict[str, Any]:
    """The body for an error that kept everything from being executed. A bug is logged, and the client learns
    nothing of it.
    """
    if isinstance(error, RequestRefused):
        return error_body(error.message, {"code": error.code}, request_id)
    if expected := expected_in(error):
        return error_body(expected.message, expected.extensions, request_id)
    log.error("Request %s failed", request_id, exc_info=error)
    return error_body(MASKED, {"code": Code.INTERNAL_SERVER_ERROR}, request_id)


async def answers(context: Context, asked: RequestedOperation, request_id: str) -> AsyncGenerator[Answer]:
    """One for a query or a mutation, any number for a subscription. An answer that equals the one before is
    left out, so that nobody learns when something changed that they may not see. Raises Lapsed when the
    credentials expire, and whatever keeps the operation from being executed.
    """
    made = _every_answer if asked.is_subscription else _one_answer
    last = b""
    try:
        async with aclosing(made(context, asked, request_id)) as all_answers:
            async for answer in all_answers:
                digest = blake2b(answer.json, digest_size=16).digest()
                if digest == last:
                    continue
                if not last and answer.is_valid:
                    asked.keep_document()
                last = digest
                yield answer
    finally:
        context.end_turn()


async def answered(context: Context, asked: RequestedOperation, request_id: str) -> Answer:
    """The answer to a query or a mutation. Raises TIMEOUT for a query, and what `execute` raises."""

    async def made() -> Answer:
        result = await execute(context, asked.operation, asked.variables)
        return await answer_of(result, request_id, context.run_queue)

    async with context.services.fair_queue.slot(context.caller):
        return await in_time(context, made())


async def _one_answer(context: Context, asked: RequestedOperation, request_id: str) -> AsyncGenerator[Answer]:
    yield await answered(context, asked, request_id)


async def _every_answer(
    context: Context, asked: RequestedOperation, request_id: str
) -> AsyncGenerator[Answer]:
    """The answers of a subscription."""
    await context.services.fair_queue.wait(context.caller)
    async with aclosing(subscribe(context, asked.operation, asked.variables)) as results:
        while result := await _next(context, results):
            _require_credentials(result)
            answer = await answer_of(result, request_id, context.run_queue)
            result.data = None
            # Before it is sent: nobody else has to wait for that.
            context.end_turn()
            if context.watch and any(one["extensions"]["code"] == Unavailable.code for one in answer.errors):
                # It is made again even if nothing changes any more.
                get_running_loop().call_later(_AGAIN_SECONDS, context.watch.wake)
            yield answer


async def _next(context: Context, results: AsyncGenerator[ExecutionResult]) -> ExecutionResult | None:
    """A task that is cancelled while an answer is made waits until it is made, so that nothing is left
    halfway. That is soon, as what it reads is cut off.
    """

    async def made() -> ExecutionResult | None:
        return await anext(results, None)

    making = create_task(made())
    try:
        return await shield(making)
    except CancelledError:
        context.services.database.stop_reading()
        if not context.has_turn:
            making.cancel()
        await gather(making, return_exceptions=True)
        raise


def _require_credentials(result: ExecutionResult) -> None:
    for error in result.errors or ():
        if isinstance(expected := expected_in(error), Lapsed):
            raise expected
