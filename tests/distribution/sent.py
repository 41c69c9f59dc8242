"""The statements that tests send to PostgreSQL, collected to be held to the rules."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine

from database import Database
from tests.distribution.exceptions import is_excepted
from tests.distribution.rules import broken_rules

_NUMBERS = re.compile(r"\d+")
_TEXTS = re.compile(r"'[^']*'")
_REPEATED = re.compile(r"((?:\(?\$(?:::\w+(?:\[\])?)?\)?|NULL), )+")


class Sent:
    """Each text that was sent, with the test that sent it first."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}

    def add(self, text: str) -> None:
        if text not in self.texts:
            self.texts[text] = os.environ.get("PYTEST_CURRENT_TEST", "before the first test")

    def broken(self) -> list[str]:
        """What is wrong with which statement. Statements that differ in values alone are looked at once."""
        shapes = {_shape(text): text for text in reversed(self.texts)}
        return [
            f"{rule}\n    {text}\n    first sent by {self.texts[text]}"
            for text in reversed(shapes.values())
            if not is_excepted(text)
            for rule in sorted(broken_rules(text))
        ]


def _shape(text: str) -> str:
    return _REPEATED.sub("..., ", _NUMBERS.sub("", _TEXTS.sub("''", text)))


@contextmanager
def collected() -> Iterator[Sent]:
    """Collects what goes through any `Database`, and through any engine that tests open themselves."""
    sent = Sent()
    observe = Database._observe

    def observing(database: Database, text: str) -> None:
        if database.dialect_name == "postgresql":
            sent.add(text)
        observe(database, text)

    def executing(connection: Any, _cursor: Any, text: str, *_: Any) -> None:
        if connection.dialect.name == "postgresql":
            sent.add(text)

    event.listen(Engine, "before_cursor_execute", executing)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Database, "_observe", observing)
        yield sent
    event.remove(Engine, "before_cursor_execute", executing)
