from datetime import datetime
from typing import Self

import strawberry

from base.calendar import DateInterval
from graph.enums import DeviceCategory, ViewType
from graph.fields import described
from graph.scalars import BigInt
from loaders.views import Point, Series, ViewsKey


@strawberry.type(
    description="How often something was viewed in one bucket of a series, and in one group of it."
)
class ViewPoint:
    date_interval: str = described(
        "The bucket: YYYYMMDD, YYYYww (ISO week of the ISO year) or YYYYMM, in the asked time zone."
    )
    start: datetime = described("When the bucket starts, whether or not the range covers all of it.")
    end: datetime = described("When the bucket ends; this instant belongs to the next one.")
    is_partial: bool = described("The range covers only a part of the bucket.")
    device_category: DeviceCategory | None = described(
        "Null unless grouped by DEVICE; null, too, for devices that were not recognised."
    )
    domain: str | None = described("Null unless grouped by DOMAIN; null, too, for views that name no site.")
    count: BigInt = described("Views in this bucket and group.")

    @classmethod
    def of(cls, point: Point) -> Self:
        return cls(
            date_interval=point.bucket.key,
            start=point.bucket.start,
            end=point.bucket.end,
            is_partial=point.bucket.is_partial,
            device_category=DeviceCategory.of(point.device),
            domain=point.domain or None,
            count=BigInt(point.views),
        )


@strawberry.type(
    description=(
        "Views over time. Buckets are half-open; points are ordered by bucket, then by group; a point of "
        "which the count is 0 is left out."
    )
)
class ViewSeries:
    view_type: ViewType | None = described("Null for publications, whose views are of one type.")
    interval: DateInterval = described("How long the buckets are.")
    count: BigInt = described("Views in the whole range: the sum of the points.")
    points: list[ViewPoint] = described("One for each bucket and group in which there were views.")

    @classmethod
    def of(cls, key: ViewsKey, series: Series) -> Self:
        return cls(
            view_type=None,
            interval=key.interval,
            count=BigInt(series.views),
            points=[ViewPoint.of(point) for point in series.points],
        )
