"""The server as it is, with a route more: `/probe` says what it spent since it was asked before."""

import asyncio
import os
import types
from collections.abc import Callable, Coroutine, Generator
from functools import partial
from time import perf_counter, process_time, thread_time
from typing import Any, cast

import aiosqlite
import asyncpg
import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

import server.app
from bench.spending import Spent
from server.serving import serve
from server.settings import Settings


class Probe:
    def __init__(self) -> None:
        self.spent = Spent()
        self._cpu = 0.0
        self._loop_cpu = 0.0
        self._running = 0
        self._since = 0.0
        self._heart: asyncio.Task[None] | None = None

    async def answer(self, request: Request) -> Response:
        is_watched = "watched" in request.query_params
        asyncio.get_running_loop().set_task_factory(cast(Any, self._task) if is_watched else None)
        if self._heart is None:
            self._heart = asyncio.create_task(self._beat())
        spent, self.spent = self.spent, Spent()
        spent.process = os.getpid()
        cpu, loop_cpu = process_time(), thread_time()
        spent.cpu_seconds, self._cpu = cpu - self._cpu, cpu
        spent.loop_cpu_seconds, self._loop_cpu = loop_cpu - self._loop_cpu, loop_cpu
        return Response(msgspec.json.encode(spent), media_type="application/json")

    def begin(self) -> None:
        """A statement is under way."""
        if self._running == 0:
            self._since = perf_counter()
        self._running += 1

    def end(self) -> None:
        self._running -= 1
        if self._running == 0:
            self.spent.database_seconds += perf_counter() - self._since

    async def _beat(self) -> None:
        while True:
            due = perf_counter() + 0.005
            await asyncio.sleep(0.005)
            self.spent.longest_wait = max(self.spent.longest_wait, perf_counter() - due)

    def _task(
        self, loop: asyncio.AbstractEventLoop, coroutine: Coroutine[Any, Any, Any], **options: Any
    ) -> asyncio.Task[Any]:
        return asyncio.Task(self._timed(coroutine), loop=loop, **options)

    @types.coroutine
    def _timed(self, coroutine: Coroutine[Any, Any, Any]) -> Generator[Any, Any, Any]:
        sent: Any = None
        step: Callable[[Any], Any] = coroutine.send
        while True:
            before = thread_time()
            try:
                awaited = step(sent)
            except StopIteration as end:
                return end.value
            finally:
                self.spent.longest_hold = max(self.spent.longest_hold, thread_time() - before)
            try:
                sent = yield awaited
                step = coroutine.send
            except BaseException as error:
                sent = error
                step = coroutine.throw


def _watch_sqlite(probe: Probe) -> None:
    usual: Callable[..., Any] = aiosqlite.Connection._execute

    async def watched(connection: Any, work: Callable[..., Any], *args: Any, **named: Any) -> Any:
        def timed() -> Any:
            probe.begin()
            try:
                return work(*args, **named)
            finally:
                probe.end()

        return await usual(connection, timed)

    setattr(aiosqlite.Connection, "_execute", watched)  # noqa: B010


def _watch_postgres(probe: Probe) -> None:
    """Every way to a PostgreSQL ends in one of these."""
    for owner, name in (
        (asyncpg.Connection, "_execute"),
        (asyncpg.Connection, "execute"),
        (asyncpg.Connection, "copy_records_to_table"),
        (asyncpg.prepared_stmt.PreparedStatement, "fetch"),
    ):
        setattr(owner, name, _watched(probe, getattr(owner, name)))


def _watched(probe: Probe, usual: Callable[..., Any]) -> Callable[..., Any]:
    async def watched(*args: Any, **named: Any) -> Any:
        probe.begin()
        try:
            return await usual(*args, **named)
        finally:
            probe.end()

    return watched


def app_with_probe(make: Callable[[], Starlette], probe: Probe) -> Starlette:
    app = make()
    app.router.routes.append(Route("/probe", probe.answer, methods=["GET"]))
    return app


def main() -> None:
    probe = Probe()
    _watch_sqlite(probe)
    _watch_postgres(probe)
    server.app.app_from_environment = partial(app_with_probe, server.app.app_from_environment, probe)
    serve(Settings())


if __name__ == "__main__":
    main()
