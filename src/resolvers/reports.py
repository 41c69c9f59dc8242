"""Reads what reports are made of, and writes their files."""

from asyncio import gather, to_thread
from collections.abc import Sequence
from io import BytesIO
from typing import NamedTuple

from figures.assets import VIEWS_3D, VIEWS_AR
from figures.figure import keys_of
from loaders.asset_metrics import Scope, scope_counts
from loaders.assets import AssetById
from loaders.base import Loader, Loaders
from loaders.counts import CountsBySubject, CountsKey, SummedCounts
from loaders.measures import Dimension, Measure
from loaders.organizations import OrganizationById, WorkspaceById
from reports import Report, ReportForm, filename, write
from resolvers.report_content import Names, Read, days_of, periods_of, report_of


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
        self._sums = loaders[SummedCounts]
        self._assets = loaders[AssetById]
        self._workspaces = loaders[WorkspaceById]
        self._organizations = loaders[OrganizationById]

    async def of(self, scope: Scope) -> Report:
        by_device, over_time, names = await gather(
            self._counts.load(scope_counts(scope, frozenset({Dimension.DEVICE}))),
            self._sums.load(_over_time(scope)),
            self._names_of(scope),
        )
        return await to_thread(report_of, scope, Read(by_device, over_time, names), self._now)

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


def _over_time(scope: Scope) -> CountsKey:
    spans = tuple(bucket.covered for bucket in periods_of(scope))
    measure = Measure(keys_of([VIEWS_3D, VIEWS_AR]), spans, domain=scope.domain)
    return CountsKey(scope.tenant_id, scope.time_zone, scope.assets, measure)


class ReportFiles(Loader[ReportFileKey, bytes]):
    """Files of reports. Each is made once, even if several fields ask for it, and one after the other, in
    a thread."""

    def __init__(self, loaders: Loaders) -> None:
        super().__init__(loaders)
        self._reports = Reports(loaders)

    async def batch_load_fn(self, keys: Sequence[ReportFileKey]) -> list[bytes]:
        scopes = list(dict.fromkeys(key.scope for key in keys))
        reports = await gather(*map(self._reports.of, scopes))
        of_scope = dict(zip(scopes, reports, strict=True))
        return [await to_thread(_file, of_scope[key.scope], key.form) for key in keys]


def _file(report: Report, form: ReportForm) -> bytes:
    file = BytesIO()
    write(report, form, file)
    return file.getvalue()
