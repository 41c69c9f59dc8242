from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import NamedTuple, Self, cast

import strawberry

from base.calendar import Bucket, DateInterval
from graph.directives import A_POINT
from graph.enums import DeviceCategory, ViewType
from graph.fields import described, loaded
from graph.scalars import BigInt
from loaders.asset_metrics import SeriesKey
from loaders.assets import AssetById
from loaders.organizations import WorkspaceById
from loaders.publication_series import PublicationSeriesKey
from loaders.series import Point, Series


def is_running(bucket: Bucket, now: datetime) -> bool:
    return bucket.start <= now < bucket.end


class OfBucket(NamedTuple):
    """What the points of one bucket have in common, by the names of their fields."""

    date_interval: str
    start: datetime
    end: datetime
    is_partial: bool
    is_running: bool

    @classmethod
    def at(cls, bucket: Bucket, now: datetime) -> Self:
        return cls(bucket.key, bucket.start, bucket.end, bucket.is_partial, is_running(bucket, now))


@strawberry.type(
    description="How often something was viewed in one bucket of a series, and within it in one group.",
    directives=[A_POINT],
)
class ViewPoint:
    asset_id: strawberry.Private[int | None]
    workspace_id: strawberry.Private[int | None]
    date_interval: str = described(
        "The bucket's key: YYYYMMDDHH, YYYYMMDD, YYYYww (by default the ISO week of the ISO year) or "
        "YYYYMM, in the asked time zone. If the clocks show an hour twice, the second one has its offset "
        "at the end: 2023102902+0100."
    )
    start: datetime = described("The first instant of the bucket, whether or not the range covers all of it.")
    end: datetime = described(
        "The end of the bucket, which is not part of it: this instant belongs to the next bucket."
    )
    is_partial: bool = described(
        "Whether the range covers only a part of the bucket. If so, only that part is counted."
    )
    is_running: bool = described(
        "Whether the bucket has begun and is not over at the time of the request, so that its count may "
        "still grow. It is false for a bucket that has not begun."
    )
    device_category: DeviceCategory | None = described(
        "The group's kind of device. Null if points are not grouped by DEVICE. Otherwise null stands for "
        "other devices, such as television sets, consoles, cars and headsets, and for devices that were "
        "not recognised."
    )
    domain: str | None = described(
        "The group's site. If several sites have one name in `domainAliases`, it is that name. Null if "
        "points are not grouped by DOMAIN. Otherwise null stands for views that name no site, and "
        "`(other)` for views from sites beyond those that are counted separately on a day."
    )
    count: BigInt = described("Views in this bucket and group, within the range.")

    @loaded(
        AssetById,
        strawberry.LazyType("Asset", "graph.types.assets") | None,
    )
    def asset(self) -> int | None:
        """The group's asset. Null if points are not grouped by ASSET."""
        return self.asset_id

    @loaded(
        WorkspaceById,
        strawberry.LazyType("Workspace", "graph.types.assets") | None,
    )
    def workspace(self) -> int | None:
        """The group's workspace. Null if points are not grouped by WORKSPACE."""
        return self.workspace_id

    @classmethod
    def of(cls, point: Point, now: datetime) -> Self:
        bucket, group = point.bucket, point.group
        return cls(
            asset_id=group.asset_id,
            workspace_id=group.workspace_id,
            date_interval=bucket.key,
            start=bucket.start,
            end=bucket.end,
            is_partial=bucket.is_partial,
            is_running=is_running(bucket, now),
            device_category=DeviceCategory.of(group.device),
            domain=group.domain,
            **cls.counted(point),
        )

    @staticmethod
    def counted(point: Point) -> dict[str, BigInt]:
        """The values that each point has for itself."""
        return {"count": BigInt(point.standing)}


@strawberry.type(
    description="How often something was done in one bucket of a series, and within it in one group.",
    directives=[A_POINT],
)
class ActionPoint(ViewPoint):
    domain: str | None = described(
        "The group's site. If several sites have one name in `domainAliases`, it is that name. Null if "
        "points are not grouped by DOMAIN. Otherwise null stands for events that name no site, and "
        "`(other)` for events from sites beyond those that are counted separately on a day."
    )
    count: BigInt = described(
        "How often the action was done in this bucket and group, within the range, and not taken back."
    )
    taken_back: BigInt = described(
        "How often the action was done in this bucket and group, within the range, and taken back later, "
        "at any time. Together with `count`, this is all that was done. 0 for an action that cannot be "
        "taken back."
    )

    @staticmethod
    def counted(point: Point) -> dict[str, BigInt]:
        return {"count": BigInt(point.standing), "taken_back": BigInt(point.taken_back)}


OF_THE_POINT = frozenset({"count", "taken_back"})
"""Fields that each point has for itself. All other fields belong to the bucket or the group."""


class Points(Iterable[ViewPoint]):
    """The points of a series. Each is made when its turn comes."""

    def __init__(self, series: Series, now: datetime, face: type[ViewPoint] = ViewPoint) -> None:
        self.series = series
        self.now = now
        self.face = face

    def __iter__(self) -> Iterator[ViewPoint]:
        return map(self.of, self.series.points())

    def of(self, point: Point) -> ViewPoint:
        return self.face.of(point, self.now)

    def __len__(self) -> int:
        return len(self.series.counts)


@strawberry.type(
    description=(
        "Views over time. A bucket lasts from its start up to, not including, its end. Points are ordered "
        "by bucket, then by group. A point with a count of 0 is left out, unless `zeroFill` asks for it."
    )
)
class ViewSeries:
    view_type: ViewType | None = described(
        "The kind of views; null for publications, which have only one kind."
    )
    interval: DateInterval = described("How long each bucket is.")
    count: BigInt = described("Views in the whole range: the sum of the points.")
    points: list[ViewPoint] = described(
        "One point for each bucket and group in which there were views; with `zeroFill`, for all buckets "
        "and groups."
    )

    @classmethod
    def of(cls, key: PublicationSeriesKey, series: Series) -> Self:
        return cls(
            view_type=None,
            interval=key.interval,
            count=BigInt(series.standing),
            points=cast(list[ViewPoint], Points(series, key.now)),
        )

    @classmethod
    def of_assets(cls, key: SeriesKey, series: Series) -> Self:
        return cls(
            view_type=ViewType[key.view_type] if key.view_type else None,
            interval=key.interval,
            count=BigInt(series.standing),
            points=cast(list[ViewPoint], Points(series, key.now)),
        )


@strawberry.type(
    description=(
        "How often an action was done over time. A bucket lasts from its start up to, not including, its "
        "end. What was taken back counts in the bucket in which it was done. Points are ordered by bucket, "
        "then by group. A point where nothing was done is left out, unless `zeroFill` asks for it."
    )
)
class ActionSeries:
    interval: DateInterval = described("How long each bucket is.")
    count: BigInt = described(
        "How often the action was done in the whole range and not taken back: the sum of the points."
    )
    taken_back: BigInt = described(
        "How often the action was done in the whole range and taken back later, at any time. Together with "
        "`count`, this is all that was done. Compare ranges by both together, because there was less time "
        "to take things back in a newer range."
    )
    points: list[ActionPoint] = described(
        "One point for each bucket and group in which the action was done; with `zeroFill`, for all "
        "buckets and groups."
    )

    @classmethod
    def of(cls, key: PublicationSeriesKey | SeriesKey, series: Series) -> Self:
        return cls(
            interval=key.interval,
            count=BigInt(series.standing),
            taken_back=BigInt(sum(series.taken_back)),
            points=cast(list[ActionPoint], Points(series, key.now, ActionPoint)),
        )
