"""What happened to assets within a range: totals, a ranking, and a series, over any set of assets."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from enum import Enum
from typing import NamedTuple, cast
from uuid import UUID

from base.calendar import Bucket, DateInterval, Span
from base.ids import Kind
from loaders.base import Loader, Loaders
from loaders.counts import CountsOfMany, ManyKey
from loaders.measures import Cells, Dimension, Measure
from loaders.series import Asked, Series, parts_of, read_series
from models import Action

COUNTED = (Action.VIEW_3D, Action.AR_CLICK, Action.AR_SCAN, Action.INTERACTION, Action.ENGAGED_VIEW)


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
    """Whose calendar its series are of."""
    choices: Choices
    has_all: bool = False
    """These are all the assets that the tenant has."""

    @property
    def workspace_of(self) -> Mapping[int, int]:
        return dict(zip(self.assets, self.workspaces, strict=True))


class Figures(NamedTuple):
    views_3d: int = 0
    views_ar: int = 0
    engaged: int = 0
    """3D views with at least one interaction."""
    interactions: int = 0

    @property
    def interactions_per_engaged_view(self) -> float:
        return self.interactions / self.engaged if self.engaged else 0.0

    def plus(self, other: "Figures") -> "Figures":
        return Figures(*(a + b for a, b in zip(self, other, strict=True)))


def figures(cells: Cells) -> Figures:
    counts: Counter[Action] = Counter()
    for cell, count in cells.items():
        counts[cell.action] += count
    return Figures(
        counts[Action.VIEW_3D],
        counts[Action.AR_CLICK] + counts[Action.AR_SCAN],
        counts[Action.ENGAGED_VIEW],
        counts[Action.INTERACTION],
    )


class FiguresByAsset(Loader[Scope, dict[int, Figures]]):
    """Assets to which nothing happened are absent."""

    def __init__(self, loaders: Loaders) -> None:
        super().__init__(loaders)
        self._counts = loaders[CountsOfMany]

    async def batch_load_fn(self, scopes: Sequence[Scope]) -> list[dict[int, Figures]]:
        counted = await self._counts.load_many(
            ManyKey(
                scope.tenant_id,
                scope.time_zone,
                scope.assets,
                Measure(COUNTED, (scope.span,), domain=scope.domain),
            )
            for scope in scopes
        )
        return [{id: figures(cells) for id, cells in by_asset.items()} for by_asset in counted]


class FiguresOfScope(Loader[Scope, Figures]):
    def __init__(self, loaders: Loaders) -> None:
        super().__init__(loaders)
        self._by_asset = loaders[FiguresByAsset]

    async def batch_load_fn(self, scopes: Sequence[Scope]) -> list[Figures]:
        found = await self._by_asset.load_many(scopes)
        return [_sum(by_asset.values()) for by_asset in found]


def _sum(many: Iterable[Figures]) -> Figures:
    total = Figures()
    for one in many:
        total = total.plus(one)
    return total


class Ranking(Enum):
    TOTAL_3D_VIEWS = "views_3d"
    TOTAL_AR_VIEWS = "views_ar"
    USER_ENGAGEMENT = "engaged"


class RankingKey(NamedTuple):
    scope: Scope
    ranking: Ranking
    first: int


class Ranked(NamedTuple):
    rank: int
    asset_id: int
    figures: Figures


class RankedAssets(Loader[RankingKey, list[Ranked]]):
    """Largest first; of equals, the one made first. Assets with 0 are in no ranking."""

    def __init__(self, loaders: Loaders) -> None:
        super().__init__(loaders)
        self._by_asset = loaders[FiguresByAsset]

    async def batch_load_fn(self, keys: Sequence[RankingKey]) -> list[list[Ranked]]:
        found = await self._by_asset.load_many(key.scope for key in keys)
        return [_ranked(key, by_asset) for key, by_asset in zip(keys, found, strict=True)]


def _ranked(key: RankingKey, by_asset: Mapping[int, Figures]) -> list[Ranked]:
    def value(id: int) -> int:
        count: int = getattr(by_asset[id], key.ranking.value)
        return count

    counted = sorted((id for id in by_asset if value(id)), key=lambda id: (-value(id), id))
    return [Ranked(place, id, by_asset[id]) for place, id in enumerate(counted[: key.first], 1)]


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
    """When it is asked: a bucket that this is in is still running."""


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
