"""The least that keeps what it acknowledges: events and totals of days, in one transaction for all who wait.

It has no sign-in, no visitors, no months and no engaged views. It is what Viewgraph's `/collect` is compared
with.
"""

import asyncio
import os
import sqlite3
from collections import Counter
from collections.abc import Callable, Coroutine
from functools import partial
from pathlib import Path
from typing import Any, Final

import asyncpg
import msgspec
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bench.spending import Spending

_AT_ONCE: Final = 5_000
_TABLES: Final = (
    "CREATE TABLE minimal_events (id {id} PRIMARY KEY, subject TEXT, action TEXT, device TEXT, domain TEXT, "
    "happened_at TEXT, view_id TEXT){end}",
    "CREATE TABLE minimal_days (subject TEXT, action TEXT, day TEXT, device TEXT, domain TEXT, count BIGINT, "
    "PRIMARY KEY (subject, action, day, device, domain)){end}",
)
_ADDED: Final = (
    "ON CONFLICT (subject, action, day, device, domain) "
    "DO UPDATE SET count = minimal_days.count + excluded.count"
)

Row = tuple[Any, ...]
Write = Callable[[list[Row]], Coroutine[Any, Any, None]]


class Event(msgspec.Struct, rename="camel", gc=False):
    subject: msgspec.Raw
    action: str
    id: str
    occurred_at: str
    view_id: str | None = None
    device_category: str | None = None
    domain: str | None = None

    def row(self) -> Row:
        return (
            self.id,
            bytes(self.subject).decode(),
            self.action,
            self.device_category or "",
            self.domain or "",
            self.occurred_at,
            self.view_id,
        )


_decode: Final = msgspec.json.Decoder(Event | list[Event]).decode


def days_of(rows: list[Row]) -> list[Row]:
    counts = Counter(
        (subject, action, at[:10], device, domain) for _, subject, action, device, domain, at, _ in rows
    )
    return [(*key, count) for key, count in sorted(counts.items())]


class SqliteFile:
    def __init__(self, path: str) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = FULL")
        for table in _TABLES:
            self._connection.execute(table.format(id="TEXT", end=" WITHOUT ROWID"))

    async def write(self, rows: list[Row]) -> None:
        await asyncio.to_thread(self._write, rows)

    def _write(self, rows: list[Row]) -> None:
        run = self._connection
        run.execute("BEGIN IMMEDIATE")
        before = run.total_changes
        insert = "INSERT INTO minimal_events VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
        run.executemany(insert, rows)
        if run.total_changes - before < len(rows):
            # Some were there before. They must not count again, so this looks which.
            run.execute("ROLLBACK")
            run.execute("BEGIN IMMEDIATE")
            rows = [row for row in rows if run.execute(insert, row).rowcount]
        run.executemany(f"INSERT INTO minimal_days VALUES (?, ?, ?, ?, ?, ?) {_ADDED}", days_of(rows))  # noqa: S608
        run.execute("COMMIT")


class PostgresTables:
    def __init__(self, url: str) -> None:
        self._url = url
        self._connection: Any = None

    async def write(self, rows: list[Row]) -> None:
        if self._connection is None:
            self._connection = await asyncpg.connect(self._url)
            for table in _TABLES:
                await self._connection.execute(table.format(id="UUID", end=""))
        arrays = ", ".join(f"${place}::text[]" for place in range(2, 8))
        async with self._connection.transaction():
            new = await self._connection.fetch(
                f"INSERT INTO minimal_events SELECT * FROM unnest($1::uuid[], {arrays}) "  # noqa: S608
                "ON CONFLICT DO NOTHING RETURNING id",
                *zip(*rows, strict=True),
            )
            if len(new) < len(rows):
                known = {str(id) for (id,) in new}
                rows = [row for row in rows if row[0] in known]
            if rows:
                arrays = ", ".join(f"${place}::text[]" for place in range(1, 6))
                await self._connection.execute(
                    f"INSERT INTO minimal_days SELECT * FROM unnest({arrays}, $6::bigint[]) {_ADDED}",  # noqa: S608
                    *zip(*days_of(rows), strict=True),
                )


class Line:
    """Those who wait, in the order in which they came."""

    def __init__(self, write: Write, spending: Spending) -> None:
        self._write = write
        self._spending = spending
        self._waiting: list[tuple[list[Row], asyncio.Future[None]]] = []
        self._writer: asyncio.Task[None] | None = None

    async def add(self, rows: list[Row]) -> None:
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((rows, done))
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write_all())
        await done

    async def _write_all(self) -> None:
        while self._waiting:
            rows: list[Row] = []
            told = []
            while self._waiting and len(rows) < _AT_ONCE:
                own, done = self._waiting.pop(0)
                rows += own
                told.append(done)
            # An event may come twice in a batch; of an id, the first counts.
            with self._spending:
                await self._write(list({row[0]: row for row in reversed(rows)}.values()))
            for done in told:
                done.set_result(None)


async def collect(line: Line, request: Request) -> Response:
    decoded = _decode(await request.body())
    events = decoded if isinstance(decoded, list) else [decoded]
    await line.add([event.row() for event in events])
    return Response(msgspec.json.encode({"stored": len(events)}), 202, media_type="application/json")


def main() -> None:
    url, spending = os.environ["VIEWGRAPH_DATABASE_URL"], Spending()
    path = url.removeprefix("sqlite:///")
    tables: SqliteFile | PostgresTables = (
        PostgresTables(url) if path == url else SqliteFile(str(Path(path).with_name("minimal.sqlite3")))
    )
    line = Line(tables.write, spending)
    routes = [
        Route("/collect", partial(collect, line), methods=["POST"]),
        Route("/probe", spending.answer),
    ]
    port = int(os.environ["VIEWGRAPH_PORT"])
    uvicorn.run(Starlette(routes=routes), port=port, loop="uvloop", http="httptools", log_level="warning")


if __name__ == "__main__":
    main()
