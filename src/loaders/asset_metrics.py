"""What happened to assets within a range: totals, and a series, over any set of assets."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import Enum
from typing import NamedTuple, cast
from uuid import UUID

from base.calendar import DateInterval, Span, Timeline
from base.ids import Kind
from figures.assets import ACTIONS, AssetTotals
from loaders.base import Loader, Loaders
from loaders.counts import CountsBySubject, CountsKey
from loaders.measures import Cells, Dimension, Measure
from loaders.series import Series, SeriesRequest, parts_of
from loaders.series_ahead import PointsOfRow
from loaders.series_reading import read_series
from models import Action


class Choice(NamedTuple):
    """An organization, workspace or asset that a caller chose."""

    public_id: UUID
    name: str


class Choices(NamedTuple):
    """What the caller chose to make a scope. None stands for all workspaces or all assets."""

    kind: Kind
    """Whether the metrics are an organization's, a workspace's or an asset's."""
    of: Choice
    organization_id: int
    workspaces: tuple[Choice, ...] | None = None
    assets: tuple[Choice, ...] | None = None


class Scope(NamedTuple):
    """Which assets, which time, and which site the metrics cover."""

    tenant_id: int
    time_zone: str
    """The tenant's reporting time zone."""
    assets: tuple[int, ...]
    """In the order in which they were made."""
    workspaces: tuple[int, ...]
    """The workspace of each asset, in the same order."""
    span: Span
    domain: str | None
    asked_zone: str
    """The time zone in whose calendar its series have their buckets."""
    choices: Choices
    has_all: bool = False
    """Whether these are all assets of the tenant."""

    @property
    def workspace_of(self) -> Mapping[int, int]:
        return dict(zip(self.assets, self.workspaces, strict=True))


class TotalsByAsset(Loader[Scope, dict[int, AssetTotals]]):
    """The totals of each asset of a scope. Assets to which nothing happened are absent."""

    def __init__(self, loaders: Loaders) -> None:
        super().__init__(loaders)
        self._counts = loaders[CountsBySubject]

    async def batch_load_fn(self, scopes: Sequence[Scope]) -> list[dict[int, AssetTotals]]:
        counted = await self._counts.load_many(scope_counts(scope) for scope in scopes)
        return [{id: _totals(cells) for id, cells in by_asset.items()} for by_asset in counted]


def scope_counts(scope: Scope, dimensions: frozenset[Dimension] = frozenset()) -> CountsKey:
    """The key of all counts that the figures of its assets are made of."""
    measure = Measure(ACTIONS, (scope.span,), dimensions, scope.domain)
    return CountsKey(scope.tenant_id, scope.time_zone, scope.assets, measure)


def _totals(cells: Cells) -> AssetTotals:
    totals: AssetTotals = Counter()
    for cell, count in cells.items():
        totals[cell.action] += count
    return totals


class Group(Enum):
    """What a series of several assets may be split by."""

    DEVICE = "DEVICE"
    DOMAIN = "DOMAIN"
    ASSET = "ASSET"
    WORKSPACE = "WORKSPACE"


class SeriesKey(NamedTuple):
    scope: Scope
    view_type: str | None
    """None for a series of one action."""
    actions: tuple[Action, ...]
    interval: DateInterval
    buckets: Timeline
    groups: frozenset[Group]
    zero_fill: bool
    now: datetime
    """The time of the request: the bucket that contains it is still running."""


class AssetSeries(Loader[SeriesKey, Series]):
    def __init__(self, loaders: Loaders) -> None:
        super().__init__(loaders)
        self._budget = loaders.read_points
        self._points = loaders[PointsOfRow]
        self._today = loaders.now.date()

    async def batch_load_fn(self, keys: Sequence[SeriesKey]) -> list[Series]:
        asked = [series_request(key) for key in keys]
        return cast(
            list[Series], await read_series(self.database, self._budget, self._points, asked, self._today)
        )


def series_request(key: SeriesKey) -> SeriesRequest:
    scope, groups = key.scope, key.groups
    dimensions = frozenset(Dimension(group.value) for group in groups & {Group.DEVICE, Group.DOMAIN})
    return SeriesRequest(
        scope.tenant_id,
        scope.time_zone,
        Measure(key.actions, (), dimensions, scope.domain),
        key.buckets,
        scope.assets,
        parts_of(
            scope.assets,
            by_asset=Group.ASSET in groups,
            workspace_of=scope.workspace_of if Group.WORKSPACE in groups else {},
        ),
        key.zero_fill,
        is_whole=not groups,
    )
