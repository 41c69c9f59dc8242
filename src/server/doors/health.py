"""The doors that say whether the program is alive and ready, for tools that restart it or send it
requests.
"""

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
# This changes one row, and a rollback follows at once. It shows whether the database can be written.
_TOUCH = text("UPDATE alembic_version SET version_num = version_num")
_REVISION = Statement(select(column("version_num")).select_from(table("alembic_version")), str)
_NOT_STORED = {"cache-control": "no-store"}
_AGAIN = {**_NOT_STORED, "retry-after": "1"}

Check = Callable[[], Awaitable[str | None]]
"""Returns what is wrong; None if nothing is."""


class _RollBack(Exception):
    pass


class _SharedCheck:
    """One check of the database, and its newest result, which several requests share."""

    def __init__(self, check: Check) -> None:
        self._check = check
        self._asking: Task[str | None] | None = None
        self._answered_at = -_SHARED_SECONDS
        self._answer: str | None = None

    def begun(self) -> "Task[str | None] | None":
        """The running check, to be awaited; None if the newest result is new enough. No second check begins
        while one runs.
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
    """Runs one check of each sort at a time, and at most three in a second, however many requests come."""

    def __init__(self, database: Database, shutdown: Shutdown, newest_revision: str) -> None:
        self._database = database
        self._newest_revision = newest_revision
        self._shutdown = shutdown
        self._checks = {
            "reads": _SharedCheck(self._reads),
            "writes": _SharedCheck(self._writes),
            "migrations": _SharedCheck(self._migrations),
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
            async with self._database.writing(is_change=False) as session:
                await session.execute(_TOUCH)
                raise _RollBack
        except _RollBack:
            return None

    async def _migrations(self) -> str | None:
        """Newer tables fit, too: each version runs with the tables of the next one."""
        revisions = await self._database.fetch(_REVISION)
        if len(revisions) == 1 and revisions[0] >= self._newest_revision:
            return None
        found = " and ".join(revisions) or "no revision"
        return f"The tables are at {found}, the program is at {self._newest_revision}."
