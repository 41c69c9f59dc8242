"""Views over time, put together from counts."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from base.calendar import Bucket, DateInterval
from database import Database
from loaders.base import Loader
from loaders.counts import Cell, Counts, CountsKey, Dimension, Measure
from models import Action, Device


class ViewsKey(NamedTuple):
    tenant_id: int
    time_zone: str
    """The tenant's reporting one; the asked one is in the buckets already."""
    subject_id: int
    actions: tuple[Action, ...]
    interval: DateInterval
    buckets: tuple[Bucket, ...]
    dimensions: frozenset[Dimension]
    domain: str | None


class Point(NamedTuple):
    bucket: Bucket
    device: Device | None
    domain: str | None
    views: int


class Series(NamedTuple):
    points: list[Point]

    @property
    def views(self) -> int:
        return sum(point.views for point in self.points)


class Views(Loader[ViewsKey, Series]):
    """Points with a count of 0 are left out."""

    def __init__(self, database: Database, counts: Counts) -> None:
        super().__init__(database)
        self._counts = counts

    async def batch_load_fn(self, keys: Sequence[ViewsKey]) -> list[Series]:
        cells = await self._counts.load_many(_counts_key(key) for key in keys)
        return [series(key.buckets, found.items()) for key, found in zip(keys, cells, strict=True)]


def _counts_key(key: ViewsKey) -> CountsKey:
    spans = tuple(bucket.covered for bucket in key.buckets)
    measure = Measure(key.actions, spans, key.dimensions, key.domain)
    return CountsKey(key.tenant_id, key.time_zone, key.subject_id, measure)


def series(buckets: Sequence[Bucket], cells: Iterable[tuple[Cell, int]]) -> Series:
    """Ordered by bucket, then device, then domain; actions are added up."""
    counts: Counter[tuple[int, int, str]] = Counter()
    for cell, count in cells:
        counts[cell.position, -1 if cell.device is None else cell.device, cell.domain or ""] += count
    return Series(
        [
            Point(buckets[position], Device(device) if device >= 0 else None, domain, count)
            for (position, device, domain), count in sorted(counts.items())
            if count
        ]
    )
