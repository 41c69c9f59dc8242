"""The server as it is, watched from within: for how long nobody else had a turn of the event loop.

Of requests that say when they were sent, it also notes the CPU of the event loop until they were answered.
Of deletions, it notes for how long their transactions kept the database.

What was seen is written to the file that VIEWGRAPH_BENCH_SEEN names, at each SIGUSR1, and begins anew.
"""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from time import perf_counter, process_time, thread_time
from typing import Any

import msgspec
from starlette.applications import Starlette

import ingest.deletions.work
import server.app
import server.serving
from ingest.deletions.pace import Pace
from server.http.http_connection import HttpConnection
from server.settings import Settings

SEEN = "VIEWGRAPH_BENCH_SEEN"
SENT = "X-Bench-Sent"
"""A header: when the request was sent, and the CPU that the server had used by then, in seconds."""
_PAUSE = 0.002


class Seen(msgspec.Struct):
    longest_wall: float = 0.0
    """Seconds between two turns of a task that was due."""
    longest_cpu: float = 0.0
    """Seconds of CPU that the thread of the event loop had meanwhile."""
    until_answered: list[float] = msgspec.field(default_factory=list)
    """Seconds of CPU of that thread from when a request was sent until it was answered."""
    kept: list[float] = msgspec.field(default_factory=list)
    """Seconds for which each transaction of a deletion kept the database."""


class WatchedConnection(HttpConnection):
    """Its requests come one after the other."""

    watch: "Watch"
    _begun: float | None = None
    """The CPU of the event loop when the request was sent."""

    def on_headers_complete(self) -> None:
        super().on_headers_complete()
        self._begun = None
        for name, value in self.headers:
            if name == SENT.lower().encode():
                sent, cpu = map(float, value.split())
                # What other threads had is in the CPU, and what other processes had is in the time.
                self._begun = thread_time() - min(process_time() - cpu, perf_counter() - sent)

    def on_response_complete(self) -> None:
        if self._begun is not None:
            self.watch.answered(thread_time() - self._begun)
            self._begun = None
        super().on_response_complete()


class WatchedPace(Pace):
    watch: "Watch"

    def fit(self, seconds: float) -> None:
        self.watch.kept(seconds)
        super().fit(seconds)


class Watch:
    def __init__(self, file: Path) -> None:
        self._file = file
        self._seen = Seen()

    async def beat(self) -> None:
        while True:
            wall, cpu = perf_counter(), thread_time()
            await asyncio.sleep(_PAUSE)
            seen = self._seen
            seen.longest_wall = max(seen.longest_wall, perf_counter() - wall - _PAUSE)
            seen.longest_cpu = max(seen.longest_cpu, thread_time() - cpu)

    def answered(self, cpu: float) -> None:
        self._seen.until_answered.append(cpu)

    def kept(self, seconds: float) -> None:
        self._seen.kept.append(seconds)

    def tell(self) -> None:
        part = self._file.with_suffix(".part")
        part.write_bytes(msgspec.json.encode(self._seen))
        part.replace(self._file)
        self._seen = Seen()

    @asynccontextmanager
    async def lifespan(self, usual: Callable[[Any], Any], app: Starlette) -> AsyncIterator[Any]:
        asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, self.tell)
        beating = asyncio.create_task(self.beat())
        async with usual(app) as state:
            yield state
        beating.cancel()


def watched_app(make: Callable[[], Starlette], watch: Watch) -> Starlette:
    app = make()
    app.router.lifespan_context = partial(watch.lifespan, app.router.lifespan_context)
    return app


def main() -> None:
    watch = Watch(Path(os.environ[SEEN]))
    WatchedConnection.watch = WatchedPace.watch = watch
    vars(server.serving)["HttpConnection"] = WatchedConnection
    vars(ingest.deletions.work)["Pace"] = WatchedPace
    server.app.app_from_environment = partial(watched_app, server.app.app_from_environment, watch)
    server.serving.serve(Settings())


if __name__ == "__main__":
    main()
