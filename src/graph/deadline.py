"""How long a query may take. Mutations are never stopped: nobody could say how much was written."""

from asyncio import Timeout, timeout
from collections.abc import Awaitable
from typing import TypeVar

from base.errors import TimedOut
from resolvers.context import Context

R = TypeVar("R")


async def in_time(context: Context, making: Awaitable[R]) -> R:
    """The result of `making`, which makes an answer and sets the deadline once it is known to be a query.

    Raises TIMEOUT. Whatever a query still reads when it ends is cut off: batches of loaders are tasks of
    their own, which nobody else would end."""
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
