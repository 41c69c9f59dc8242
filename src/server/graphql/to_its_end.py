"""Work that does not stop halfway."""

from asyncio import CancelledError, create_task, gather, shield
from collections.abc import Coroutine
from typing import Any, TypeVar

from resolvers.context import Context

R = TypeVar("R")


async def to_its_end(context: Context, making: Coroutine[Any, Any, R]) -> R:
    """What `making` makes. If the task is cancelled meanwhile, this waits until that is done, so that nothing
    stops halfway. That takes a short time, because its reading is cut off.
    """
    task = create_task(making)
    try:
        return await shield(task)
    except CancelledError:
        context.services.database.stop_reading()
        if not context.has_turn:
            task.cancel()
        await gather(task, return_exceptions=True)
        raise
