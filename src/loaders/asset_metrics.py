"""What happened to assets within a range: totals, and a series, over any set of assets."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import Enum
from typing import NamedTuple, cast
from uuid import UUID

from base.calendar import Bucket, DateInterval, Span
from base.ids import Kind
from figures.assets import ACTIONS, AssetTotals
from loaders.base import Loader, Loaders
from loaders.counts import CountsBySubject, CountsKey
from loaders.measures import Cells, Dimension, Measure
from loaders.series import Asked, Series, parts_of, read_series
from models import Action


class Choice(NamedTuple):
    """What a caller named, as it is called."""

    public_id: UUID
    name: str


class Choices(NamedTuple):
    """What a scope was made of; None for all workspaces or assets."""

    kind: Kind
    """Whether the metrics are an organization's, a workspace's or an asset's."""
    of: Choice
    organization_id: int
    workspaces: tuple[Choice, ...] | None = None
    assets: tuple[Choice, ...] | None = None


class Scope(NamedTuple):
    """Which assets, when, and from where."""

    tenant_id: int
    time_zone: str
    """The tenant's reporting one."""
    assets: tuple[int, ...]
    """In the order of their making."""
    workspaces: tuple[int, ...]
    """Of each asset."""
    span: Span
    domain: str | None
    asked_zone: str
    """By whose calendar its series are made."""
    choices: Choices
    has_all: bool = False
    """These are all the assets that the tenant has."""

    @property
    def workspace_of(self) -> Mapping[int, int]:
        return dict(zip(self.assets, self.workspaces, strict=True))


class TotalsByAsset(Loader[Scope, dict[int, AssetTotals]]):
    """Assets to which nothing happened are absent."""

    def __init__(self, loaders: Loaders) -> None:
        super().__init__(loaders)
        self._counts = loaders[CountsBySubject]

    async def batch_load_fn(self, scopes: Sequence[Scope]) -> list[dict[int, AssetTotals]]:
        counted = await self._counts.load_many(scope_counts(scope) for scope in scopes)
        return [{id: _totals(cells) for id, cells in by_asset.items()} for by_asset in counted]


def scope_counts(scope: Scope, dimensions: frozenset[Dimension] = frozenset()) -> CountsKey:
    """All that figures of its assets are made of."""
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
    """Null for a series of one action."""
    actions: tuple[Action, ...]
    interval: DateInterval
    buckets: tuple[Bucket, ...]
    groups: frozenset[Group]
    zero_fill: bool
    now: datetime
    """When it is asked: a bucket that has this instant in it is still running."""


class AssetSeries(Loader[SeriesKey, Series]):
    def __init__(self, loaders: Loaders) -> None:
        super().__init__(loaders)
        self._budget = loaders.read_points

    async def batch_load_fn(self, keys: Sequence[SeriesKey]) -> list[Series]:
        asked = [_asked(key) for key in keys]
        return cast(list[Series], await read_series(self.database, self._budget, asked))


def _asked(key: SeriesKey) -> Asked:
    scope, groups = key.scope, key.groups
    dimensions = frozenset(Dimension(group.value) for group in groups & {Group.DEVICE, Group.DOMAIN})
    spans = tuple(bucket.covered for bucket in key.buckets)
    return Asked(
        scope.tenant_id,
        scope.time_zone,
        Measure(key.actions, spans, dimensions, scope.domain),
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
