"""Folds: each is a way to make one number of several totals.

The text of a fold, `str(fold)`, is the formula that the documents show.
"""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from functools import partial
from operator import add, sub
from typing import Any, ClassVar, NamedTuple, Protocol, TypeAlias, TypeVar

from models import SUBJECT_OF, TAKES_BACK, Action, SubjectKind

V = TypeVar("V")
V_co = TypeVar("V_co", covariant=True)


Totals: TypeAlias = Mapping[Any, int]
"""How often each action happened; those that never did may be missing."""


class Fold(Protocol[V_co]):
    @property
    def value(self) -> Any:
        """The type of the number that the fold makes."""

    @property
    def keys(self) -> tuple[Hashable, ...]:
        """The keys of the totals that the fold needs."""

    def of(self, totals: Any, /) -> V_co: ...


def of_all(fold: Fold[V]) -> Callable[[Sequence[Any]], Iterable[V]]:
    """Makes what the fold makes of each of many totals. Without a call for each, if the fold has a way."""
    by_column: Callable[[Sequence[Any]], Iterable[V]] | None = getattr(fold, "by_column", None)
    return partial(map, fold.of) if by_column is None else by_column


def _plain(key: Any) -> Any:
    # The numbers of actions are found in a third of the time in which the members of the enum are.
    return int(key) if isinstance(key, int) else key


def _named(keys: Iterable[Any]) -> str:
    return " + ".join(f"`{key.name}`" for key in keys)


class Sum:
    """The totals of all keys, added up."""

    value: ClassVar[Any] = int

    def __init__(self, *keys: Any) -> None:
        self.keys: tuple[Any, ...] = keys
        self._plain = [_plain(key) for key in keys]

    def of(self, totals: Totals, /) -> int:
        return sum([totals.get(key, 0) for key in self.keys])

    def by_column(self, totals: Sequence[Totals]) -> Iterable[int]:
        first, *others = self._plain
        summed: Iterable[int] = [counts.get(first, 0) for counts in totals]
        for key in others:
            summed = map(add, summed, [counts.get(key, 0) for counts in totals])
        return summed

    def __str__(self) -> str:
        return _named(self.keys)


class Standing:
    """How often an action was done and not taken back since."""

    value: ClassVar[Any] = int

    def __init__(self, action: Action) -> None:
        self._action = action
        self._takes_back = tuple(taking for taking, taken in TAKES_BACK.items() if taken is action)
        self._plain = [_plain(key) for key in self.keys]

    @property
    def keys(self) -> tuple[Action, ...]:
        return (self._action, *self._takes_back)

    def of(self, totals: Totals, /) -> int:
        standing = totals.get(self._action, 0)
        for action in self._takes_back:
            standing -= totals.get(action, 0)
        return standing

    def by_column(self, totals: Sequence[Totals]) -> Iterable[int]:
        done, *takes_back = self._plain
        standing: Iterable[int] = [counts.get(done, 0) for counts in totals]
        for key in takes_back:
            standing = map(sub, standing, [counts.get(key, 0) for counts in totals])
        return standing

    def __str__(self) -> str:
        return " - ".join(f"`{action.name}`" for action in self.keys)


class ActiveUsers(NamedTuple):
    """How many different signed-in users did something with a publication in `days` days of 24 hours.

    This is counted by itself, because people of several days cannot be added up.
    """

    days: int

    @property
    def value(self) -> Any:
        return int

    @property
    def keys(self) -> tuple[Hashable, ...]:
        return (self,)

    @property
    def actions(self) -> tuple[Action, ...]:
        """The actions that count. Taking something back does not."""
        return done_to(SubjectKind.PUBLICATION)

    def of(self, totals: Totals, /) -> int:
        return totals.get(self, 0)

    def by_column(self, totals: Sequence[Totals]) -> Iterable[int]:
        return [counts.get(self, 0) for counts in totals]

    def __str__(self) -> str:
        return f"distinct users of {_named(self.actions)} in {self.days} days"


def done_to(kind: SubjectKind) -> tuple[Action, ...]:
    """What people do to subjects of a kind, without the actions that take something back."""
    return tuple(
        sorted(action for action, of in SUBJECT_OF.items() if of is kind and action not in TAKES_BACK)
    )


class Together:
    """Several figures added up."""

    value: ClassVar[Any] = int

    def __init__(self, *parts: Fold[int]) -> None:
        self._parts = parts

    @property
    def keys(self) -> tuple[Hashable, ...]:
        return tuple(dict.fromkeys(key for part in self._parts for key in part.keys))

    def of(self, totals: Totals, /) -> int:
        return sum([part.of(totals) for part in self._parts])

    def __str__(self) -> str:
        return " + ".join(map(str, self._parts))


class Ratio:
    """One figure divided by another; 0 if the other is 0."""

    value: ClassVar[Any] = float

    def __init__(self, over: Fold[int], under: Fold[int]) -> None:
        self._over = over
        self._under = under

    @property
    def keys(self) -> tuple[Hashable, ...]:
        return tuple(dict.fromkeys([*self._over.keys, *self._under.keys]))

    def of(self, totals: Totals, /) -> float:
        under = self._under.of(totals)
        return self._over.of(totals) / under if under else 0.0

    def __str__(self) -> str:
        return f"{self._over} / {self._under}"
