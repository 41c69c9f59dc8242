import strawberry

from graph.directives import A_LINK, A_REPORT
from graph.fields import costly, described, loaded
from graph.info import Info
from graph.scalars import Base64
from loaders.asset_metrics import Scope
from reports import ReportFormat
from resolvers.report_links import report_url
from resolvers.reports import DocumentKey, Documents


@strawberry.type(
    description=(
        "Each asset's 3D views, AR views and engagement by device, as a file. What is not asked for is not "
        "made: with `url` alone, no document."
    )
)
class SummaryReport:
    key: strawberry.Private[DocumentKey]
    content_type: str = described("The media type of the document, by its format.")
    filename: str = described("What the document may be called: of whom it tells, and of which days.")

    @loaded(Documents, Base64, of=lambda _, document: Base64(document), costs=A_REPORT)
    def document(self) -> DocumentKey:
        """The file itself, made when this field is asked for."""
        return self.key

    @costly(A_LINK)
    async def url(self, info: Info) -> str:
        """A signed link to the same file, good for 15 minutes, with the figures of when it is opened. It
        needs no token, so whoever has it can open it while the viewer may see these metrics. At most 100
        ids fit in: where more workspaces and assets were named, this is BAD_USER_INPUT."""
        return await report_url(info.context, self.key)

    @classmethod
    def of(cls, scope: Scope, format: ReportFormat) -> "SummaryReport":
        key = DocumentKey(scope, format)
        return cls(key=key, content_type=format.content_type, filename=key.filename)
