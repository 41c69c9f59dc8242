"""The statements that tests send to PostgreSQL, collected to be held to the rules."""

import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, Final, NamedTuple

import pytest
from greenlet import getcurrent
from sqlalchemy import event
from sqlalchemy.engine import Engine

from database import Database, Statement
from tests.distribution.rules import Rule, broken_rules

EXCEPTIONS: Final = {
    "database.bulk.postgres.PostgresBulk._claimed_at_once": "locks rows of several tenants, on no cluster",
    "database.bulk.postgres.PostgresBulk._claimed_new": "looks for rows of several tenants, on no cluster",
    "database.bulk.postgres.PostgresBulk._locked_together": "locks rows of several tenants, on no cluster",
    "server.demo.present.bring_up_to_date": "of demo, whose data is a file of SQLite",
    "loaders.ahead.ReadAhead.fetch": "reads totals together with rows, on no cluster",
    "ingest.tenants.tenants_with_events": "of verify, rebuild and prune: asks for all tenants",
    "ingest.unused_domains._unused": "of prune: asks whether any tenant has a domain",
    "ingest.unused_domains._used": "of prune: asks whether any tenant has a domain",
    "database.partitions._has_kept": "of prune: asks whether any tenant keeps an event of a month",
    "database.partitions._make": "moves the events of a month, whosever they are",
    "0006_totals_of_all_time_py._add_subject_totals": "was run before tables could be distributed",
}
"""Who may read or write all tenants, and why."""
_OF_ALL_TENANTS: Final = {Rule.READ, Rule.WRITE, Rule.LOCK, Rule.LOCAL}
_ROOT: Final = Path(__file__).parents[2]
_OURS: Final = (f"{_ROOT / 'src'}{os.sep}", f"{_ROOT / 'tests'}{os.sep}")
_WAYS: Final = re.compile(r"database\.(database|bulk\..*|inserts|deleting|changes)|tests\.distribution\.sent")
"""The modules through which statements go, whoever sends them."""
_VALUES: Final = re.compile(r"'[^']*'|\d+")
_REPEATED: Final = re.compile(r"((?:\(?\$(?:::\w+(?:\[\])?)?\)?|NULL), )+")


class First(NamedTuple):
    test: str
    sender: str
    """The function."""

    @classmethod
    def now(cls) -> "First":
        test = os.environ.get("PYTEST_CURRENT_TEST", "before the first test")
        return cls(test, _sender(sys._getframe(2)))


class Sent:
    """Each text that was sent, with who sent it first."""

    def __init__(self) -> None:
        self.texts: dict[str, First] = {}
        self._compiled: dict[Statement[Any], First] = {}

    def add(self, text: str) -> None:
        if text not in self.texts:
            self.texts[text] = First.now()

    def add_compiled(self, statement: Statement[Any]) -> None:
        """Also one that is sent to SQLite alone."""
        if statement not in self._compiled:
            self._compiled[statement] = First.now()

    def broken(self) -> list[str]:
        """What is wrong with which statement. Statements that differ in values alone are looked at once."""
        for statement, first in self._compiled.items():
            self.texts.setdefault(statement.compiled("postgresql").text, first)
        of_each_shape = {(_shape(text), first.sender): text for text, first in reversed(self.texts.items())}
        return [
            f"{rule}\n    {text}\n    first sent by {sender} in {self.texts[text].test}"
            for (_, sender), text in of_each_shape.items()
            for rule in sorted(broken_rules(text) - _allowed(sender))
        ]


def _allowed(sender: str) -> set[Rule]:
    """Tests may look at all tenants, and change what they will: a cluster does that, though not quickly."""
    if sender.startswith("tests."):
        return {Rule.READ, Rule.WRITE}
    return _OF_ALL_TENANTS if sender in EXCEPTIONS else set()


def _shape(text: str) -> str:
    return _REPEATED.sub("..., ", _VALUES.sub("", text))


def _sender(frame: FrameType | None) -> str:
    """The first function of the project, on the way outwards, that is no way of all statements."""
    outer = getcurrent().parent
    while frame or outer:
        if frame is None:
            # SQLAlchemy runs its own code beside the caller's stack.
            frame, outer = outer.gr_frame, outer.parent
            continue
        module = frame.f_globals.get("__name__", "")
        name = f"{module}.{frame.f_code.co_qualname}"
        if name in EXCEPTIONS or (frame.f_code.co_filename.startswith(_OURS) and not _WAYS.fullmatch(module)):
            return name
        frame = frame.f_back
    return "nobody"


@contextmanager
def collected() -> Iterator[Sent]:
    """Collects what goes through any `Database`, and through any engine that tests open themselves."""
    sent = Sent()
    observe, compiled = Database._observe, Statement.compiled

    def observing(database: Database, text: str) -> None:
        if database.dialect_name == "postgresql":
            sent.add(text)
        observe(database, text)

    def compiling(statement: Statement[Any], dialect_name: str) -> Any:
        sent.add_compiled(statement)
        return compiled(statement, dialect_name)

    def executing(connection: Any, _cursor: Any, text: str, *_: Any) -> None:
        if connection.dialect.name == "postgresql":
            sent.add(text)

    event.listen(Engine, "before_cursor_execute", executing)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Database, "_observe", observing)
        patch.setattr(Statement, "compiled", compiling)
        yield sent
    event.remove(Engine, "before_cursor_execute", executing)
