"""Connections of the engine that are held between units of work."""

from asyncio import get_running_loop
from collections.abc import Iterable
from typing import Any, Final, NamedTuple

import asyncpg
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from database.bulk.transactions import driver_of

_FRESH: Final = 1.0
"""Seconds."""


class Held(NamedTuple):
    connection: AsyncConnection
    driver: Any

    @property
    def is_alive(self) -> bool:
        """Whether the server has not closed it meanwhile, as far as it is known here."""
        is_closed = getattr(self.driver, "is_closed", None)
        return is_closed is None or not is_closed()


class HeldConnections:
    """One connection is held for the next unit of work. SQLAlchemy takes as long to lend a connection as a
    small batch takes to be written.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._held: Held | None = None
        self._held_since = 0.0

    @property
    def idle(self) -> int:
        """How many are held for nobody."""
        return int(self._held is not None)

    async def take(self) -> Held:
        held, self._held = self._held, None
        if held is not None:
            try:
                is_usable = held.is_alive and await self._answers(held)
            except BaseException:
                await dropped(held.connection)
                raise
            if is_usable:
                return held
            await dropped(held.connection)
        connection = await self._engine.connect()
        try:
            return Held(connection, await driver_of(connection))
        except BaseException:
            await connection.close()
            raise

    async def _answers(self, held: Held) -> bool:
        """Whether a server that may have closed the connection without a word answers. After a short while
        alone, nobody asks: one message more takes as long as some events.
        """
        if self._engine.dialect.name == "sqlite" or get_running_loop().time() < self._held_since + _FRESH:
            return True
        try:
            await held.driver.execute("SELECT 1")
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            return False
        return True

    async def give_back(self, held: Held) -> None:
        """It must be in no transaction."""
        if self._held is None:
            self._held, self._held_since = held, get_running_loop().time()
        else:
            await held.connection.close()

    async def execute(self, texts: Iterable[str]) -> None:
        """Runs statements of SQLite on the connection that is held for the next unit of work."""
        if self._engine.dialect.name != "sqlite":
            return
        held = await self.take()
        try:
            for text in texts:
                await held.driver.execute_fetchall(text)
        except BaseException:
            await dropped(held.connection)
            raise
        await self.give_back(held)

    async def version_of_others(self) -> tuple[int, int] | None:
        """Changes when somebody else has written to SQLite's file: the connection's own commits do not count.
        Another connection counts anew. None where many may write at once.
        """
        if self._engine.dialect.name != "sqlite":
            return None
        held = await self.take()
        ((version,),) = await held.driver.execute_fetchall("PRAGMA data_version")
        await self.give_back(held)
        return id(held.driver), version

    async def close(self) -> None:
        if self._held:
            await self._held.connection.close()
            self._held = None


async def dropped(connection: AsyncConnection) -> None:
    await connection.invalidate()
    await connection.close()
