"""The figures of what happens to 3D assets, and the rankings by them.

A figure in `ASSETS` is a field of `AssetMetrics`, of its `previous` and of `RankedAsset`, unless
`is_in_schema` is False. A figure with a `column` is in the summary report, too.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from enum import Enum
from typing import NamedTuple

from figures.figure import Column, Figure, Figures, in_schema, keys_of
from figures.folds import Ratio, Sum
from models import Action

VIEWS_3D = Figure(
    "total3DViews",
    Sum(Action.VIEW_3D),
    "views",
    "Views on a page: events VIEW_3D.",
    Column("3D views", "How often an asset was shown on a page."),
)
CLICKS = Figure(
    "AR views by click",
    Sum(Action.AR_CLICK),
    "views",
    "Views in augmented reality that somebody opened from the page: events AR_CLICK.",
    Column("AR views by click", "How often somebody went from the page to augmented reality."),
    is_in_schema=False,
)
SCANS = Figure(
    "AR views by scan",
    Sum(Action.AR_SCAN),
    "views",
    "Views in augmented reality that somebody opened by scanning a code: events AR_SCAN.",
    Column("AR views by scan", "How often somebody scanned a code that leads to augmented reality."),
    is_in_schema=False,
)
VIEWS_AR = Figure(
    "totalARViews",
    Sum(Action.AR_CLICK, Action.AR_SCAN),
    "views",
    "Views in augmented reality: events AR_CLICK and AR_SCAN.",
    Column("AR views", "By click and by scan together."),
)
ENGAGED_VIEWS = Figure(
    "userEngagement",
    Sum(Action.ENGAGED_VIEW),
    "views",
    "3D views (by `viewId`) in which the person interacted at least once. Each counts once, at the time of "
    "its first interaction.",
    Column("Engaged views", "3D views with at least one interaction; each is counted once, at its first."),
)
INTERACTIONS = Figure(
    "Interactions",
    Sum(Action.INTERACTION),
    "interactions",
    "How often somebody turned, zoomed or otherwise touched an asset: events INTERACTION.",
    Column("Interactions", "How often somebody turned, zoomed or otherwise touched an asset."),
    is_in_schema=False,
)
INTERACTIONS_PER_ENGAGED_VIEW = Figure(
    "avgNumberInteractions",
    Ratio(INTERACTIONS, ENGAGED_VIEWS),
    "interactions per engaged view",
    f"Events INTERACTION divided by {ENGAGED_VIEWS}; 0 if there was no engaged view.",
    Column("Interactions per engaged view", "Interactions divided by engaged views; 0 without any."),
)

ASSETS: Figures = (
    VIEWS_3D,
    CLICKS,
    SCANS,
    VIEWS_AR,
    ENGAGED_VIEWS,
    INTERACTIONS,
    INTERACTIONS_PER_ENGAGED_VIEW,
)
IN_SCHEMA = in_schema(ASSETS)
ACTIONS = keys_of(ASSETS)
"""The actions that are counted for these figures."""


AssetTotals = Counter[Action]
"""How often each action happened to an asset, or to several assets together."""


def total_of(many: Iterable[AssetTotals]) -> AssetTotals:
    total: AssetTotals = Counter()
    for totals in many:
        for action, count in totals.items():
            total[action] += count
    return total


class Ranking(Enum):
    TOTAL_3D_VIEWS = VIEWS_3D
    TOTAL_AR_VIEWS = VIEWS_AR
    USER_ENGAGEMENT = ENGAGED_VIEWS


class Ranked(NamedTuple):
    rank: int
    asset_id: int
    totals: AssetTotals


def ranked(by_asset: Mapping[int, AssetTotals], ranking: Ranking, first: int) -> list[Ranked]:
    """The largest come first; among equals, the asset that was made first. Assets with 0 are left out."""
    counted = {id: count for id, totals in by_asset.items() if (count := ranking.value.of(totals))}
    in_order = sorted(counted, key=lambda id: (-counted[id], id))
    return [Ranked(rank, id, by_asset[id]) for rank, id in enumerate(in_order[:first], 1)]
