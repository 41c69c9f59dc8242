"""How long a query may take. What writes is never stopped: nobody could say how far it had come."""

from asyncio import Timeout, get_running_loop, timeout
from collections.abc import Awaitable, Iterator
from typing import TypeVar

from strawberry.extensions import SchemaExtension

from base.errors import TimedOut
from resolvers.context import Context

R = TypeVar("R")


class Deadline(SchemaExtension):
    """Set when it is known to be a query that is executed."""

    def on_execute(self) -> Iterator[None]:
        context: Context = self.execution_context.context
        operation, deadline = context.course.operation, context.course.deadline
        if deadline and operation and operation.type == "query":
            deadline.reschedule(get_running_loop().time() + context.limits.query_seconds)
        yield


async def in_time(context: Context, execution: Awaitable[R]) -> R:
    """Raises TIMEOUT. What a loader has begun to ask goes on to its end: a statement is not cut off."""
    deadline: Timeout = timeout(None)
    context.course.deadline = deadline
    try:
        async with deadline:
            return await execution
    except TimeoutError:
        if not deadline.expired():
            raise
        raise TimedOut(f"The query took longer than {context.limits.query_seconds} seconds.") from None
