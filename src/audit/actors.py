from datetime import datetime
from enum import IntEnum
from typing import NamedTuple


class ActorKind(IntEnum):
    """The numbers stand in a SmallInteger column. Once it is used, a number keeps its meaning for ever."""

    USER = 1
    KEY = 2
    OPERATOR = 3


class Actor(NamedTuple):
    """Who does something, and when."""

    at: datetime
    user_id: int | None = None
    """None for an operator."""
    key_digest: bytes | None = None
    """Of the authentication key that the request shows; None if it shows a token."""
    command: str | None = None
    """What an operator runs, such as `key revoke`."""

    @property
    def kind(self) -> ActorKind:
        if self.command is not None:
            return ActorKind.OPERATOR
        return ActorKind.USER if self.key_digest is None else ActorKind.KEY


def operator(command: str, at: datetime) -> Actor:
    """Who runs this command, such as `key revoke`."""
    return Actor(at, command=command)
