"""SQLite's log, from which what was committed is moved to the database's file."""

from typing import Final

from sqlalchemy.ext.asyncio import AsyncEngine

from database.bulk.transactions import driver_of
from database.engine import busy_milliseconds

_MILLISECONDS: Final = 100
_PAGES: Final = 500
"""Few, so that nobody waits long while they are moved."""
_MOST_UNITS: Final = 8


class SqliteLog:
    def __init__(self, engine: AsyncEngine, write_seconds: float | None) -> None:
        self._engine = engine
        self._write_seconds = write_seconds
        self._units = 0
        """Of work in the background, since it was moved."""
        self._units_at_once = 1

    async def empty(self) -> bool:
        """Moves all of it, and cuts its file to nothing. The caller lets nobody else write meanwhile.

        Returns False while others read or write what is in it.
        """
        async with self._engine.connect() as connection:
            driver = await driver_of(connection)
            # Writers wait meanwhile, but not for as long as a reader may take.
            await driver.execute(f"PRAGMA busy_timeout = {_MILLISECONDS}")
            try:
                async with driver.execute("PRAGMA wal_checkpoint(TRUNCATE)") as cursor:
                    is_busy, *_ = await cursor.fetchone()
            finally:
                await driver.execute(f"PRAGMA busy_timeout = {busy_milliseconds(self._write_seconds)}")
        return not is_busy

    async def keep_short(self) -> None:
        """Call it after each unit of work in the background. Now and then it moves the log, beside others who
        read and write. Otherwise somebody's commit would do it, and all who write would wait.
        """
        self._units += 1
        if self._units < self._units_at_once:
            return
        async with self._engine.connect() as connection:
            driver = await driver_of(connection)
            async with driver.execute("PRAGMA wal_checkpoint(PASSIVE)") as cursor:
                _, pages, _ = await cursor.fetchone()
        self._units_at_once = max(1, min(self._units * _PAGES // max(pages, 1), _MOST_UNITS))
        self._units = 0
