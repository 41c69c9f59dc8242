"""What runs as long as the application does."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, nullcontext
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.types import Lifespan

from resolvers.context import Services
from server.background_jobs import Chore, background_jobs
from server.http.shutdown import Shutdown
from server.services import close_services

if TYPE_CHECKING:
    from server.metrics.metrics import Metrics
    from server.traces import Traces


def lifespan_of(
    services: Services,
    shutdown: Shutdown,
    metrics: "Metrics | None",
    traces: "Traces | None",
    chores: Sequence[Chore],
    *,
    are_lent: bool,
) -> Lifespan[Starlette]:
    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        await services.database.look()
        with shutdown.begin_at_signals():
            async with (
                background_jobs(services, chores),
                services.topics.listening(),
                traces.running() if traces else nullcontext(),
                metrics.running() if metrics else nullcontext(),
            ):
                yield
        if not are_lent:
            await close_services(services)

    return lifespan
