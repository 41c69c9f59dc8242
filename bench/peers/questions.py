"""What every server is asked, in its own words, and with the same answer."""

import json
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any, NamedTuple

from bench.peers.world import LAST, World

LISTED = 50
SERIES_DAYS = 365
_PUBLICATION = """name customUrl createdAt %s { name }
  experienceCounts { aiExpert aiNote quest podcast total }
  metrics { totalViews totalLikes totalBookmarks totalShares totalComments monthlyActiveUsers }
  socialMetrics { followersCount followingCount }"""
_OURS = _PUBLICATION % "owner"
_POSTGRAPHILE = _PUBLICATION % "owner: appUserByOwnerId"
_DASHBOARD = f"query Dashboard($url: String!) {{ publication(url: $url) {{ {_OURS} }} }}"
_LIST = f"""query List($first: Int!) {{
  publications(first: $first) {{ edges {{ node {{ {_OURS} }} }} }}
}}"""
_RANGE = "$start: Int!, $end: Int!"
_DAYS = "start: $start, end: $end"
_START_DAYS = "startDay: $start, endDay: $end"
_BY_DEVICE = "points { dateInterval deviceCategory count }"
_BY_ASSET = "points { dateInterval count asset { name } }"


def _of_ours(subject: str, group: str, points: str) -> str:
    return f"""query Series($id: ID!, $start: RangeBound!, $end: RangeBound!) {{
  {subject}(id: $id) {{ metrics(range: {{start: $start, end: $end}}) {{
    views(viewType: VIEW_3D, interval: DAY, groupBy: [{group}]) {{ {points} }}
  }} }}
}}"""


def _of_peers(subject: str, metrics: str, days: str, points: str) -> str:
    return f"""query Series($id: Int!, {_RANGE}) {{
  {subject} {{ {metrics}({days}) {{ views {{ {points} }} }} }}
}}"""


class Question(NamedTuple):
    name: str
    documents: dict[str, str]
    """By the dialect that a server has: ours, the plain schema of the peers, PostGraphile's."""
    variables: Callable[[str, World], Iterator[dict[str, Any]]]
    """Of each request, by dialect."""


def _dashboards(_: str, world: World) -> Iterator[dict[str, Any]]:
    return ({"url": url} for url in world.publications)


def _list(_: str, __: World) -> Iterator[dict[str, Any]]:
    yield {"first": LISTED}


def _series(dialect: str, world: World) -> Iterator[dict[str, Any]]:
    for number, asset in enumerate(world.assets, 1):
        yield _range(dialect, asset, number, min(SERIES_DAYS, world.days))


def _wide(dialect: str, world: World) -> Iterator[dict[str, Any]]:
    yield _range(dialect, world.organization, 1, world.days)


def _range(dialect: str, id: str, number: int, days: int) -> dict[str, Any]:
    """Peers have numbers for objects and for days."""
    start = LAST - timedelta(days=days - 1)
    if dialect == "viewgraph":
        return {"id": id, "start": f"{start}", "end": f"{LAST}"}
    return {"id": number, "start": as_number(start), "end": as_number(LAST)}


def as_number(day: date) -> int:
    """20250131 for the last day of January."""
    return int(f"{day:%Y%m%d}")


DASHBOARD = Question(
    "dashboard",
    {
        "viewgraph": _DASHBOARD,
        "plain": _DASHBOARD,
        "postgraphile": f"""query Dashboard($url: String!) {{
          publication: publicationByCustomUrl(customUrl: $url) {{ {_POSTGRAPHILE} }}
        }}""",
    },
    _dashboards,
)
LIST = Question(
    "list",
    {
        "viewgraph": _LIST,
        "plain": _LIST,
        "postgraphile": f"""query List($first: Int!) {{
          publications: allPublications(first: $first) {{ edges {{ node {{ {_POSTGRAPHILE} }} }} }}
        }}""",
    },
    _list,
)
SERIES = Question(
    "series",
    {
        "viewgraph": _of_ours("asset", "DEVICE", _BY_DEVICE),
        "plain": _of_peers("asset(id: $id)", "metrics", _DAYS, _BY_DEVICE),
        "postgraphile": _of_peers("asset: assetByRowId(rowId: $id)", "metrics", _START_DAYS, _BY_DEVICE),
    },
    _series,
)
BY_DEVICE = Question(
    "by device",
    {
        "viewgraph": _of_ours("organization", "DEVICE", _BY_DEVICE),
        "plain": _of_peers("organization(id: $id)", "metrics: metricsByDevice", _DAYS, _BY_DEVICE),
        "postgraphile": _of_peers(
            "organization: organizationByRowId(rowId: $id)",
            "metrics: metricsByDevice",
            _START_DAYS,
            _BY_DEVICE,
        ),
    },
    _wide,
)
BY_ASSET = Question(
    "by asset",
    {
        "viewgraph": _of_ours("organization", "ASSET", _BY_ASSET),
        "plain": _of_peers("organization(id: $id)", "metrics: metricsByAsset", _DAYS, _BY_ASSET),
        "postgraphile": _of_peers(
            "organization: organizationByRowId(rowId: $id)", "metrics: metricsByAsset", _START_DAYS, _BY_ASSET
        ),
    },
    _wide,
)
NARROW = (DASHBOARD, LIST, SERIES)
WIDE = (BY_DEVICE, BY_ASSET)


def bodies(question: Question, dialect: str, world: World) -> list[bytes]:
    """Of the requests, in the same order for all dialects."""
    document = question.documents[dialect]
    return [
        json.dumps({"query": document, "variables": variables}).encode()
        for variables in question.variables(dialect, world)
    ]
