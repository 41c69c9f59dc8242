"""The figures of 3D assets: a dashboard, a series of views, and a report."""

from typing import Annotated, Any, Generic, Literal, TypeVar
from uuid import UUID

from msgspec import UNSET, Meta, Struct, UnsetType

from base.errors import BadUserInput
from base.ids import Kind
from rest.apis import ASSET_ANALYTICS
from rest.envelopes import Success, succeeded
from rest.ids import ids_of, uuid_of
from rest.route import Asked, Route
from rest.sign_in import require_one

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
        asset { id name formats { type url sizeBytes } }
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

_VIEW_TYPES = {"3DView": "VIEW_3D", "ARView": "VIEW_AR"}

# GraphQL checks it, and its error has the better words.
_DATE = {"pattern": r"^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)?)?)?$"}

StartDate = Annotated[
    str,
    Meta(
        description="A day, a local time in UTC or an instant.",
        examples=["2023-06-01T00:00:00"],
        extra_json_schema=_DATE,
    ),
]
EndDate = Annotated[
    str,
    Meta(
        description="The same; it is included to its last second, and a day as a whole.",
        examples=["2023-07-01T23:59:59"],
        extra_json_schema=_DATE,
    ),
]


class Filters(Struct, kw_only=True):
    """Which events count. A list that is null or absent means all."""

    startDate: StartDate
    endDate: EndDate
    clientUuids: Annotated[list[str] | None, Meta(description="Workspaces.")] = None
    productsUuid: Annotated[list[str] | None, Meta(description="Assets.")] = None
    productUuids: Annotated[
        list[str] | None, Meta(description="Another spelling of `productsUuid`. Give one of the two.")
    ] = None
    domain: Annotated[str | None, Meta(description="The site on which the asset was shown.")] = None


class ViewsFilters(Filters, kw_only=True):
    """Which views are counted, and how they are split."""

    viewType: Literal["3DView", "ARView"]
    dateInterval: Literal["DAY", "WEEK", "MONTH"]
    actionTypes: Annotated[
        list[Literal["view", "click", "scan"]] | None,
        Meta(description="`view` for 3DView; `click` and `scan` for ARView. Null means all of the type."),
    ] = None
    returnFields: Annotated[
        list[Literal["device"]] | None, Meta(description="With `device`, the counts are split by device.")
    ] = None


class Format(Struct):
    type: str
    url: str
    sizeBytes: int | None


class MostViewed(Struct):
    """The asset with the most 3D views, and its figures of the range."""

    uuid: UUID
    name: str
    total3DViews: int
    totalARViews: int
    userEngagement: int
    avgNumberInteractions: float
    formats: list[Format]


class Dashboard(Struct):
    total3DViews: int
    totalARViews: int
    userEngagement: int
    avgNumberInteractions: float
    mostViewedProduct: MostViewed | None


class Point(Struct):
    dateInterval: Annotated[str, Meta(description="The bucket: YYYYMMDD, YYYYww (ISO week) or YYYYMM.")]
    count: int
    deviceCategory: Annotated[
        str | UnsetType | None,
        Meta(description="desktop, mobile or tablet; null for other and unknown devices."),
    ] = UNSET


class Views(Struct):
    count: Annotated[int, Meta(description="All views of the range: the sum of the grid.")]
    grid: list[Point]


class ReportFile(Struct):
    document: Annotated[str, Meta(description="The workbook in base64.")]
    contentType: str


class _Asset(Struct):
    id: str
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


class _PageInfo(Struct):
    hasNextPage: bool


class _Organizations(Struct, Generic[M]):
    edges: list[_Edge[M]]
    pageInfo: _PageInfo


class _Data(Struct, Generic[M]):
    organizations: _Organizations[M]

    def metrics(self) -> M:
        """Raises FORBIDDEN unless the token leads to exactly one organization."""
        found = self.organizations
        require_one(found.pageInfo.hasNextPage, found.edges)
        return found.edges[0].node.metrics


def _filters(asked: Asked[Any]) -> dict[str, Any]:
    body: Filters = asked.body
    if body.productsUuid is not None and body.productUuids is not None:
        raise BadUserInput(
            "Give `productsUuid` or `productUuids`, not both.",
            argument="productUuids",
            reason="INVALID_VALUE",
        )
    assets = body.productUuids if body.productsUuid is None else body.productsUuid
    return {
        "range": {"start": body.startDate, "end": body.endDate},
        "workspaces": ids_of(Kind.WORKSPACE, body.clientUuids),
        "assets": ids_of(Kind.ASSET, assets),
        "domain": body.domain,
    }


def _views_filters(asked: Asked[ViewsFilters]) -> dict[str, Any]:
    body = asked.body
    by_device = bool(body.returnFields)
    return {
        **_filters(asked),
        "viewType": _VIEW_TYPES[body.viewType],
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
        uuid_of(asset.id),
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
