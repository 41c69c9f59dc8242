"""What the client of each network can do."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Protocol

from models import Network
from social.calls import Calls


@dataclass(slots=True)
class FetchedCounts:
    """What the network answered about the keys that it was asked for. A key that is in none of these was not
    answered.
    """

    counts: dict[str, int] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    """The network does not know them any more, or never did, or does not show them."""
    unclear: set[str] = field(default_factory=set)
    """The network answered, but without a count."""

    def add(self, key: str, count: int | None) -> None:
        if count is None:
            self.unclear.add(key)
        else:
            self.counts[key] = count

    def add_missing(self, keys: Sequence[str], *, is_clear: bool) -> None:
        """The keys that the answer leaves out are gone, unless something in the answer could not be read."""
        (self.gone if is_clear else self.unclear).update(self.missing(keys))

    def missing(self, keys: Sequence[str]) -> set[str]:
        """The keys that are not answered."""
        return set(keys) - self.counts.keys() - self.gone - self.unclear


class Client(Protocol):
    network: ClassVar[Network]
    ids_of_call: ClassVar[int]
    """How many ids one call may name."""
    is_counted_by_id: ClassVar[bool]
    """Whether each id counts against the quota, instead of each call."""

    def key(self, name: str) -> str | None:
        """The spelling of a name in questions and answers; None if no account can have the name."""

    async def ask(self, calls: Calls, keys: Sequence[str], fetched: FetchedCounts) -> None:
        """Adds to `fetched`, which keeps what it has if NetworkError is raised."""
