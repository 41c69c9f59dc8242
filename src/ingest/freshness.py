"""Freshness: whether something that was read from the database is still true."""

import sqlite3
from time import monotonic
from typing import NamedTuple, Protocol

from database import Database
from ingest.topics import Topics

_LOOK_SECONDS = 0.001
_MORE_THAN_ANY = 2**40
"""More than what a connection can count to."""


class Marks(NamedTuple):
    """Two numbers. What was read while a number was the same is still true as far as that number counts."""

    changes: int
    """Of everything but counted events."""
    all: int
    """Of counted events, too."""


class Freshness(Protocol):
    def marks(self) -> Marks | None:
        """None if nobody knows what was committed, so that nothing may be taken for true."""

    def close(self) -> None: ...


class ToldFreshness:
    """With PostgreSQL, each process tells the others what it has committed. While this one does not hear
    them, nothing is fresh.
    """

    def __init__(self, database: Database, topics: Topics) -> None:
        self._commits = database.commits
        self._topics = topics

    def marks(self) -> Marks | None:
        topics, commits = self._topics, self._commits
        if not topics.is_listening:
            return None
        changes = commits.changes + topics.heard_changes
        return Marks(changes, changes + commits.counts + topics.heard_counts)

    def close(self) -> None:
        """Nothing to do: the topics are closed by themselves."""


class FileFreshness:
    """SQLite says whether anybody has written into the file, but not what.

    It is asked on the event loop, because that takes 4 to 20 us. What other processes commit is known here
    within a millisecond, and what this one commits at once.
    """

    def __init__(self, database: Database) -> None:
        self._path = database.url.database or ""
        self._commits = database.commits
        self._connection: sqlite3.Connection | None = None
        self._looked_at = 0.0
        self._version: int | None = None
        self._before = 0
        """Each connection counts anew, and above what the one before may have counted to."""

    def marks(self) -> Marks | None:
        now = monotonic()
        if now - self._looked_at > _LOOK_SECONDS:
            self._version, self._looked_at = self._look(), now
        if self._version is None:
            return None
        commits = self._commits
        mark = self._version + commits.changes + commits.counts
        return Marks(mark, mark)

    def _look(self) -> int | None:
        """The version of the file. None while the file is locked: this waits for nobody."""
        try:
            connection = self._connection or self._connect()
            ((version,),) = connection.execute("PRAGMA data_version").fetchall()
        except sqlite3.Error:
            self.close()
            return None
        return self._before + int(version)

    def _connect(self) -> sqlite3.Connection:
        self._before += _MORE_THAN_ANY
        self._connection = sqlite3.connect(
            self._path, timeout=0, isolation_level=None, check_same_thread=False
        )
        return self._connection

    def close(self) -> None:
        if self._connection:
            self._connection.close()
            self._connection = None


def freshness_of(database: Database, topics: Topics) -> Freshness:
    if database.dialect_name == "sqlite":
        return FileFreshness(database)
    return ToldFreshness(database, topics)


def changes_of(freshness: Freshness) -> int | None:
    """The mark of everything but counted events."""
    marks = freshness.marks()
    return marks and marks.changes
