"""What will be asked for of the rows of a plan, so that it can be read together with them."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

from auth.access import loaders_of
from execution.series_ahead import Chain, chains_of
from execution.shapes import Resolved, Selected
from loaders.ahead import Foreseen, Row
from loaders.base import Loader
from loaders.read_with import and_what_it_asks, readable_with

_Kind: TypeAlias = type[Loader[Any, Any]]


class Ahead(NamedTuple):
    """Of a plan."""

    of_strangers: Foreseen
    """For whom nobody is signed in: without what is denied to them."""
    of_users: Foreseen
    """What is denied to a user is read as well, as only the same statement tells whether it is. It is not
    shown."""
    series: tuple[Chain, ...] = ()
    """To those that only users see, of rows that have one. A row with several is read without them."""


class Foresight:
    """Collects, while an operation is planned, which loaders come below which rows."""

    def __init__(self) -> None:
        self._of_all: defaultdict[type, set[_Kind]] = defaultdict(set)
        self._protected: defaultdict[type, set[_Kind]] = defaultdict(set)
        self._series: defaultdict[Row, list[Chain]] = defaultdict(list)

    def add(self, row: type, fields: Sequence[Selected]) -> None:
        self._of_all[row] |= set()
        self._series[row] += chains_of(row, fields)
        for field in fields:
            source = field.source
            if isinstance(source, Resolved):
                found = self._protected if source.requires else self._of_all
                found[row] |= _loaders_of(source) | loaders_of(source.requires, row)

    def ahead(self) -> Ahead:
        rows = {*self._of_all, *self._protected}
        together = {row: self._of_all[row] | self._protected[row] for row in rows}
        series = tuple(chains[0] for chains in self._series.values() if len(chains) == 1)
        return Ahead(_entries(self._of_all), _entries(together), series)


def _loaders_of(source: Resolved) -> set[_Kind]:
    if source.loads is None:
        return set()
    found = and_what_it_asks(source.loads.loader, is_of_all_time=not source.node.arguments)
    if source.node.arguments:
        # Its own keys are made of the arguments, too.
        found.discard(source.loads.loader)
    return found


def _entries(loaders: Mapping[type, set[_Kind]]) -> Foreseen:
    found = {row: readable_with(row, kinds) for row, kinds in loaders.items()}
    return {row: entries for row, entries in found.items() if entries}
