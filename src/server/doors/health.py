"""Whether the program is alive and ready, for tools that restart it or send requests to it."""

import logging
from asyncio import Task, create_task, wait
from collections.abc import Awaitable, Callable
from time import monotonic

from sqlalchemy import column, literal, select, table, text
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from base.errors import Unavailable
from database import Database, Statement, fault_of
from server.http.shutdown import Shutdown

log = logging.getLogger("viewgraph")

_PATIENCE = 1.0
_SHARED_SECONDS = 0.3
_ONE = Statement(select(literal(1)), int)
# It changes one row and is rolled back at once, so it finds out whether the database can be written.
_TOUCH = text("UPDATE alembic_version SET version_num = version_num")
_STANDING = Statement(select(column("version_num")).select_from(table("alembic_version")), str)
_NOT_STORED = {"cache-control": "no-store"}
_AGAIN = {**_NOT_STORED, "retry-after": "1"}

Check = Callable[[], Awaitable[str | None]]
"""Says what is wrong; None where nothing is."""


class _Undone(Exception):
    pass


class _Asked:
    """One check of the database, and its newest result."""

    def __init__(self, check: Check) -> None:
        self._check = check
        self._asking: Task[str | None] | None = None
        self._answered_at = -_SHARED_SECONDS
        self._answer: str | None = None

    def begun(self) -> "Task[str | None] | None":
        """The check that is to be awaited; None where the result is new enough. While a check runs, no second
        one is begun.
        """
        if self._asking is None and monotonic() - self._answered_at >= _SHARED_SECONDS:
            self._asking = create_task(self._ask())
        return self._asking

    def outcome(self) -> str | None:
        return self._answer if self._asking is None else "No answer within a second."

    async def _ask(self) -> str | None:
        try:
            self._answer = await self._check()
        except Unavailable as error:
            self._answer = error.message
        except Exception as error:
            fault = fault_of(error)
            if fault is None:
                log.exception("A check of the health failed")
            self._answer = fault.value if fault else "The check failed; the log says why."
        finally:
            self._answered_at = monotonic()
            self._asking = None
        return self._answer


class Health:
    """However many requests come, one check runs at a time, and at most three in a second."""

    def __init__(self, database: Database, shutdown: Shutdown, newest_revision: str) -> None:
        self._database = database
        self._newest_revision = newest_revision
        self._shutdown = shutdown
        self._checks = {
            "reads": _Asked(self._reads),
            "writes": _Asked(self._writes),
            "migrations": _Asked(self._migrations),
        }

    async def live(self, _: Request) -> Response:
        return JSONResponse({"status": "live"}, headers=_NOT_STORED)

    async def ready(self, _: Request) -> Response:
        if asking := [task for asked in self._checks.values() if (task := asked.begun())]:
            await wait(asking, timeout=_PATIENCE)
        found = {name: asked.outcome() for name, asked in self._checks.items()}
        if self._shutdown.has_begun:
            found["server"] = "The server is told to end."
        is_ready = not any(found.values())
        body = {
            "status": "ready" if is_ready else "not ready",
            "checks": {name: reason or "ok" for name, reason in found.items()},
        }
        return JSONResponse(body, 200, _NOT_STORED) if is_ready else JSONResponse(body, 503, _AGAIN)

    async def _reads(self) -> str | None:
        await self._database.fetch(_ONE)
        return None

    async def _writes(self) -> str | None:
        try:
            async with self._database.writing() as session:
                await session.execute(_TOUCH)
                raise _Undone
        except _Undone:
            return None

    async def _migrations(self) -> str | None:
        standing = await self._database.fetch(_STANDING)
        if standing == [self._newest_revision]:
            return None
        return f"The tables are at {standing}, the program is at {self._newest_revision}."
