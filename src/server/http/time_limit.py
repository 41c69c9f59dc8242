"""How long a request may take. What writes is never stopped: nobody could say how far it had come."""

from asyncio import Timeout, timeout
from collections.abc import Awaitable
from typing import TypeVar

from base.errors import TimedOut
from resolvers.context import Context

R = TypeVar("R")


async def in_time(context: Context, making: Awaitable[R], *, what: str = "query", is_safe: bool = False) -> R:
    """Awaits what makes an answer. `is_safe`: whether it may be stopped from its beginning, until it lifts
    the deadline itself. If not, the deadline is set once it is known to be a query that is executed.

    Raises TIMEOUT. What it is still reading when it ends, for whatever reason, is cut off: batches of loaders
    are tasks of their own, which nobody else would end.
    """
    execution, seconds = context.execution, context.limits.query_seconds
    deadline: Timeout = timeout(seconds if is_safe else None)
    execution.deadline = deadline
    try:
        async with deadline:
            return await making
    except TimeoutError:
        if not deadline.expired():
            raise
        raise TimedOut(f"The {what} took longer than {seconds} seconds.") from None
    finally:
        execution.deadline = None
        if is_safe or execution.is_query:
            context.services.database.stop_reading()
        context.end_snapshot()
