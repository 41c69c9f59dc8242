"""Messages from one process to the others that work on the same database."""

import logging
from asyncio import Event, sleep, timeout
from collections.abc import Callable
from typing import Any, Protocol

import aiosqlite
import asyncpg
from sqlalchemy import URL

from database.addresses import connect_arguments

log = logging.getLogger("viewgraph")

_NAME = "viewgraph"
_CHECKED_AFTER = 5.0
_CHECK_SECONDS = 5.0
_PATIENCE = 10.0
_PAUSE = 1.0
_LOOKED_AFTER = 0.1
_FAILURES = (
    OSError,
    TimeoutError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)

OnMessage = Callable[[str], None]


class Channel(Protocol):
    async def send(self, messages: list[str]) -> None:
        """Sends messages to the other processes. Raises OSError while they cannot be reached."""

    @property
    def is_listening(self) -> bool:
        """Whether messages of the other processes arrive here at once."""

    async def listen(self, on_message: OnMessage, on_missed: Callable[[], None], /) -> None:
        """Never returns. It also hears its own process. It calls `on_missed` when a message may have been
        lost.
        """

    async def close(self) -> None: ...


class PostgresChannel:
    """PostgreSQL's LISTEN and NOTIFY, on two connections that stay open: one listens, the other sends.

    Both have to reach the server itself: a pooler that lends a connection for one transaction forgets who
    listens.
    """

    def __init__(self, url: URL) -> None:
        self._server = connect_arguments(url)
        self._sender: asyncpg.Connection | None = None
        self.is_listening = False

    async def send(self, messages: list[str]) -> None:
        try:
            async with timeout(_PATIENCE):
                if self._sender is None or self._sender.is_closed():
                    self._sender = await asyncpg.connect(**self._server)
                await self._sender.execute(
                    "SELECT pg_notify($1, message) FROM unnest($2::text[]) AS message", _NAME, messages
                )
        except _FAILURES as error:
            self._hang_up()
            raise OSError(str(error)) from error

    async def listen(self, on_message: OnMessage, on_missed: Callable[[], None], /) -> None:
        while True:
            try:
                await self._listen_once(on_message, on_missed)
            except _FAILURES as error:
                log.warning("Changes made by other processes are not heard, trying again: %s", error)
            await sleep(_PAUSE)

    async def close(self) -> None:
        self._hang_up()

    async def _listen_once(self, on_message: OnMessage, on_missed: Callable[[], None]) -> None:
        """Listens until the connection is lost."""
        lost = Event()

        def heard(_connection: Any, _pid: int, _name: str, message: str) -> None:
            on_message(message)

        connection = await asyncpg.connect(**self._server, timeout=_PATIENCE)
        try:
            connection.add_termination_listener(lambda _: self._lose(lost))
            await connection.add_listener(_NAME, heard)
            on_missed()
            self.is_listening = True
            while not lost.is_set():
                try:
                    async with timeout(_CHECKED_AFTER):
                        await lost.wait()
                except TimeoutError:
                    # An idle connection can be dropped on the way without a sign.
                    await connection.execute("SELECT 1", timeout=_CHECK_SECONDS)
        finally:
            self.is_listening = False
            connection.terminate()

    def _lose(self, lost: Event) -> None:
        self.is_listening = False
        lost.set()

    def _hang_up(self) -> None:
        if self._sender:
            self._sender.terminate()
            self._sender = None


class SqliteChannel:
    """SQLite has no messages. But each process sees in the file that another one wrote, though not what."""

    is_listening = False
    """It learns of changes only a moment later."""

    def __init__(self, url: URL) -> None:
        self._path = url.database or ""

    async def send(self, messages: list[str]) -> None:
        """Nothing to do: the others look at the file."""

    async def listen(self, _on_message: OnMessage, on_missed: Callable[[], None], /) -> None:
        async with aiosqlite.connect(self._path, timeout=_PATIENCE) as connection:
            before = await _data_version(connection)
            while True:
                await sleep(_LOOKED_AFTER)
                version = await _data_version(connection)
                if version != before:
                    before = version
                    on_missed()

    async def close(self) -> None: ...


async def _data_version(connection: aiosqlite.Connection) -> int:
    """The version of the file, as this connection sees it. It changes when another one commits."""
    ((version,),) = await connection.execute_fetchall("PRAGMA data_version")
    return int(version)


def channel_of(url: URL, *, workers: int = 1) -> Channel | None:
    """None if a process is alone with its file: it knows what it writes itself."""
    if url.get_backend_name() == "postgresql":
        return PostgresChannel(url)
    return SqliteChannel(url) if workers > 1 else None
