"""What happened to a publication over time."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple, cast

from base.calendar import DateInterval, Timeline
from loaders.base import Loader, Loaders
from loaders.measures import Dimension, Measure
from loaders.series import Series, SeriesRequest
from loaders.series_ahead import PointsOfRow
from loaders.series_reading import read_series
from models import Action


class PublicationSeriesKey(NamedTuple):
    tenant_id: int
    time_zone: str
    """The tenant's reporting time zone. The asked time zone is already in the buckets."""
    subject_id: int
    actions: tuple[Action, ...]
    interval: DateInterval
    buckets: Timeline
    dimensions: frozenset[Dimension]
    domain: str | None
    zero_fill: bool
    now: datetime
    """The time of the request: the bucket that contains it is still running."""


class PublicationSeries(Loader[PublicationSeriesKey, Series]):
    def __init__(self, loaders: Loaders) -> None:
        super().__init__(loaders)
        self._budget = loaders.read_points
        self._points = loaders[PointsOfRow]
        self._today = loaders.now.date()

    async def batch_load_fn(self, keys: Sequence[PublicationSeriesKey]) -> list[Series]:
        asked = [series_request(key) for key in keys]
        return cast(
            list[Series], await read_series(self.database, self._budget, self._points, asked, self._today)
        )


def series_request(key: PublicationSeriesKey) -> SeriesRequest:
    return SeriesRequest(
        key.tenant_id,
        key.time_zone,
        Measure(key.actions, (), key.dimensions, key.domain),
        key.buckets,
        (key.subject_id,),
        [(0, 0)],
        zero_fill=key.zero_fill,
        is_whole=not key.dimensions,
    )
