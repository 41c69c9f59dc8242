"""Errors of databases that cannot do something at present, and what callers are told about them."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum

import asyncpg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from base.errors import Unavailable


class Fault(Enum):
    """A state of the database that will pass, whatever the statement was."""

    AWAY = "The database cannot be reached."
    SLOW = "The database did not answer in time."
    BUSY = "Somebody else is changing the same data at this moment."
    READ_ONLY = "The database takes no changes at present."
    FULL = "The database has no room left."
    CROWDED = "The database has no connection left."

    def error(self) -> Unavailable:
        return Unavailable(f"{self.value} Try again shortly.")


_OF_SQLITE = {
    sqlite3.SQLITE_BUSY: Fault.BUSY,
    sqlite3.SQLITE_LOCKED: Fault.BUSY,
    sqlite3.SQLITE_PROTOCOL: Fault.BUSY,
    sqlite3.SQLITE_READONLY: Fault.READ_ONLY,
    sqlite3.SQLITE_FULL: Fault.FULL,
    sqlite3.SQLITE_NOMEM: Fault.FULL,
    sqlite3.SQLITE_IOERR: Fault.AWAY,
    sqlite3.SQLITE_CANTOPEN: Fault.AWAY,
}
_STATES = {
    "25006": Fault.READ_ONLY,
    "40001": Fault.BUSY,
    "40P01": Fault.BUSY,
    "53100": Fault.FULL,
    "53200": Fault.FULL,
    "53300": Fault.CROWDED,
    "55P03": Fault.BUSY,
    "57014": Fault.SLOW,
}
_CLASSES = {"08": Fault.AWAY, "53": Fault.CROWDED, "57": Fault.AWAY, "58": Fault.AWAY}
"""For PostgreSQL's other codes, by their first two characters."""
_PRIMARY = 0xFF
"""The part of SQLite's codes that counts here: the rest is only more exact."""


def fault_of(error: BaseException | None) -> Fault | None:
    """None if the error is not about the database's state, but about a statement or its values."""
    if isinstance(error, DBAPIError):
        return Fault.AWAY if error.connection_invalidated else fault_of(error.orig)
    if isinstance(error, sqlite3.Error):
        return _OF_SQLITE.get(getattr(error, "sqlite_errorcode", 0) & _PRIMARY)
    if isinstance(error, PoolTimeoutError):
        return Fault.CROWDED
    if isinstance(error, TimeoutError):
        return Fault.SLOW
    if state := getattr(error, "sqlstate", None):
        return _STATES.get(state) or _CLASSES.get(state[:2])
    if isinstance(error, OSError):
        return Fault.AWAY
    if isinstance(error, asyncpg.InterfaceError):
        # It is a ValueError where a value does not fit; else the connection is gone.
        return None if isinstance(error, ValueError) else Fault.AWAY
    if isinstance(error, asyncpg.InternalClientError):
        # A connection raises it if it was ended a moment before and does not know it yet.
        return Fault.AWAY
    # If SQLAlchemy raises an error in place of the driver's, the driver's error is its cause.
    return fault_of(error.__cause__) if error is not None and error.__cause__ else None


@contextmanager
def faults_translated() -> Iterator[None]:
    """Raises UNAVAILABLE in place of the driver's errors about the database's state."""
    try:
        yield
    except Exception as error:
        if fault := fault_of(error):
            raise fault.error() from error
        raise
