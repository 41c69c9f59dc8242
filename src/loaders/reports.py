"""What a report says of a scope, and the file made of it."""

from asyncio import gather, to_thread
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from typing import NamedTuple

from base.calendar import Bucket, DateInterval, buckets, day_of, time_zone
from base.ids import Kind, global_id
from loaders.asset_metrics import COUNTED, Choice, Ranked, RankedAssets, Ranking, RankingKey, Scope
from loaders.assets import AssetById, AssetRow
from loaders.base import Loader, Loaders
from loaders.counts import CountsOfMany, ManyKey, SumsOfMany
from loaders.measures import Cells, Dimension, Measure
from loaders.organizations import OrganizationById, OrganizationRow, WorkspaceById, WorkspaceRow
from models import Action, Device
from reports import (
    AssetLine,
    Counted,
    Detail,
    Period,
    RankedLine,
    Report,
    ReportFormat,
    filename,
    summed,
    write,
)

MOST_DAYS = 92
"""A range that is longer is shown by month."""
_TOP = 10
_MICROSECOND = timedelta(microseconds=1)
_VIEWS = (Action.VIEW_3D, Action.AR_CLICK, Action.AR_SCAN)
_NAMES = {
    Device.DESKTOP: "Desktop",
    Device.MOBILE: "Mobile",
    Device.TABLET: "Tablet",
    Device.UNKNOWN: "Unknown",
}
_DEVICES = {int(device): device for device in Device}


class Reports(Loader[Scope, Report]):
    """For all scopes alike in one statement each: figures by device, views over time, and names."""

    def __init__(self, loaders: Loaders) -> None:
        super().__init__(loaders)
        self._now = loaders.now
        self._counts = loaders[CountsOfMany]
        self._sums = loaders[SumsOfMany]
        self._ranked = loaders[RankedAssets]
        self._assets = loaders[AssetById]
        self._workspaces = loaders[WorkspaceById]
        self._organizations = loaders[OrganizationById]

    async def batch_load_fn(self, scopes: Sequence[Scope]) -> list[Report]:
        series = [_buckets(scope) for scope in scopes]
        by_device, over_time, ranked, names = await gather(
            self._counts.load_many(_by_device(scope) for scope in scopes),
            self._sums.load_many(_over_time(*pair) for pair in zip(scopes, series, strict=True)),
            self._ranked.load_many(RankingKey(scope, Ranking.TOTAL_3D_VIEWS, _TOP) for scope in scopes),
            self._names_of(scopes),
        )
        parts = zip(scopes, by_device, series, over_time, ranked, strict=True)
        return await to_thread(lambda: [_report(self._now, *part, names) for part in parts])

    async def _names_of(self, scopes: Sequence[Scope]) -> "_Names":
        asset_ids = {id for scope in scopes for id in scope.assets}
        workspace_ids = {id for scope in scopes for id in scope.workspaces}
        assets, workspaces, organizations = await gather(
            self._assets.load_many(asset_ids),
            self._workspaces.load_many(workspace_ids),
            self._organizations.load_many({scope.choices.organization_id for scope in scopes}),
        )
        return _Names(
            {row.id: row for row in assets if row},
            {row.id: row for row in workspaces if row},
            {row.id: row for row in organizations if row},
        )


class _Names(NamedTuple):
    assets: Mapping[int, AssetRow]
    workspaces: Mapping[int, WorkspaceRow]
    organizations: Mapping[int, OrganizationRow]


def _by_device(scope: Scope) -> ManyKey:
    measure = Measure(COUNTED, (scope.span,), frozenset({Dimension.DEVICE}), scope.domain)
    return ManyKey(scope.tenant_id, scope.time_zone, scope.assets, measure)


def interval_of(scope: Scope) -> DateInterval:
    is_long = scope.span.end - scope.span.start > timedelta(days=MOST_DAYS)
    return DateInterval.MONTH if is_long else DateInterval.DAY


def _buckets(scope: Scope) -> list[Bucket]:
    return buckets(scope.span, interval_of(scope), time_zone(scope.asked_zone))


def _over_time(scope: Scope, series: Sequence[Bucket]) -> ManyKey:
    measure = Measure(_VIEWS, tuple(bucket.covered for bucket in series), domain=scope.domain)
    return ManyKey(scope.tenant_id, scope.time_zone, scope.assets, measure)


def _report(
    now: datetime,
    scope: Scope,
    by_device: Mapping[int, Cells],
    series: Sequence[Bucket],
    over_time: Cells,
    ranked: Sequence[Ranked],
    names: _Names,
) -> Report:
    counted = {id: _counted(cells) for id, cells in by_device.items()}
    first_day, last_day = days_of(scope)
    return Report(
        name=scope.choices.of.name,
        first_day=first_day,
        last_day=last_day,
        details=_details(now, scope, names),
        made_at=now,
        lines=_lines(scope, counted, names),
        devices=_devices(counted),
        interval=interval_of(scope),
        periods=_periods(series, over_time),
        top=tuple(_ranked_line(one, names) for one in ranked),
    )


def _counted(cells: Cells) -> dict[Device, Counted]:
    counts: defaultdict[Device, dict[Action, int]] = defaultdict(dict)
    for cell, count in cells.items():
        of_device = counts[_DEVICES[cell.device or 0]]
        of_device[cell.action] = of_device.get(cell.action, 0) + count
    return {
        device: Counted(
            views_3d=of_device.get(Action.VIEW_3D, 0),
            clicks=of_device.get(Action.AR_CLICK, 0),
            scans=of_device.get(Action.AR_SCAN, 0),
            engaged=of_device.get(Action.ENGAGED_VIEW, 0),
            interactions=of_device.get(Action.INTERACTION, 0),
        )
        for device, of_device in counts.items()
    }


def _lines(
    scope: Scope, counted: Mapping[int, Mapping[Device, Counted]], names: _Names
) -> tuple[AssetLine, ...]:
    """By the asset's name; of equal ones, the one made first."""
    rows = sorted((names.assets[id] for id in scope.assets), key=lambda row: (row.name.casefold(), row.id))
    return tuple(
        AssetLine(
            row.name,
            names.workspaces[row.workspace_id].name,
            _NAMES[device] if device is not None else "",
            of_device,
            global_id(Kind.ASSET, row.public_id),
        )
        for row in rows
        for device, of_device in _in_order(counted.get(row.id))
    )


def _in_order(counted: Mapping[Device, Counted] | None) -> list[tuple[Device | None, Counted]]:
    if not counted:
        return [(None, Counted())]
    return [(device, counted[device]) for device in _NAMES if device in counted]


def _devices(counted: Mapping[int, Mapping[Device, Counted]]) -> tuple[tuple[str, Counted], ...]:
    """The three that are known in any case."""
    totals: dict[Device, Counted] = {device: Counted() for device in _NAMES if device}
    for of_asset in counted.values():
        for device, one in of_asset.items():
            totals[device] = summed((totals.get(device, Counted()), one))
    return tuple((_NAMES[device], total) for device, total in totals.items())


def _periods(series: Sequence[Bucket], over_time: Cells) -> tuple[Period, ...]:
    counts = [[0, 0] for _ in series]
    for cell, count in over_time.items():
        counts[cell.position][cell.action is not Action.VIEW_3D] += count
    return tuple(
        Period(_first_day(bucket.key), bucket.is_partial, *of_bucket)
        for bucket, of_bucket in zip(series, counts, strict=True)
    )


def _ranked_line(ranked: Ranked, names: _Names) -> RankedLine:
    figures = ranked.figures
    return RankedLine(
        ranked.rank,
        names.assets[ranked.asset_id].name,
        figures.views_3d,
        figures.views_ar,
        figures.engaged,
        figures.interactions_per_engaged_view,
    )


def _details(now: datetime, scope: Scope, names: _Names) -> tuple[Detail, ...]:
    choices, span, zone = scope.choices, scope.span, time_zone(scope.asked_zone)
    return (
        Detail("Organization", names.organizations[choices.organization_id].name),
        *_chosen("Workspace", choices.workspaces, choices.of if choices.kind is Kind.WORKSPACE else None),
        *_chosen("Asset", choices.assets, choices.of if choices.kind is Kind.ASSET else None),
        Detail("Assets in this report", str(len(scope.assets))),
        Detail("Domain", scope.domain or "All"),
        Detail("Time zone", scope.asked_zone),
        Detail("From (included)", span.start.astimezone(zone).isoformat()),
        Detail("To (not included)", span.end.astimezone(zone).isoformat()),
        Detail("From, in UTC", _in_utc(span.start)),
        Detail("To, in UTC", _in_utc(span.end)),
        Detail("Made at, in UTC", _in_utc(now.replace(microsecond=0))),
    )


def _chosen(kind: str, choices: Sequence[Choice] | None, of: Choice | None) -> list[Detail]:
    """One line for each, so that no cell overflows."""
    if of is not None:
        return [Detail(kind, of.name)]
    if choices is None:
        return [Detail(f"{kind}s", "All")]
    return [Detail(kind, choice.name) for choice in choices] or [Detail(f"{kind}s", "None")]


def _in_utc(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _first_day(key: str) -> date:
    """Of a bucket that is a day or a month."""
    return date(int(key[:4]), int(key[4:6]), int(key[6:] or 1))


def days_of(scope: Scope) -> tuple[date, date]:
    """The first and the last day that the range touches, in the asked time zone."""
    zone = time_zone(scope.asked_zone)
    return day_of(scope.span.start, zone), day_of(scope.span.end - _MICROSECOND, zone)


class DocumentKey(NamedTuple):
    scope: Scope
    format: ReportFormat

    @property
    def filename(self) -> str:
        return filename(self.scope.choices.of.name, *days_of(self.scope), self.format)


class Documents(Loader[DocumentKey, bytes]):
    """Files, made one after the other in a thread."""

    def __init__(self, loaders: Loaders) -> None:
        super().__init__(loaders)
        self._reports = loaders[Reports]

    async def batch_load_fn(self, keys: Sequence[DocumentKey]) -> list[bytes]:
        reports = await self._reports.load_many(key.scope for key in keys)
        return [
            await to_thread(_document, report, key.format) for key, report in zip(keys, reports, strict=True)
        ]


def _document(report: Report, format: ReportFormat) -> bytes:
    file = BytesIO()
    write(report, format, file)
    return file.getvalue()
