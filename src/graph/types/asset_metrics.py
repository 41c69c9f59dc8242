from collections.abc import Mapping
from typing import Annotated, Self

import strawberry

from base.calendar import WeekStart
from figures.assets import IN_SCHEMA, AssetTotals, Ranked, Ranking, total_of
from figures.figure import values
from graph.directives import A_SERIES, SEVERAL_STATEMENTS, list_of
from graph.enums import ActionType, AssetAction, ViewType
from graph.faces import shows
from graph.fields import argument, costly, described, field, loaded
from graph.figures import with_figures
from graph.info import Info
from graph.types.arguments import GroupBy, Interval, WeeksStart, ZeroFill
from graph.types.metrics import ResolvedRange, UniqueVisitors
from graph.types.report import SummaryReport
from graph.types.views import ActionSeries, ViewSeries
from loaders.asset_metrics import AssetSeries, Scope, SeriesKey, TotalsByAsset
from loaders.assets import AssetById
from loaders.visitors import VisitorsKey, VisitorsOfSubjects
from reports import CsvDialect, CsvSeparator, ReportForm, ReportFormat, ReportRows
from resolvers import asset_metrics

FIGURES = frozenset(figure.name for figure in IN_SCHEMA)
"""The attributes of metrics that are made of the totals of the assets."""


@shows(Ranked)
@strawberry.type(description="An asset's place in a ranking, and the figures of the range.")
@with_figures(IN_SCHEMA, after="rank")
class RankedAsset:
    asset_id: strawberry.Private[int]
    rank: int = described(
        "The place, from 1. No two assets have the same place: among equals, the asset that was made first "
        "comes first."
    )

    @loaded(
        AssetById,
        strawberry.LazyType("Asset", "graph.types.assets"),
    )
    def asset(self) -> int:
        """Which asset it is."""
        return self.asset_id

    @classmethod
    def of(cls, ranked: Ranked) -> Self:
        return cls(asset_id=ranked.asset_id, rank=ranked.rank, **values(IN_SCHEMA, ranked.totals))


@strawberry.type(description="What happened to assets within a range, up to this moment.")
@with_figures(IN_SCHEMA, after="range")
class AssetMetrics:
    scope: strawberry.Private[Scope]
    range: ResolvedRange = described("The asked range as instants.")

    @field
    async def most_viewed_asset(self, info: Info) -> RankedAsset | None:
        """The asset with the most 3D views; among equals, the one that was made first. Null if there were
        no 3D views."""
        ranking = Ranking.TOTAL_3D_VIEWS
        ranked = await asset_metrics.ranked_assets(info.context, self.scope, ranking, 1)
        return RankedAsset.of(ranked[0]) if ranked else None

    @costly(list_of(10, "first"))
    async def top_assets(
        self,
        info: Info,
        first: Annotated[int, argument("How many assets at most: 0 to `limits.maxPageSize`.")] = 10,
        order_by: Annotated[
            Ranking, argument("The figure that the assets are ranked by.")
        ] = Ranking.TOTAL_3D_VIEWS,
    ) -> list[RankedAsset]:
        """The assets with the largest figures, largest first; among equals, the one that was made first
        comes first. Assets with 0 are left out."""
        ranked = await asset_metrics.ranked_assets(info.context, self.scope, order_by, first)
        return [RankedAsset.of(one) for one in ranked]

    @loaded(
        VisitorsOfSubjects,
        UniqueVisitors | None,
        costs=SEVERAL_STATEMENTS,
    )
    def unique_visitors(self) -> VisitorsKey | None:
        """Different visitors of all these assets together, within the range. Somebody who came to several
        assets or on several days counts once. But an anonymous browser counts as a new visitor on each day
        of the organization's reporting time zone. Null if `domain` is given, because visitors are not kept
        by site."""
        return asset_metrics.visitors_key(self.scope)

    @loaded(
        AssetSeries,
        ViewSeries,
        of=ViewSeries.of_assets,
        costs=[SEVERAL_STATEMENTS, A_SERIES],
    )
    async def views(
        self,
        info: Info,
        view_type: Annotated[ViewType, argument("Which kind of views: on a page, or in augmented reality.")],
        interval: Interval,
        action_types: Annotated[
            list[ActionType] | None,
            argument(
                "Only views that came about by these actions: VIEW for VIEW_3D, CLICK and SCAN for "
                "VIEW_AR. When null, all actions of the type count. An action of the other type is "
                "BAD_USER_INPUT with the reason INVALID_ACTION_TYPE; an empty list, with the reason "
                "MISSING_ACTION_TYPE."
            ),
        ] = None,
        group_by: GroupBy = (),
        zero_fill: ZeroFill = False,
        week_start: WeeksStart = WeekStart.MONDAY,
    ) -> SeriesKey:
        """Views over time, in buckets of the calendar of `timeZone`."""
        named = None if action_types is None else [action.value for action in action_types]
        return await asset_metrics.series_key(
            self.scope,
            info.context,
            view_type=view_type.value,
            actions=asset_metrics.view_actions(view_type.value, named),
            interval=interval,
            groups=group_by or (),
            zero_fill=zero_fill,
            week_start=week_start,
        )

    @loaded(
        AssetSeries,
        ActionSeries,
        of=ActionSeries.of,
        costs=[SEVERAL_STATEMENTS, A_SERIES],
    )
    async def actions(
        self,
        info: Info,
        action: Annotated[AssetAction, argument("Which action is counted.")],
        interval: Interval,
        group_by: GroupBy = (),
        zero_fill: ZeroFill = False,
        week_start: WeeksStart = WeekStart.MONDAY,
    ) -> SeriesKey:
        """What people did over time, in buckets of the calendar of `timeZone`."""
        return await asset_metrics.series_key(
            self.scope,
            info.context,
            actions=(action.value,),
            interval=interval,
            groups=group_by or (),
            zero_fill=zero_fill,
            week_start=week_start,
        )

    @costly(SEVERAL_STATEMENTS)
    def summary_report(
        self,
        format: Annotated[ReportFormat, argument("What the file is written in.")] = ReportFormat.XLSX,
        separator: Annotated[
            CsvSeparator, argument("What stands between the cells of CSV.")
        ] = CsvSeparator.COMMA,
        decimal_comma: Annotated[
            bool,
            argument(
                "Whether numbers of CSV have a decimal comma, as spreadsheets of many languages expect."
            ),
        ] = False,
        rows: Annotated[ReportRows, argument("What the table of assets has a row for.")] = ReportRows.DEVICES,
    ) -> SummaryReport:
        """A file with each asset's 3D views, AR views and engagement, by device or by day."""
        return SummaryReport.of(self.scope, ReportForm(format, CsvDialect(separator, decimal_comma), rows))

    @loaded(
        TotalsByAsset,
        "AssetMetrics | None",
        of=lambda scope, totals: AssetMetrics.of(scope, totals),
        only_for=FIGURES,
        instead={},
    )
    def previous(self) -> Scope:
        """The same figures for the range just before this one, which ends at its start. Before whole
        months it has as many months, and before whole days as many days, in the calendar of `timeZone`.
        Before any other range it has the same length in seconds. Null only with an error: BAD_USER_INPUT
        if it would start before the year 1."""
        return asset_metrics.previous_scope(self.scope)

    @loaded(
        TotalsByAsset,
        "AssetMetrics | None",
        of=lambda scope, totals: AssetMetrics.of(scope, totals),
        only_for=FIGURES,
        instead={},
    )
    def previous_of_equal_length(self) -> Scope:
        """The same figures for the range that ends at the start of this one and lasts as many seconds.
        Null only with an error: BAD_USER_INPUT if it would start before the year 1."""
        return asset_metrics.previous_scope(self.scope, is_as_long=True)

    @classmethod
    def of(cls, scope: Scope, by_asset: Mapping[int, AssetTotals]) -> Self:
        figures = values(IN_SCHEMA, total_of(by_asset.values()))
        return cls(scope=scope, range=ResolvedRange.of(scope.span), **figures)
