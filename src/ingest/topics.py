"""Topics wake those who watch figures when these changed, in this process and in the others."""

import logging
from asyncio import Event, Task, create_task, sleep, timeout
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from contextvars import Context
from typing import NamedTuple
from uuid import uuid4

from sqlalchemy.ext.asyncio import AsyncSession

from database import Channel
from ingest.event_columns import EventColumns
from models import SUBJECT_OF, SubjectKind

log = logging.getLogger("viewgraph")

_KINDS: dict[int, SubjectKind] = {int(action): kind for action, kind in SUBJECT_OF.items()}
_CHANGED = "changed topics"
_EVERYTHING = "*"
_MORE = "+"
"""The first word of a message about more than counted events."""
_LINGER = 0.02
_PAUSE = 1.0
_PATIENCE = 2.0
_MAX_UNSENT = 20_000
# PostgreSQL takes messages of 8,000 bytes, and each has the name of its sender in it.
_MAX_BYTES = 7_000


class Topic(NamedTuple):
    kind: SubjectKind
    id: int


class Watch:
    """Says that something changed, but not how often. There is no queue: a late reader reads the newest
    figures.
    """

    def __init__(self) -> None:
        self._changed = Event()

    @property
    def has_changed(self) -> bool:
        """Whether there was a change since `forget` was last called."""
        return self._changed.is_set()

    def wake(self) -> None:
        self._changed.set()

    async def change(self) -> None:
        """Waits for a change. Returns at once if there was one since `forget` was last called."""
        await self._changed.wait()

    def forget(self) -> None:
        self._changed.clear()


class Topics:
    """Outlives requests. Without a channel, changes of other processes are not known here."""

    def __init__(self, channel: Channel | None = None) -> None:
        self._channel = channel
        self._watches: dict[Topic, set[Watch]] = {}
        self._unsent: set[Topic] = set()
        self._has_unsent_change = False
        self.heard_changes = 0
        """How often another process told of a change of more than counted events, or may have told of one."""
        self.heard_counts = 0
        """How often another process told of counted events alone."""
        self._has_unsent = Event()
        self._sender: Task[None] | None = None
        self._name = uuid4().hex

    @contextmanager
    def watch(self, *topics: Topic) -> Iterator[Watch]:
        watch = Watch()
        for topic in topics:
            self._watches.setdefault(topic, set()).add(watch)
        try:
            yield watch
        finally:
            for topic in topics:
                self._watches[topic].discard(watch)
                if not self._watches[topic]:
                    del self._watches[topic]

    def announce(self, topics: Iterable[Topic]) -> None:
        """Call it after the commit: watchers read the figures again and must find the new ones."""
        known = set(topics)
        if not known:
            return
        self._wake(known)
        if self._channel:
            self._unsent |= known
            self._send_soon(self._channel)

    def tell(self, is_change: bool) -> None:
        """Tells other processes that something was committed. `is_change`: whether it was more than counted
        events.
        """
        if self._channel:
            self._has_unsent_change |= is_change
            self._send_soon(self._channel)

    @property
    def is_listening(self) -> bool:
        """Whether it is known here at once when other processes commit something."""
        return self._channel is not None and self._channel.is_listening

    def _send_soon(self, channel: Channel) -> None:
        self._has_unsent.set()
        if self._sender is None:
            # It has a context of its own, as it outlives the request that starts it.
            self._sender = create_task(self._send_forever(channel), context=Context())

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """While the block runs, what other processes announce is known here."""
        if self._channel is None:
            yield
            return
        listener = create_task(self._listen_forever(self._channel))
        try:
            yield
        finally:
            listener.cancel()
            with suppress(BaseException):
                await listener

    async def close(self) -> None:
        """Sends the others what was announced before. This takes a moment."""
        if self._channel is None:
            return
        if self._sender:
            self._sender.cancel()
            with suppress(BaseException):
                await self._sender
            with suppress(OSError, TimeoutError):
                async with timeout(_PATIENCE):
                    await self._send(self._channel)
        await self._channel.close()

    async def _listen_forever(self, channel: Channel) -> None:
        while True:
            try:
                await channel.listen(self._hear, self._wake_all)
            except Exception:
                log.exception("Listening to other processes failed, and is tried again")
            await sleep(_PAUSE)
            self._wake_all()

    async def _send_forever(self, channel: Channel) -> None:
        while True:
            await self._has_unsent.wait()
            try:
                await self._send(channel)
            except OSError as error:
                log.warning("Other processes cannot be told of changes, trying again: %s", error)
                await sleep(_PAUSE)
            except Exception:
                log.exception("Telling other processes failed, and is tried again")
                await sleep(_PAUSE)
            # Changes during this pause are sent together, however many batches they come from.
            await sleep(_LINGER)

    async def _send(self, channel: Channel) -> None:
        if not self._has_unsent.is_set():
            return
        self._has_unsent.clear()
        sent, self._unsent = self._unsent, set()
        has_change, self._has_unsent_change = self._has_unsent_change, False
        more = f" {_MORE}" if has_change else ""
        try:
            await channel.send([f"{self._name}{more} {words}" for words in _written(sent)])
        except BaseException:
            self._unsent |= sent
            self._has_unsent_change |= has_change
            self._has_unsent.set()
            raise

    def _hear(self, message: str) -> None:
        name, _, words = message.partition(" ")
        if name == self._name:
            return
        is_change = words.startswith(_MORE)
        topics = _read(words.removeprefix(_MORE))
        if topics is None:
            self._wake_all()
            return
        self.heard_changes += is_change
        self.heard_counts += not is_change
        self._wake(topics)

    def _wake(self, topics: Iterable[Topic]) -> None:
        if not self._watches:
            return
        for topic in topics:
            for watch in self._watches.get(topic, ()):
                watch.wake()

    def _wake_all(self) -> None:
        self.heard_changes += 1
        for watches in self._watches.values():
            for watch in watches:
                watch.wake()


async def announce_everything(channel: Channel | None) -> None:
    """For a command that changed more than it can name. A process that misses it learns it with the next
    change."""
    if channel:
        with suppress(OSError):
            await channel.send([f"{uuid4().hex} {_EVERYTHING}"])
        await channel.close()


def topics_of(events: EventColumns) -> set[Topic]:
    """The subjects of these events."""
    pairs = set(zip(events.actions, events.subject_ids, strict=True))
    return {Topic(_KINDS[action], id) for action, id in pairs}


def touch(session: AsyncSession, *topics: Topic) -> None:
    """Marks topics, which are announced when the session's work is committed."""
    session.info.setdefault(_CHANGED, set()).update(topics)


def touched(session: AsyncSession) -> set[Topic]:
    found: set[Topic] = session.info.get(_CHANGED, set())
    return found


def _written(topics: set[Topic]) -> Iterator[str]:
    """Texts that fit into a message each. If there are too many topics, one text stands for everything."""
    if len(topics) > _MAX_UNSENT:
        yield _EVERYTHING
        return
    line: list[str] = []
    size = 0
    for kind, id in topics:
        word = f"{int(kind)}:{id}"
        if size + len(word) >= _MAX_BYTES:
            yield " ".join(line)
            line, size = [], 0
        line.append(word)
        size += len(word) + 1
    yield " ".join(line)


def _read(words: str) -> list[Topic] | None:
    """None stands for everything, and for what another version wrote and this one cannot read."""
    try:
        pairs = [word.split(":") for word in words.split()]
        return [Topic(SubjectKind(int(kind)), int(id)) for kind, id in pairs]
    except ValueError:
        return None
