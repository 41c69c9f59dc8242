"""The points of a series, read by the same statement as the row of its subject."""

from functools import lru_cache
from typing import Any, NamedTuple, Self

from sqlalchemy import ColumnElement

from base.calendar import Timeline
from loaders.ahead import Asking, ReadWith, Row
from loaders.assets import ASSETS, AssetRow
from loaders.base import Loader
from loaders.measures import Dimension, Measure
from loaders.organizations import ORGANIZATIONS
from loaders.people import USERS
from loaders.point_layout import Layout
from loaders.point_statements import points_of_row
from loaders.points import Read, layout_of_subject, numbers_as_read, run_arguments
from loaders.publications import PUBLICATIONS, PublicationRow
from loaders.series import SeriesRequest

_SUBJECTS: dict[Row, tuple[ColumnElement[int], ColumnElement[int]]] = {
    AssetRow: (ORGANIZATIONS.tenant_id, ASSETS.id),
    PublicationRow: (USERS.tenant_id, PUBLICATIONS.id),
}
"""The tenant and the subject of each row, in the tables from which it is read."""


class PointsKey(NamedTuple):
    tenant_id: int
    subject_id: int
    time_zone: str
    """The tenant's reporting time zone."""
    measure: Measure
    timeline: Timeline


class PointsOfRow(Loader[PointsKey, Any]):
    """The numbers of all points of one subject. It knows what was read with a row, and reads nothing."""

    def taken(self, key: PointsKey) -> Read | None:
        """None if it was not read, or if it has to be read again, because it may not be exact."""
        found = self.known([key])
        if found is None:
            return None
        return numbers_as_read(found[0], key.time_zone, key.timeline, key.measure)


class SeriesAhead(NamedTuple):
    """A series that is read with a row, if the row's tenant has this reporting time zone."""

    row: Row
    time_zone: str
    measure: Measure
    timeline: Timeline
    layout: Layout
    given: dict[str, Any]
    """The parameters."""

    @classmethod
    def of(cls, row: Row, asked: SeriesRequest) -> Self | None:
        """None if more than one action on whole days has to be read, or something about sites. The reporting
        time zone is not known before the row is. Mostly, it is that of the buckets.
        """
        zone, measure, timeline = asked.timeline.cut.zone.key, asked.measure, asked.timeline
        if len(measure.actions) > 1 or measure.domain is not None or Dimension.DOMAIN in measure.dimensions:
            return None
        layout = layout_of_subject(zone, timeline, measure)
        if layout is None:
            return None
        given = {"action": int(measure.actions[0]), **run_arguments(timeline, zone, measure)}
        return cls(row, zone, measure, timeline, layout, given)

    @property
    def entry(self) -> ReadWith:
        return _entry(self.row, self.layout, tuple(self.given))


@lru_cache(maxsize=64)
def _entry(row: Row, layout: Layout, parameters: tuple[str, ...]) -> ReadWith:
    tenant, subject = _SUBJECTS[row]
    (run,) = layout.runs
    return ReadWith(
        row=row,
        loader=PointsOfRow,
        columns=(points_of_row(run, layout, tenant, subject),),
        values=lambda numbers: numbers,
        keys=_keys,
        given={name: _given(name) for name in parameters},
    )


def _given(name: str) -> Any:
    return lambda asking: asking.series.given[name]


def _keys(rows: Any, asking: Asking) -> list[PointsKey]:
    series = asking.series
    assert series
    zone, measure, timeline = series.time_zone, series.measure, series.timeline
    # Rows of another reporting time zone are asked for by that, and find nothing.
    return [
        PointsKey(tenant_id, subject_id, zone, measure, timeline)
        for tenant_id, subject_id in zip(rows.tenant_id, rows.id, strict=True)
    ]
