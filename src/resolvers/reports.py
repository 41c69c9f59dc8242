"""Reads what reports are made of, and writes their files."""

from asyncio import gather, to_thread
from collections.abc import Iterator, Sequence
from io import BytesIO
from typing import NamedTuple

from base.calendar import Cut, Timeline, time_zone
from base.errors import BadUserInput
from figures.assets import ACTIONS, VIEWS_3D, VIEWS_AR
from figures.figure import Figure, keys_of
from loaders.asset_metrics import AssetSeries, Scope, SeriesKey, scope_counts
from loaders.assets import AssetById
from loaders.base import Loader, Loaders
from loaders.counts import CountsBySubject, CountsKey
from loaders.measures import Cells, Dimension, Measure
from loaders.organizations import OrganizationById, WorkspaceById
from loaders.series import Series
from reports import Report, ReportForm, ReportRows, filename, write
from resolvers.report_content import Names, Read, days_of, interval_of, report_days, report_of

_MOST_ROWS = 100_000
"""Of assets by days. Each may take half a kilobyte of memory until the file is made."""
_COUNTS_AT_ONCE = 5_000
"""How many assets, each in each part, are read together. Nobody else has a turn meanwhile."""


class ReportFileKey(NamedTuple):
    scope: Scope
    form: ReportForm

    @property
    def filename(self) -> str:
        return filename(self.scope.choices.of.name, *days_of(self.scope), self.form.format)


class Reports:
    """Makes reports of what the loaders of one request read."""

    def __init__(self, loaders: Loaders) -> None:
        self._now = loaders.now
        self._counts = loaders[CountsBySubject]
        self._series = loaders[AssetSeries]
        self._assets = loaders[AssetById]
        self._workspaces = loaders[WorkspaceById]
        self._organizations = loaders[OrganizationById]

    async def of(self, scope: Scope, rows: ReportRows) -> Report:
        """Raises BAD_USER_INPUT if there may be too many rows."""
        by_day = await self._by_day(scope) if rows is ReportRows.DAYS else None
        by_device, in_3d, in_ar, names = await gather(
            self._read(scope_counts(scope, frozenset({Dimension.DEVICE}))),
            self._over_time(scope, VIEWS_3D),
            self._over_time(scope, VIEWS_AR),
            self._names_of(scope),
        )
        return await to_thread(report_of, scope, Read(by_device, by_day, in_3d, in_ar, names), self._now)

    async def _by_day(self, scope: Scope) -> dict[int, Cells]:
        days = tuple(bucket.covered for bucket in report_days(scope))
        if len(days) * len(scope.assets) > _MOST_ROWS:
            raise BadUserInput(
                f"A report by day has {_MOST_ROWS:,} rows at most, and {len(days):,} days of "
                f"{len(scope.assets):,} assets may have more: narrow the range, or name fewer assets.",
                argument="rows",
                reason="TOO_MANY",
            )
        measure = Measure(ACTIONS, days, domain=scope.domain)
        return await self._read(CountsKey(scope.tenant_id, scope.time_zone, scope.assets, measure))

    async def _read(self, key: CountsKey) -> dict[int, Cells]:
        found: dict[int, Cells] = {}
        for part in _parts(key):
            found |= await self._counts.load(part)
        return found

    async def _over_time(self, scope: Scope, figure: Figure[int]) -> Series:
        interval = interval_of(scope)
        cut = Cut(scope.span, interval, time_zone(scope.asked_zone))
        timeline = Timeline(cut, cut.buckets())
        actions = keys_of([figure])
        return await self._series.load(
            SeriesKey(scope, None, actions, interval, timeline, frozenset(), True, self._now)
        )

    async def _names_of(self, scope: Scope) -> Names:
        assets, workspaces, organization = await gather(
            self._assets.load_many(scope.assets),
            self._workspaces.load_many(set(scope.workspaces)),
            self._organizations.load(scope.choices.organization_id),
        )
        assert organization
        return Names(
            {row.id: row for row in assets if row}, {row.id: row for row in workspaces if row}, organization
        )


def _parts(key: CountsKey) -> Iterator[CountsKey]:
    """The same, of some assets at a time."""
    size = max(_COUNTS_AT_ONCE // len(key.measure.spans), 1)
    for first in range(0, len(key.subject_ids), size):
        yield key._replace(subject_ids=key.subject_ids[first : first + size])


class ReportFiles(Loader[ReportFileKey, bytes]):
    """Files of reports. Each is made once, even if several fields ask for it, and one after the other, in
    a thread."""

    def __init__(self, loaders: Loaders) -> None:
        super().__init__(loaders)
        self._reports = Reports(loaders)

    async def batch_load_fn(self, keys: Sequence[ReportFileKey]) -> list[bytes]:
        asked = list(dict.fromkeys((key.scope, key.form.rows) for key in keys))
        reports = await gather(*(self._reports.of(*one) for one in asked))
        found = dict(zip(asked, reports, strict=True))
        return [await to_thread(_file, found[key.scope, key.form.rows], key.form) for key in keys]


def _file(report: Report, form: ReportForm) -> bytes:
    file = BytesIO()
    write(report, form, file)
    return file.getvalue()
