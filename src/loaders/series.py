"""Series of counts over time, and what is asked for them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from base.calendar import Bucket, Timeline
from loaders.measures import Measure
from models import Device


class Group(NamedTuple):
    """A group of a series. A value is None if the series is not split by it; `domain` is also None for
    events without a site."""

    device: Device | None = None
    domain: str | None = None
    workspace_id: int | None = None
    asset_id: int | None = None


class Point(NamedTuple):
    bucket: Bucket
    group: Group
    standing: int
    """How often something was done and not taken back."""
    taken_back: int = 0


class Series(NamedTuple):
    """The points of a series, in the order of their buckets, then device, domain, workspace and asset."""

    buckets: Timeline
    groups: Sequence[Group]
    places: Sequence[int]
    """For each point: the number of its bucket times the number of groups, plus the number of its group."""
    counts: Sequence[int]
    """For each point: how often something was done and not taken back."""
    taken_back: Sequence[int]
    """For each point: how often something was done there and taken back later, at any time."""

    @property
    def standing(self) -> int:
        return sum(self.counts)

    def points(self) -> Iterator[Point]:
        """The points, made one by one, because there may be many."""
        of_each = len(self.groups)
        for place, count, taken_back in zip(self.places, self.counts, self.taken_back, strict=True):
            bucket, group = divmod(place, of_each)
            yield Point(self.buckets[bucket], self.groups[group], count, taken_back)


class SeriesRequest(NamedTuple):
    """One series of some subjects of a tenant."""

    tenant_id: int
    time_zone: str
    """The tenant's reporting time zone."""
    measure: Measure
    """Without spans: they are those of the timeline."""
    timeline: Timeline
    subjects: Sequence[int]
    parts: Sequence[tuple[int, int]]
    """The workspace and the asset of each subject; 0 if the series is not split by it."""
    zero_fill: bool
    is_whole: bool
    """Whether it is not split by anything."""


def parts_of(
    subjects: Sequence[int], *, by_asset: bool, workspace_of: Mapping[int, int]
) -> list[tuple[int, int]]:
    """`workspace_of` is empty if the series is not split by workspaces."""
    return [(workspace_of.get(id, 0), id if by_asset else 0) for id in subjects]
