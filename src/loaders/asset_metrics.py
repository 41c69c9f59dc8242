"""What happened to assets within a range: totals, a ranking, and a series, over any set of assets."""

from asyncio import gather
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from enum import Enum
from typing import NamedTuple
from uuid import UUID

from base.calendar import Bucket, DateInterval, Span
from base.ids import Kind
from database import Database
from loaders.base import Loader
from loaders.counts import Cells, CountsOfMany, Dimension, ManyKey, Measure
from models import Action, Device

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

    def __init__(self, database: Database, counts: CountsOfMany) -> None:
        super().__init__(database)
        self._counts = counts

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
    def __init__(self, database: Database, by_asset: FiguresByAsset) -> None:
        super().__init__(database)
        self._by_asset = by_asset

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

    def __init__(self, database: Database, by_asset: FiguresByAsset) -> None:
        super().__init__(database)
        self._by_asset = by_asset

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
    view_type: str
    actions: tuple[Action, ...]
    interval: DateInterval
    buckets: tuple[Bucket, ...]
    groups: frozenset[Group]
    zero_fill: bool


class AssetPoint(NamedTuple):
    bucket: Bucket
    device: Device | None
    domain: str | None
    asset_id: int | None
    workspace_id: int | None
    views: int


class AssetSeries(Loader[SeriesKey, list[AssetPoint]]):
    """Ordered by bucket, then device, domain, workspace and asset."""

    def __init__(self, database: Database, counts: CountsOfMany) -> None:
        super().__init__(database)
        self._counts = counts

    async def batch_load_fn(self, keys: Sequence[SeriesKey]) -> list[list[AssetPoint]]:
        counted = await gather(*(self._counts.load(_many_key(key)) for key in keys))
        return [series_points(key, by_asset) for key, by_asset in zip(keys, counted, strict=True)]


def _many_key(key: SeriesKey) -> ManyKey:
    dimensions = frozenset(Dimension(group.value) for group in key.groups & {Group.DEVICE, Group.DOMAIN})
    spans = tuple(bucket.covered for bucket in key.buckets)
    scope = key.scope
    measure = Measure(key.actions, spans, dimensions, scope.domain)
    return ManyKey(scope.tenant_id, scope.time_zone, scope.assets, measure)


_Place = tuple[int, str, int, int]
"""Device, domain, workspace and asset; -1, "" and 0 where the series is not split by it."""


def series_points(key: SeriesKey, by_asset: Mapping[int, Cells]) -> list[AssetPoint]:
    workspace_of = key.scope.workspace_of if Group.WORKSPACE in key.groups else {}
    counts: Counter[tuple[int, _Place]] = Counter()
    for asset_id, cells in by_asset.items():
        for cell, count in cells.items():
            place = (
                -1 if cell.device is None else cell.device,
                cell.domain or "",
                workspace_of.get(asset_id, 0),
                asset_id if Group.ASSET in key.groups else 0,
            )
            counts[cell.position, place] += count
    if key.zero_fill:
        _fill(key, counts)
    return [
        _point(key.buckets[position], place, count)
        for (position, place), count in sorted(counts.items())
        if count or key.zero_fill
    ]


def _fill(key: SeriesKey, counts: Counter[tuple[int, _Place]]) -> None:
    """Every group in every bucket; without any group, the whole as one."""
    places = {place for _, place in counts} or ({(-1, "", 0, 0)} if not key.groups else set())
    for position in range(len(key.buckets)):
        for place in places:
            counts.setdefault((position, place), 0)


def _point(bucket: Bucket, place: _Place, count: int) -> AssetPoint:
    device, domain, workspace_id, asset_id = place
    return AssetPoint(
        bucket,
        Device(device) if device >= 0 else None,
        domain or None,
        asset_id or None,
        workspace_id or None,
        count,
    )
