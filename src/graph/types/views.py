from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Self, cast

import strawberry

from base.calendar import DateInterval
from graph.directives import A_POINT
from graph.enums import DeviceCategory, ViewType
from graph.fields import described, loaded
from graph.scalars import BigInt
from loaders.asset_metrics import SeriesKey
from loaders.assets import AssetRow
from loaders.organizations import WorkspaceRow
from loaders.series import Point, Series
from loaders.views import ViewsKey

if TYPE_CHECKING:
    from graph.types.assets import Asset, Workspace


def asset_face(row: AssetRow) -> Any:
    from graph.types.assets import Asset  # whose metrics have series, whose points have assets

    return Asset.of(row)


def _workspace_face(row: WorkspaceRow) -> Any:
    from graph.types.assets import Workspace

    return Workspace.of(row)


@strawberry.type(
    description="How often something was viewed in one bucket of a series, and within it in one group.",
    directives=[A_POINT],
)
class ViewPoint:
    asset_id: strawberry.Private[int | None]
    workspace_id: strawberry.Private[int | None]
    date_interval: str = described(
        "The bucket's key: YYYYMMDD, YYYYww (by default the ISO week of the ISO year) or YYYYMM, in the "
        "asked time zone."
    )
    start: datetime = described("The first instant of the bucket, whether or not the range covers all of it.")
    end: datetime = described("The end of the bucket: this instant belongs to the next one.")
    is_partial: bool = described(
        "Whether the range covers only a part of the bucket. Then only that part is counted."
    )
    device_category: DeviceCategory | None = described(
        "The group's device. Null unless grouped by DEVICE; then null stands for what is none of these, "
        "such as television sets, consoles, cars and headsets, and for what was not recognised."
    )
    domain: str | None = described(
        "The group's site. Null unless grouped by DOMAIN; then null stands for views that name no site, and "
        "`(other)` for those of sites beyond as many as are told apart on a day."
    )
    count: BigInt = described("Views in this bucket and group, within the range.")

    @loaded(
        lambda loaders: loaders.asset,
        lambda _, row: asset_face(row),
        Annotated["Asset", strawberry.lazy("graph.types.assets")] | None,
    )
    def asset(self) -> int | None:
        """The group's asset. Null unless grouped by ASSET."""
        return self.asset_id

    @loaded(
        lambda loaders: loaders.workspace,
        lambda _, row: _workspace_face(row),
        Annotated["Workspace", strawberry.lazy("graph.types.assets")] | None,
    )
    def workspace(self) -> int | None:
        """The group's workspace. Null unless grouped by WORKSPACE."""
        return self.workspace_id

    @classmethod
    def of(cls, point: Point) -> Self:
        bucket, group, views = point
        return cls(
            asset_id=group.asset_id,
            workspace_id=group.workspace_id,
            date_interval=bucket.key,
            start=bucket.start,
            end=bucket.end,
            is_partial=bucket.is_partial,
            device_category=DeviceCategory.of(group.device),
            domain=group.domain,
            count=BigInt(views),
        )


OF_THE_BUCKET = frozenset({"date_interval", "start", "end", "is_partial"})
"""What points of one bucket have in common; but for `count`, the rest is of their group."""


class Points(Iterable[ViewPoint]):
    """The points of a series, each made when its turn comes."""

    def __init__(self, series: Series) -> None:
        self.series = series

    def __iter__(self) -> Iterator[ViewPoint]:
        return map(ViewPoint.of, self.series.points())

    def __len__(self) -> int:
        return len(self.series.counts)


@strawberry.type(
    description=(
        "Views over time. A bucket is from its start up to, not including, its end. Points are ordered by "
        "bucket, then by group. A point of which the count is 0 is left out, unless `zeroFill` asks for it."
    )
)
class ViewSeries:
    view_type: ViewType | None = described(
        "The kind of views; null for publications, which have one kind alone."
    )
    interval: DateInterval = described("How long each bucket is.")
    count: BigInt = described("Views in the whole range: the sum of the points.")
    points: list[ViewPoint] = described(
        "One for each bucket and group in which there were views; with `zeroFill`, for all of them."
    )

    @classmethod
    def of(cls, key: ViewsKey, series: Series) -> Self:
        return cls(
            view_type=None,
            interval=key.interval,
            count=BigInt(series.views),
            points=cast(list[ViewPoint], Points(series)),
        )

    @classmethod
    def of_assets(cls, key: SeriesKey, series: Series) -> Self:
        return cls(
            view_type=ViewType[key.view_type],
            interval=key.interval,
            count=BigInt(series.views),
            points=cast(list[ViewPoint], Points(series)),
        )
