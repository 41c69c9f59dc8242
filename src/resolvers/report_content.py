"""Makes the content of a report from what was read."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

from base.calendar import Bucket, DateInterval, buckets, day_of, time_zone
from base.ids import Kind, global_id
from figures.assets import VIEWS_3D, VIEWS_AR, AssetTotals, Ranking, ranked, total_of
from loaders.asset_metrics import Choice, Scope
from loaders.assets import AssetRow
from loaders.measures import Cells
from loaders.organizations import OrganizationRow, WorkspaceRow
from models import Device
from reports import AssetLine, Detail, Period, RankedLine, Report

MOST_DAYS = 92
"""A longer range is shown by month."""
_TOP = 10
_MICROSECOND = timedelta(microseconds=1)
_NAMES = {
    Device.DESKTOP: "Desktop",
    Device.MOBILE: "Mobile",
    Device.TABLET: "Tablet",
    Device.UNKNOWN: "Unknown",
}
_DEVICES = {int(device): device for device in Device}

_ByDevice = dict[Device, AssetTotals]


class Names(NamedTuple):
    assets: Mapping[int, AssetRow]
    workspaces: Mapping[int, WorkspaceRow]
    organization: OrganizationRow


class Read(NamedTuple):
    """What a report is made of."""

    by_device: Mapping[int, Cells]
    """The counts of each asset to which something happened."""
    over_time: Cells
    """The counts of all assets together. Their positions are those of `periods_of`."""
    names: Names


def interval_of(scope: Scope) -> DateInterval:
    is_long = scope.span.end - scope.span.start > timedelta(days=MOST_DAYS)
    return DateInterval.MONTH if is_long else DateInterval.DAY


def periods_of(scope: Scope) -> list[Bucket]:
    return buckets(scope.span, interval_of(scope), time_zone(scope.asked_zone))


def days_of(scope: Scope) -> tuple[date, date]:
    """The first and the last day that the range touches, in the asked time zone."""
    zone = time_zone(scope.asked_zone)
    return day_of(scope.span.start, zone), day_of(scope.span.end - _MICROSECOND, zone)


def report_of(scope: Scope, read: Read, now: datetime) -> Report:
    """This takes a while, so it must not run in the event loop."""
    counted = {id: _counted(cells) for id, cells in read.by_device.items()}
    first_day, last_day = days_of(scope)
    return Report(
        name=scope.choices.of.name,
        first_day=first_day,
        last_day=last_day,
        details=_details(scope, read.names, now),
        made_at=now,
        lines=_lines(scope, counted, read.names),
        devices=_devices(counted),
        interval=interval_of(scope),
        periods=_periods(periods_of(scope), read.over_time),
        top=_top(counted, read.names),
    )


def _counted(cells: Cells) -> _ByDevice:
    totals: defaultdict[Device, AssetTotals] = defaultdict(Counter)
    for cell, count in cells.items():
        totals[_DEVICES[cell.device or 0]][cell.action] += count
    return dict(totals)


def _lines(scope: Scope, counted: Mapping[int, _ByDevice], names: Names) -> tuple[AssetLine, ...]:
    """In the order of the assets' names; among equal names, the asset that was made first comes first."""
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


def _in_order(counted: _ByDevice | None) -> list[tuple[Device | None, AssetTotals]]:
    if not counted:
        return [(None, Counter())]
    return [(device, counted[device]) for device in _NAMES if device in counted]


def _devices(counted: Mapping[int, _ByDevice]) -> tuple[tuple[str, AssetTotals], ...]:
    """Desktop, mobile and tablet are always there."""
    totals: _ByDevice = {device: Counter() for device in _NAMES if device}
    for of_asset in counted.values():
        for device, one in of_asset.items():
            totals.setdefault(device, Counter()).update(one)
    return tuple((_NAMES[device], total) for device, total in totals.items())


def _top(counted: Mapping[int, _ByDevice], names: Names) -> tuple[RankedLine, ...]:
    by_asset = {id: total_of(of_asset.values()) for id, of_asset in counted.items()}
    return tuple(
        RankedLine(one.rank, names.assets[one.asset_id].name, one.totals)
        for one in ranked(by_asset, Ranking.TOTAL_3D_VIEWS, _TOP)
    )


def _periods(series: Sequence[Bucket], over_time: Cells) -> tuple[Period, ...]:
    totals: list[AssetTotals] = [Counter() for _ in series]
    for cell, count in over_time.items():
        totals[cell.position][cell.action] += count
    return tuple(
        Period(_first_day(bucket.key), bucket.is_partial, VIEWS_3D.of(counted), VIEWS_AR.of(counted))
        for bucket, counted in zip(series, totals, strict=True)
    )


def _details(scope: Scope, names: Names, now: datetime) -> tuple[Detail, ...]:
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
    """One line for each choice, so that no cell overflows."""
    if of is not None:
        return [Detail(kind, of.name)]
    if choices is None:
        return [Detail(f"{kind}s", "All")]
    return [Detail(kind, choice.name) for choice in choices] or [Detail(f"{kind}s", "None")]


def _in_utc(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _first_day(key: str) -> date:
    """The first day of a bucket that is a day or a month."""
    return date(int(key[:4]), int(key[4:6]), int(key[6:] or 1))
