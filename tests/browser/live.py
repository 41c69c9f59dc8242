"""The application as a browser meets it: served on a port of its own, over a database file."""

import asyncio
import sqlite3
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from threading import Thread
from types import MappingProxyType
from typing import Any, NamedTuple
from uuid import UUID

import orjson
import uvicorn
from pydantic import SecretStr
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from base.ids import Kind, global_id
from models import Action, Device
from server.app import create_app
from server.settings import Settings
from tests.studio import SECRET

PATIENCE = 30.0
"""Seconds after which nothing is waited for any longer, however busy the machine."""
_SHARED = {"access-control-allow-origin": "*", "access-control-expose-headers": "retry-after"}


class Stored(NamedTuple):
    """An event as it is in the database."""

    id: UUID
    asset: str
    action: Action
    device: Device
    domain: str | None
    view: UUID
    milliseconds: int
    """Since 1970."""


class Sent(NamedTuple):
    """What came to /collect."""

    headers: Headers
    events: list[dict[str, Any]]

    @property
    def ids(self) -> list[str]:
        return [event["id"] for event in self.events]


class Refusal(NamedTuple):
    """What is answered in place of the application."""

    status: int
    headers: Mapping[str, str] = MappingProxyType({})
    stores: bool = False
    """Whether the application got the events all the same, so that its answer was lost."""


class Gate:
    """Stands before the application as a proxy does."""

    def __init__(self, app: ASGIApp, sent: list[Sent], refusals: deque[Refusal]) -> None:
        self._app = app
        self._sent = sent
        self._refusals = refusals

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or (scope["method"], scope["path"]) != ("POST", "/collect"):
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        body = await request.body()
        self._sent.append(Sent(request.headers, orjson.loads(body)))
        whole = [{"type": "http.request", "body": body, "more_body": False}]

        async def again() -> Message:
            return whole.pop() if whole else await receive()

        if not self._refusals:
            await self._app(scope, again, send)
            return
        refusal = self._refusals.popleft()
        if refusal.stores:
            await self._app(scope, again, _lost)
        answer = Response(status_code=refusal.status, headers={**_SHARED, **refusal.headers})
        await answer(scope, receive, send)


async def _lost(_: Message) -> None:
    pass


class LiveServer:
    def __init__(self, database: Path, port: int, *, demo: bool = False) -> None:
        self.port = port
        self._database = database
        self._demo = demo
        self._server: uvicorn.Server | None = None
        self._thread: Thread | None = None
        self.sent: list[Sent] = []
        self.refusals: deque[Refusal] = deque()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        settings = Settings(
            database_url=f"sqlite:///{self._database}", secret=SecretStr(SECRET), demo=self._demo
        )

        def app() -> Gate:
            return Gate(create_app(settings), self.sent, self.refusals)

        config = uvicorn.Config(
            app, factory=True, host="127.0.0.1", port=self.port, log_config=None, lifespan="on"
        )
        config.timeout_graceful_shutdown = 2
        self._server = uvicorn.Server(config)
        self._thread = Thread(target=self._server.run)
        self._thread.start()
        deadline = time.monotonic() + PATIENCE
        while not self._server.started:
            assert self._thread.is_alive(), "the server did not start"
            assert time.monotonic() < deadline, "the server is slow to start"
            time.sleep(0.01)

    def stop(self) -> None:
        if self._server and self._thread:
            self._server.should_exit = True
            self._thread.join()

    def stored(self) -> list[Stored]:
        with closing(sqlite3.connect(self._database)) as connection:
            rows = connection.execute(
                "SELECT events.id, assets.public_id, action, device, domains.name, view_id, occurred_at"
                " FROM events JOIN assets ON assets.id = subject_id"
                " LEFT JOIN domains ON domains.id = domain_id ORDER BY events.id"
            ).fetchall()
        return [
            Stored(
                UUID(bytes=id),
                global_id(Kind.ASSET, UUID(asset)),
                Action(action),
                Device(device),
                domain,
                UUID(bytes=view),
                microseconds // 1000,
            )
            for id, asset, action, device, domain, view, microseconds in rows
        ]

    async def holds(self, count: int) -> list[Stored]:
        """As soon as there are so many events."""
        await self.until(lambda: len(self.stored()) >= count, f"{count} events")
        return self.stored()

    async def got(self, count: int) -> list[Sent]:
        """As soon as so many requests came to /collect."""
        await self.until(lambda: len(self.sent) >= count, f"{count} requests")
        return self.sent

    async def until(self, condition: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < deadline, f"waited in vain for {what}"
            await asyncio.sleep(0.03)
