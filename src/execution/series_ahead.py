"""Finds out which series will be asked for of a row, before the row is read.

The fields' own resolvers say so. They are called for a blank row: what a series covers depends on the
arguments alone, but for the row's ids and its reporting time zone.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, TypeAlias
from uuid import UUID

from execution.shapes import Resolved, Selected
from graph.faces import face_of
from loaders.ahead import Row
from loaders.asset_metrics import AssetSeries
from loaders.asset_metrics import series_request as series_of_assets
from loaders.assets import AssetRow
from loaders.publication_series import PublicationSeries
from loaders.publication_series import series_request as series_of_publication
from loaders.publications import PublicationRow
from loaders.series_ahead import SeriesAhead

Chain: TypeAlias = Sequence[Resolved]
"""The fields from a row to its series."""

_NOBODY: Final = UUID(int=0)
_NEVER: Final = datetime(1970, 1, 1, tzinfo=UTC)
_BLANK: Final[Mapping[Row, Any]] = {
    AssetRow: AssetRow(0, _NOBODY, 0, 0, "", _NEVER, 0, "UTC", None),
    PublicationRow: PublicationRow(0, _NOBODY, 0, "", "", False, _NEVER, 0, 0, "UTC", None),
}
_REQUEST: Final[Mapping[type[Any], Any]] = {
    AssetSeries: series_of_assets,
    PublicationSeries: series_of_publication,
}


def chains_of(row: Row, fields: Iterable[Selected]) -> list[Chain]:
    """To the series directly below such a row, or below an object that needs nothing but its key."""
    if row not in _BLANK:
        return []
    found: list[Chain] = []
    for field in fields:
        source = field.source
        if series := _series(field):
            found.append([series])
        elif isinstance(source, Resolved) and not source.is_read and field.item.shape:
            found += [[source, one] for one in map(_series, field.item.shape.fields) if one]
    return found


def _series(field: Selected) -> Resolved | None:
    """The source of the field if it is a series."""
    source = field.source
    if isinstance(source, Resolved) and source.loads and source.loads.loader in _REQUEST:
        return source
    return None


def blank(row: Row) -> Any:
    """An object that shows a row which says nothing."""
    return face_of(_BLANK[row])


def ahead_of(row: Row, chain: Chain, key: Any) -> SeriesAhead | None:
    """`key`: what the last field of the chain gave for the blank row."""
    loads = chain[-1].loads
    assert loads
    return SeriesAhead.of(row, _REQUEST[loads.loader](key))
