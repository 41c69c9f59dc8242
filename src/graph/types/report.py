import strawberry

from graph.directives import A_LINK, A_REPORT
from graph.fields import costly, described, loaded
from graph.info import Info
from graph.scalars import Base64
from loaders.asset_metrics import Scope
from reports import ReportForm
from resolvers.report_links import report_url
from resolvers.reports import ReportFileKey, ReportFiles


@strawberry.type(
    description=(
        "Each asset's 3D views, AR views and engagement by device, as a file. Only what is asked for is "
        "made: with `url` alone, no document is made."
    )
)
class SummaryReport:
    key: strawberry.Private[ReportFileKey]
    content_type: str = described("The media type of the document, by its format.")
    filename: str = described(
        "A name for the document. It has the organization, workspace or asset, and the days of the range."
    )

    @loaded(ReportFiles, Base64, of=lambda _, document: Base64(document), costs=A_REPORT)
    def document(self) -> ReportFileKey:
        """The file itself, made when this field is asked for."""
        return self.key

    @costly(A_LINK)
    async def url(self, info: Info) -> str:
        """A signed link to the same file, valid for 15 minutes. The file has the figures of the moment at
        which the link is opened. The link needs no token: anybody who has it can open it, as long as the
        viewer may see these metrics. It holds at most 100 ids of workspaces and assets; with more, this is
        BAD_USER_INPUT."""
        return await report_url(info.context, self.key)

    @classmethod
    def of(cls, scope: Scope, form: ReportForm) -> "SummaryReport":
        key = ReportFileKey(scope, form)
        return cls(key=key, content_type=form.format.content_type, filename=key.filename)
