"""Answers to operations, as text."""

import logging
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple, TypeAlias

import orjson
from graphql import GraphQLError
from starlette.requests import Request
from strawberry.types import ExecutionResult
from strawberry.types.execution import PreExecutionError

from base.json_text import json_text
from base.scheduler import RunQueue
from execution.operation import execute
from resolvers.context import Context
from server.graphql.errors import MASKED, error_body, expected_in, formatted
from server.graphql.requested_documents import RequestedOperation
from server.http.errors import Code, RequestRefused
from server.http.request_scope import RequestScope
from server.http.time_limit import in_time

log = logging.getLogger("viewgraph")

Executed: TypeAlias = Callable[
    [Request, RequestedOperation, RequestScope], Awaitable[tuple["Answer", Context]]
]
"""Executes an operation, as /graphql does."""

_STEPS_OF_AN_ERROR = 3
_BYTES_A_STEP = 10_000


class Answer(NamedTuple):
    """The answer as text. The result behind it is far larger, and is not kept while a slow client reads."""

    json: bytes
    errors: list[dict[str, Any]]
    """The errors as the client gets them."""
    is_executed: bool
    """Whether the answer has data, which may be null."""
    is_empty: bool = True
    """Whether every field of the data is null."""
    is_valid: bool = False
    """Whether the document is valid, whatever the variables are."""

    @property
    def refusal(self) -> list[dict[str, Any]] | None:
        """The errors because of which nothing was executed; None if something was executed."""
        return None if self.is_executed else self.errors


async def answer_of(result: ExecutionResult, request_id: str, run_queue: RunQueue) -> Answer:
    is_begun = not isinstance(result, PreExecutionError)
    # If there is neither data nor an error with a path, the variables did not fit, and nothing was executed.
    is_executed = is_begun and (result.data is not None or any(error.path for error in result.errors or ()))
    body: dict[str, Any] = {"data": result.data} if is_executed else {}
    errors = []
    for error in result.errors or ():
        # A subscription that begins was validated, and its errors have a path.
        errors.append(formatted(error, request_id, is_validated=is_begun or error.path is not None))
        _drop_tracebacks(error)
        await run_queue.step(_STEPS_OF_AN_ERROR)
    if errors:
        body["errors"] = errors
    is_empty = all(value is None for value in (result.data or {}).values())
    json = json_text(body)
    # What is done with the text takes time, too: it is hashed and sent.
    await run_queue.step(len(json) // _BYTES_A_STEP)
    return Answer(json, errors, is_executed, is_empty, is_begun)


def _drop_tracebacks(error: BaseException | None) -> None:
    """Drops the frames of the trace. They refer to the error in turn, and Python finds such garbage late."""
    while error:
        error.__traceback__ = None
        error = error.original_error if isinstance(error, GraphQLError) else None


def answer_of_error(error: Exception, request_id: str) -> Answer:
    body = body_of_error(error, request_id)
    return Answer(orjson.dumps(body), body["errors"], is_executed=False)


def body_of_error(error: Exception, request_id: str) -> dict[str, Any]:
    """The body for an error because of which nothing was executed. A bug is logged, and the client learns
    nothing about it.
    """
    if isinstance(error, RequestRefused):
        return error_body(error.message, {"code": error.code}, request_id)
    if expected := expected_in(error):
        return error_body(expected.message, expected.extensions, request_id)
    log.error("Request %s failed", request_id, exc_info=error)
    return error_body(MASKED, {"code": Code.INTERNAL_SERVER_ERROR}, request_id)


async def answered(context: Context, asked: RequestedOperation, request_id: str) -> Answer:
    """The answer to a query or a mutation. Raises TIMEOUT for a query, and what `execute` raises."""

    async def made() -> Answer:
        result = await execute(context, asked.operation, asked.variables)
        return await answer_of(result, request_id, context.run_queue)

    async with context.services.fair_queue.slot(context.caller):
        return await in_time(context, made())
