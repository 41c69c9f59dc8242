"""The figures of 3D assets: a dashboard, a series of views, and a report."""

from typing import Any, Generic, TypeVar

from msgspec import Struct

from rest.apis import ASSET_ANALYTICS
from rest.asset_figures import Dashboard, Format, MostViewed, ReportFile, Views
from rest.asset_filters import Filters, Views3D, ViewsFilters
from rest.envelopes import Success, succeeded
from rest.ids import Identified
from rest.organizations import require_one
from rest.route import Asked, PageInfo, Route

M = TypeVar("M")

_FILTERS = "$range: DateRange!, $workspaces: [ID!], $assets: [ID!], $domain: String"
_METRICS = "metrics(range: $range, workspaceIds: $workspaces, assetIds: $assets, domain: $domain)"


def _document(name: str, variables: str, selection: str) -> str:
    """The metrics of the organization that the token is for. With an own token of a user who belongs to one
    organization, it is that one.
    """
    return f"""query {name}({_FILTERS}{variables}) {{
  organizations(first: 1) {{
    edges {{ node {{ {_METRICS} {{ {selection} }} }} }}
    pageInfo {{ hasNextPage }}
  }}
}}
"""


_DASHBOARD = _document(
    "AssetDashboard",
    "",
    """
      total3DViews totalARViews userEngagement avgNumberInteractions
      mostViewedProduct: mostViewedAsset {
        total3DViews totalARViews userEngagement avgNumberInteractions
        asset { id legacyId name formats { type url sizeBytes } }
      }
    """,
)
_VIEWS = _document(
    "AssetViews",
    ", $viewType: ViewType!, $actionTypes: [ActionType!], $interval: DateInterval!,"
    " $groupBy: [ViewDimension!], $byDevice: Boolean!",
    """
      views(viewType: $viewType, actionTypes: $actionTypes, interval: $interval, groupBy: $groupBy) {
        count
        grid: points { deviceCategory @include(if: $byDevice) dateInterval count }
      }
    """,
)
_REPORT = _document("AssetReport", "", "summaryReport { document contentType }")


class _Asset(Identified):
    name: str
    formats: list[Format]


class _MostViewed(Struct):
    total3DViews: int
    totalARViews: int
    userEngagement: int
    avgNumberInteractions: float
    asset: _Asset


class _Dashboard(Struct):
    total3DViews: int
    totalARViews: int
    userEngagement: int
    avgNumberInteractions: float
    mostViewedProduct: _MostViewed | None


class _Views(Struct):
    views: Views


class _Report(Struct):
    summaryReport: ReportFile


class _Node(Struct, Generic[M]):
    metrics: M


class _Edge(Struct, Generic[M]):
    node: _Node[M]


class _Organizations(Struct, Generic[M]):
    edges: list[_Edge[M]]
    pageInfo: PageInfo


class _Data(Struct, Generic[M]):
    organizations: _Organizations[M]

    def metrics(self) -> M:
        """Raises FORBIDDEN unless the token leads to exactly one organization."""
        found = self.organizations
        require_one(found.pageInfo, found.edges)
        return found.edges[0].node.metrics


def _filters(asked: Asked[Any]) -> dict[str, Any]:
    body: Filters = asked.body
    given = [ids for ids in (body.productsUuid, body.productUuids) if ids is not None]
    assets = [id for ids in given for id in ids] if given else None
    return {
        "range": {"start": body.startDate, "end": body.endDate},
        "workspaces": body.clientUuids,
        "assets": assets,
        "domain": body.domain,
    }


def _views_filters(asked: Asked[ViewsFilters]) -> dict[str, Any]:
    body = asked.body
    by_device = bool(body.returnFields)
    return {
        **_filters(asked),
        "viewType": "VIEW_3D" if isinstance(body, Views3D) else "VIEW_AR",
        "actionTypes": None if body.actionTypes is None else [one.upper() for one in body.actionTypes],
        "interval": body.dateInterval,
        "groupBy": ["DEVICE"] if by_device else [],
        "byDevice": by_device,
    }


def _dashboard(_: Asked[Filters], data: _Data[_Dashboard]) -> Success[Dashboard]:
    found = data.metrics()
    most_viewed = found.mostViewedProduct
    return succeeded(
        Dashboard(
            found.total3DViews,
            found.totalARViews,
            found.userEngagement,
            found.avgNumberInteractions,
            _most_viewed(most_viewed) if most_viewed else None,
        )
    )


def _most_viewed(ranked: _MostViewed) -> MostViewed:
    asset = ranked.asset
    return MostViewed(
        asset.uuid(),
        asset.name,
        ranked.total3DViews,
        ranked.totalARViews,
        ranked.userEngagement,
        ranked.avgNumberInteractions,
        asset.formats,
    )


def _views(_: Asked[ViewsFilters], data: _Data[_Views]) -> Success[Views]:
    views = data.metrics().views
    for point in views.grid:
        if point.deviceCategory:
            point.deviceCategory = point.deviceCategory.lower()
    return succeeded(views)


def _report(_: Asked[Filters], data: _Data[_Report]) -> Success[ReportFile]:
    return succeeded(data.metrics().summaryReport)


ROUTES = (
    Route(
        "POST",
        "/v2/metrics/dashboard",
        "metrics-dashboard",
        "The totals of an organization's assets, and its most viewed asset",
        ASSET_ANALYTICS,
        _DASHBOARD,
        Filters,
        _filters,
        _Data[_Dashboard],
        _dashboard,
        Success[Dashboard],
    ),
    Route(
        "POST",
        "/v2/metrics/views-data",
        "metrics-views-data",
        "3D views or AR views over time",
        ASSET_ANALYTICS,
        _VIEWS,
        ViewsFilters,
        _views_filters,
        _Data[_Views],
        _views,
        Success[Views],
    ),
    Route(
        "POST",
        "/v2/metrics/summary-report",
        "metrics-summary-report",
        "The figures of each asset by device, as a workbook",
        ASSET_ANALYTICS,
        _REPORT,
        Filters,
        _filters,
        _Data[_Report],
        _report,
        Success[ReportFile],
    ),
)
