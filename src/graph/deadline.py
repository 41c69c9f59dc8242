"""How long a query may take. What writes is never stopped: nobody could say how far it had come."""

from asyncio import Timeout, timeout
from collections.abc import Awaitable
from typing import TypeVar

from base.errors import TimedOut
from resolvers.context import Context

R = TypeVar("R")


async def in_time(context: Context, making: Awaitable[R]) -> R:
    """What is made is an answer. The deadline is set once it is known to be a query that is executed.

    Raises TIMEOUT. What a query is still reading when it ends, for whatever reason, is cut off: batches
    of loaders are tasks of their own, which nobody else would end.
    """
    execution = context.execution
    deadline: Timeout = timeout(None)
    execution.deadline = deadline
    try:
        async with deadline:
            return await making
    except TimeoutError:
        if not deadline.expired():
            raise
        raise TimedOut(f"The query took longer than {context.limits.query_seconds} seconds.") from None
    finally:
        execution.deadline = None
        if execution.is_query:
            context.services.database.stop_reading()
        context.end_snapshot()
