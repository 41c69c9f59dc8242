"""Makes the content of a report from what was read."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

from base.calendar import Bucket, DateInterval, buckets, day_of, time_zone
from base.ids import Kind, global_id
from figures.assets import AssetTotals, Ranking, ranked, total_of
from loaders.asset_metrics import Choice, Scope
from loaders.assets import AssetRow
from loaders.measures import Cells
from loaders.organizations import OrganizationRow, WorkspaceRow
from loaders.series import Series
from models import Device
from reports import AssetLine, Detail, Period, RankedLine, Report, ReportRows

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
_Part = tuple[str | date, AssetTotals]
"""What an asset has a line for."""
_NO_PART: _Part = ("", Counter())


class Names(NamedTuple):
    assets: Mapping[int, AssetRow]
    workspaces: Mapping[int, WorkspaceRow]
    organization: OrganizationRow


class Read(NamedTuple):
    """What a report is made of."""

    by_device: Mapping[int, Cells]
    """The counts of each asset to which something happened."""
    by_day: Mapping[int, Cells] | None
    """The same, where the positions are those of `report_days`. None if rows are of devices."""
    in_3d: Series
    in_ar: Series
    """The views of all assets together, in the periods."""
    names: Names


def interval_of(scope: Scope) -> DateInterval:
    is_long = scope.span.end - scope.span.start > timedelta(days=MOST_DAYS)
    return DateInterval.MONTH if is_long else DateInterval.DAY


def report_days(scope: Scope) -> list[Bucket]:
    """In the asked time zone."""
    return buckets(scope.span, DateInterval.DAY, time_zone(scope.asked_zone))


def days_of(scope: Scope) -> tuple[date, date]:
    """The first and the last day that the range touches, in the asked time zone."""
    zone = time_zone(scope.asked_zone)
    return day_of(scope.span.start, zone), day_of(scope.span.end - _MICROSECOND, zone)


def report_of(scope: Scope, read: Read, now: datetime) -> Report:
    """This takes a while, so it must not run in the event loop."""
    counted = {id: _by_device(cells) for id, cells in read.by_device.items()}
    first_day, last_day = days_of(scope)
    return Report(
        name=scope.choices.of.name,
        first_day=first_day,
        last_day=last_day,
        details=_details(scope, read.names, now),
        made_at=now,
        rows=ReportRows.DEVICES if read.by_day is None else ReportRows.DAYS,
        lines=_lines(
            scope, _by_devices(counted) if read.by_day is None else _by_days(scope, read.by_day), read.names
        ),
        devices=_devices(counted),
        interval=interval_of(scope),
        periods=_periods(read.in_3d, read.in_ar),
        top=_top(counted, read.names),
    )


def _by_device(cells: Cells) -> _ByDevice:
    totals: _ByDevice = {}
    for (_, action, device, _), count in cells.items():
        of_device = totals.get(key := _DEVICES[device or 0])
        if of_device is None:
            of_device = totals[key] = Counter()
        # A counter without the key would call for a 0 first.
        of_device[action] = of_device.get(action, 0) + count
    return totals


def _by_devices(counted: Mapping[int, _ByDevice]) -> dict[int, list[_Part]]:
    return {
        id: [(name, by_device[device]) for device, name in _NAMES.items() if device in by_device]
        for id, by_device in counted.items()
    }


def _by_days(scope: Scope, by_day: Mapping[int, Cells]) -> dict[int, list[_Part]]:
    days = [_first_day(bucket.key) for bucket in report_days(scope)]
    parts: dict[int, list[_Part]] = {}
    for id, cells in by_day.items():
        totals: defaultdict[int, AssetTotals] = defaultdict(Counter)
        for cell, count in cells.items():
            totals[cell.position][cell.action] += count
        parts[id] = [(days[position], totals[position]) for position in sorted(totals)]
    return parts


def _lines(scope: Scope, parts: Mapping[int, list[_Part]], names: Names) -> tuple[AssetLine, ...]:
    """In the order of the assets' names; among equal names, the asset that was made first comes first."""
    rows = sorted((names.assets[id] for id in scope.assets), key=lambda row: (row.name.casefold(), row.id))
    return tuple(
        AssetLine(row.name, workspace, part, of_part, asset_id)
        for row in rows
        for workspace, asset_id in [
            (names.workspaces[row.workspace_id].name, global_id(Kind.ASSET, row.public_id))
        ]
        for part, of_part in parts.get(row.id, [_NO_PART])
    )


def _devices(counted: Mapping[int, _ByDevice]) -> tuple[tuple[str, AssetTotals], ...]:
    """Desktop, mobile and tablet are always there."""
    totals: defaultdict[Device, list[AssetTotals]] = defaultdict(list, {one: [] for one in _NAMES if one})
    for of_asset in counted.values():
        for device, of_device in of_asset.items():
            totals[device].append(of_device)
    return tuple((_NAMES[device], total_of(many)) for device, many in totals.items())


def _top(counted: Mapping[int, _ByDevice], names: Names) -> tuple[RankedLine, ...]:
    by_asset = {id: total_of(of_asset.values()) for id, of_asset in counted.items()}
    return tuple(
        RankedLine(one.rank, names.assets[one.asset_id].name, one.totals)
        for one in ranked(by_asset, Ranking.TOTAL_3D_VIEWS, _TOP)
    )


def _periods(in_3d: Series, in_ar: Series) -> tuple[Period, ...]:
    """Of two series with a point in every period."""
    return tuple(
        Period(_first_day(bucket.key), bucket.is_partial, views_3d, views_ar)
        for bucket, views_3d, views_ar in zip(in_3d.buckets, in_3d.counts, in_ar.counts, strict=True)
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
