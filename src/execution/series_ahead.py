"""Finds out which series will be asked for of a row, before the row is read.

The fields' own resolvers say so. They are called for a blank row: what a series covers depends on the
arguments alone, but for the row's ids and its reporting time zone.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from itertools import count
from typing import Any, Final
from uuid import UUID

from cachetools import LRUCache

from base.errors import ExpectedError
from execution.conditions import variables_in
from execution.resolving import Resolving
from execution.shapes import Resolved, Selected
from graph.faces import face_of
from graph.variable_keys import key_of
from loaders.ahead import Row
from loaders.asset_metrics import AssetSeries
from loaders.asset_metrics import series_request as series_of_assets
from loaders.assets import AssetRow
from loaders.publication_series import PublicationSeries
from loaders.publication_series import series_request as series_of_publication
from loaders.publications import PublicationRow
from loaders.series_ahead import SeriesAhead

_MOST_BUCKETS: Final = 5_000
"""Of all series that are remembered."""
_NOBODY: Final = UUID(int=0)
_NEVER: Final = datetime(1970, 1, 1, tzinfo=UTC)
_BLANK: Final[Mapping[Row, Any]] = {
    AssetRow: AssetRow(0, _NOBODY, 0, 0, "", _NEVER, 0, "UTC", None),
    PublicationRow: PublicationRow(0, _NOBODY, 0, "", "", False, _NEVER, 0, 0, "UTC", None, None),
}
_REQUEST: Final[Mapping[type[Any], Any]] = {
    AssetSeries: series_of_assets,
    PublicationSeries: series_of_publication,
}


def _weight(series: SeriesAhead | None) -> int:
    return len(series.timeline) if series else 1


_remembered: LRUCache[tuple[Any, ...], SeriesAhead | None] = LRUCache(_MOST_BUCKETS, _weight)
"""By the chain, and the values of its variables. None if the series cannot be read together with the row."""
_numbers = count()


class Chain:
    """The fields from a row to its series."""

    __slots__ = ("_fields", "_number", "_row", "_variables")

    def __init__(self, row: Row, *fields: Resolved) -> None:
        self._row = row
        self._fields = fields
        self._number = next(_numbers)
        arguments = [argument for field in fields for argument in field.node.arguments or ()]
        self._variables = variables_in(arguments)

    async def series(self, resolving: Resolving, variables: Mapping[str, Any]) -> SeriesAhead | None:
        """None if it cannot be read together with the row, or if an argument is refused."""
        key = key_of([self._number, *[variables.get(name) for name in self._variables]])
        if key and key in _remembered:
            return _remembered[key]
        try:
            found = await self._found(resolving)
        except ExpectedError:
            return None
        if key and _weight(found) <= _MOST_BUCKETS:
            _remembered[key] = found
        return found

    async def _found(self, resolving: Resolving) -> SeriesAhead | None:
        """Raises what a resolver raises."""
        loads = self._fields[-1].loads
        assert loads
        key = await resolving.key_of(self._fields, face_of(_BLANK[self._row]))
        return SeriesAhead.of(self._row, _REQUEST[loads.loader](key))


def chains_of(row: Row, fields: Iterable[Selected]) -> list[Chain]:
    """To the series directly below such a row, or below an object that needs nothing but its key."""
    if row not in _BLANK:
        return []
    found: list[Chain] = []
    for field in fields:
        source = field.source
        if series := _series(field):
            found.append(Chain(row, series))
        elif isinstance(source, Resolved) and not source.is_read and field.item.shape:
            found += [Chain(row, source, one) for one in map(_series, field.item.shape.fields) if one]
    return found


def _series(field: Selected) -> Resolved | None:
    """The source of the field if it is a series."""
    source = field.source
    if isinstance(source, Resolved) and source.loads and source.loads.loader in _REQUEST:
        return source
    return None
