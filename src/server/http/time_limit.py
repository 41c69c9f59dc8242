"""The time limit of a request. Work that writes is never stopped, because nobody could say how far it got."""

from asyncio import Timeout, timeout
from collections.abc import Awaitable
from typing import TypeVar

from base.errors import TimedOut
from resolvers.context import Context

R = TypeVar("R")


async def in_time(context: Context, making: Awaitable[R], *, what: str = "query", is_safe: bool = False) -> R:
    """Awaits `making`, which makes an answer. `is_safe` says whether it may be stopped from its
    beginning, until it lifts the deadline itself. If not, the deadline is set later, when a query
    begins to be executed.

    Raises TIMEOUT. At the end it cuts off everything that still reads: batches of loaders are tasks of
    their own, which nothing else would end.
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
