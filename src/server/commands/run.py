"""Runs the work of a command, with the database or with all services."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from database import Database
from resolvers.context import Services
from server.revisions import require_current
from server.services import close_services, services_of, services_that_sign_nothing
from server.settings import Settings

T = TypeVar("T")


def run_with_database(settings: Settings, work: Callable[[Database], Coroutine[Any, Any, T]]) -> T:
    """Raises Failure unless the tables are up to date."""

    async def done() -> T:
        await require_current(settings.database_url)
        database = Database(settings.database_url)
        try:
            return await work(database)
        finally:
            await database.close()

    return asyncio.run(done())


def run_with_services(
    settings: Settings, work: Callable[[Services], Coroutine[Any, Any, T]], *, with_secret: bool = False
) -> T:
    """`with_secret`: for what stores events, whose visitors get names that are made with the secret. Raises
    Failure unless the tables are up to date.
    """

    async def done() -> T:
        await require_current(settings.database_url)
        services = (
            services_of(settings, are_patient=True) if with_secret else services_that_sign_nothing(settings)
        )
        try:
            return await work(services)
        finally:
            await close_services(services)

    return asyncio.run(done())
