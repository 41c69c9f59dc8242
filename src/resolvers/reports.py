"""What a report says of a scope, and the file made of it."""

from asyncio import gather, to_thread
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from typing import NamedTuple

from base.calendar import Bucket, DateInterval, buckets, day_of, time_zone
from base.ids import Kind, global_id
from figures.assets import VIEWS_3D, VIEWS_AR, AssetTotals, Ranked, Ranking, ranked
from figures.figure import keys_of
from loaders.asset_metrics import Choice, Scope, TotalsByAsset, scope_counts
from loaders.assets import AssetById, AssetRow
from loaders.base import Loader, Loaders
from loaders.counts import CountsBySubject, CountsKey, SummedCounts
from loaders.measures import Cells, Dimension, Measure
from loaders.organizations import OrganizationById, OrganizationRow, WorkspaceById, WorkspaceRow
from models import Device
from reports import AssetLine, Detail, Period, RankedLine, Report, ReportFormat, filename, write

MOST_DAYS = 92
"""A range that is longer is shown by month."""
_TOP = 10
_MICROSECOND = timedelta(microseconds=1)
_NAMES = {
    Device.DESKTOP: "Desktop",
    Device.MOBILE: "Mobile",
    Device.TABLET: "Tablet",
    Device.UNKNOWN: "Unknown",
}
_DEVICES = {int(device): device for device in Device}


class Reports:
    """Makes reports of what the loaders of one request read."""

    def __init__(self, loaders: Loaders) -> None:
        self._now = loaders.now
        self._counts = loaders[CountsBySubject]
        self._sums = loaders[SummedCounts]
        self._totals = loaders[TotalsByAsset]
        self._assets = loaders[AssetById]
        self._workspaces = loaders[WorkspaceById]
        self._organizations = loaders[OrganizationById]

    async def of(self, scope: Scope) -> Report:
        series = buckets(scope.span, interval_of(scope), time_zone(scope.asked_zone))
        by_device, over_time, by_asset, names = await gather(
            self._counts.load(scope_counts(scope, frozenset({Dimension.DEVICE}))),
            self._sums.load(_over_time(scope, series)),
            self._totals.load(scope),
            self._names_of(scope),
        )
        top = ranked(by_asset, Ranking.TOTAL_3D_VIEWS, _TOP)
        return await to_thread(_report, self._now, scope, by_device, series, over_time, top, names)

    async def _names_of(self, scope: Scope) -> "_Names":
        assets, workspaces, organization = await gather(
            self._assets.load_many(scope.assets),
            self._workspaces.load_many(set(scope.workspaces)),
            self._organizations.load(scope.choices.organization_id),
        )
        assert organization
        return _Names(
            {row.id: row for row in assets if row}, {row.id: row for row in workspaces if row}, organization
        )


class _Names(NamedTuple):
    assets: Mapping[int, AssetRow]
    workspaces: Mapping[int, WorkspaceRow]
    organization: OrganizationRow


def interval_of(scope: Scope) -> DateInterval:
    is_long = scope.span.end - scope.span.start > timedelta(days=MOST_DAYS)
    return DateInterval.MONTH if is_long else DateInterval.DAY


def _over_time(scope: Scope, series: Sequence[Bucket]) -> CountsKey:
    actions = keys_of([VIEWS_3D, VIEWS_AR])
    measure = Measure(actions, tuple(bucket.covered for bucket in series), domain=scope.domain)
    return CountsKey(scope.tenant_id, scope.time_zone, scope.assets, measure)


def _report(
    now: datetime,
    scope: Scope,
    by_device: Mapping[int, Cells],
    series: Sequence[Bucket],
    over_time: Cells,
    top: Sequence[Ranked],
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
        top=tuple(RankedLine(one.rank, names.assets[one.asset_id].name, one.totals) for one in top),
    )


def _counted(cells: Cells) -> dict[Device, AssetTotals]:
    totals: defaultdict[Device, AssetTotals] = defaultdict(Counter)
    for cell, count in cells.items():
        totals[_DEVICES[cell.device or 0]][cell.action] += count
    return dict(totals)


def _lines(
    scope: Scope, counted: Mapping[int, Mapping[Device, AssetTotals]], names: _Names
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


def _in_order(counted: Mapping[Device, AssetTotals] | None) -> list[tuple[Device | None, AssetTotals]]:
    if not counted:
        return [(None, Counter())]
    return [(device, counted[device]) for device in _NAMES if device in counted]


def _devices(counted: Mapping[int, Mapping[Device, AssetTotals]]) -> tuple[tuple[str, AssetTotals], ...]:
    """The three that are known in any case."""
    totals: dict[Device, AssetTotals] = {device: Counter() for device in _NAMES if device}
    for of_asset in counted.values():
        for device, one in of_asset.items():
            totals.setdefault(device, Counter()).update(one)
    return tuple((_NAMES[device], total) for device, total in totals.items())


def _periods(series: Sequence[Bucket], over_time: Cells) -> tuple[Period, ...]:
    totals: list[AssetTotals] = [Counter() for _ in series]
    for cell, count in over_time.items():
        totals[cell.position][cell.action] += count
    return tuple(
        Period(_first_day(bucket.key), bucket.is_partial, VIEWS_3D.of(counted), VIEWS_AR.of(counted))
        for bucket, counted in zip(series, totals, strict=True)
    )


def _details(now: datetime, scope: Scope, names: _Names) -> tuple[Detail, ...]:
    choices, span, zone = scope.choices, scope.span, time_zone(scope.asked_zone)
    return (
        Detail("Organization", names.organization.name),
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
    """Files. Each is made once, however many fields ask for it, and one after the other, in a thread."""

    def __init__(self, loaders: Loaders) -> None:
        super().__init__(loaders)
        self._reports = Reports(loaders)

    async def batch_load_fn(self, keys: Sequence[DocumentKey]) -> list[bytes]:
        scopes = list(dict.fromkeys(key.scope for key in keys))
        reports = await gather(*map(self._reports.of, scopes))
        of_scope = dict(zip(scopes, reports, strict=True))
        return [await to_thread(_document, of_scope[key.scope], key.format) for key in keys]


def _document(report: Report, format: ReportFormat) -> bytes:
    file = BytesIO()
    write(report, format, file)
    return file.getvalue()
