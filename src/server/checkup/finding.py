"""What a check says: that all is well, or what is wrong and how to mend it."""

from enum import StrEnum
from typing import NamedTuple


class Level(StrEnum):
    OK = "ok"
    WARNING = "warning"
    """It works, but not as well as it could, or not for long."""
    PROBLEM = "problem"


class Finding(NamedTuple):
    level: Level
    about: str
    words: str
    cure: str = ""
    """What to do; a command where there is one."""


def counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def ok(about: str, words: str) -> Finding:
    return Finding(Level.OK, about, words)


def warning(about: str, words: str, cure: str) -> Finding:
    return Finding(Level.WARNING, about, words, cure)


def problem(about: str, words: str, cure: str) -> Finding:
    return Finding(Level.PROBLEM, about, words, cure)
