"""What every network's client can do."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Protocol

from models import Network
from social.calls import Calls


@dataclass(slots=True)
class FetchedCounts:
    """What became of those that were asked for. What stands nowhere was not answered."""

    told: dict[str, int] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    """The network knows them no more, or never did, or does not show them."""
    unclear: set[str] = field(default_factory=set)
    """The network answered, but with no figure."""

    def tell(self, key: str, count: int | None) -> None:
        if count is None:
            self.unclear.add(key)
        else:
            self.told[key] = count

    def rest(self, keys: Sequence[str], *, is_clear: bool) -> None:
        """What an answer leaves out is gone, unless something in it could not be read."""
        (self.gone if is_clear else self.unclear).update(self.missing(keys))

    def missing(self, keys: Sequence[str]) -> set[str]:
        """Of the keys, those that stand nowhere."""
        return set(keys) - self.told.keys() - self.gone - self.unclear


class Client(Protocol):
    network: ClassVar[Network]
    ids_of_call: ClassVar[int]
    """The most that one call may name."""
    is_counted_by_id: ClassVar[bool]
    """Whether the network counts ids against the quota, and not calls."""

    def key(self, name: str) -> str | None:
        """The one spelling of a name, as it is asked for and answered; None if no such can be there."""

    async def ask(self, calls: Calls, keys: Sequence[str], figures: FetchedCounts) -> None:
        """Adds to `figures`, which keeps what it has if NetworkError is raised."""
