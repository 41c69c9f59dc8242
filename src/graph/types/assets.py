"""Organizations, workspaces and assets, and what happened to them. Each shows the others, so they are in
one module."""

from datetime import datetime
from typing import Annotated, Self

import strawberry

from auth.access import Access
from base.ids import Kind, global_id
from graph.directives import PERSONAL, SEVERAL_STATEMENTS, list_of
from graph.faces import shows
from graph.fields import argument, described, loaded
from graph.info import Info
from graph.scalars import BigInt
from graph.types.arguments import UTC, OneDomain, Range, Zone
from graph.types.asset_metrics import FIGURES, AssetMetrics
from graph.types.audit import of_organization
from graph.types.connection import Connection, PageOf, listed
from graph.types.domains import domain_aliases_for
from graph.types.node import LegacyId, Node, legacy_id, legacy_id_of
from graph.types.publication import User
from loaders.asset_metrics import Scope, TotalsByAsset
from loaders.assets import AssetRow, FormatRow, FormatsOfAsset
from loaders.organizations import OrganizationById, OrganizationRow, WorkspaceById, WorkspaceRow
from loaders.pages import PageKey
from loaders.people import UserById
from loaders.people_lists import MEMBERS_OF_ORGANIZATION, WORKSPACES_OF_MEMBER, MemberRow
from models import AssetFormatType, Role
from resolvers import asset_metrics
from resolvers.assets import MOST_FORMATS
from resolvers.organizations import INSIDERS, assets_key, workspace_assets_key, workspaces_key

AssetIds = Annotated[
    list[strawberry.ID] | None,
    argument(
        "Only these assets, by global id. Null means all assets, an empty list none. An asset that the "
        "viewer may not see here is NOT_FOUND with the reason INVALID_ASSET."
    ),
]
WorkspaceIds = Annotated[
    list[strawberry.ID] | None,
    argument(
        "Only these workspaces, by global id. Null means all workspaces, an empty list none. A workspace "
        "that the viewer may not enter is NOT_FOUND with the reason INVALID_WORKSPACE."
    ),
]


_metrics_of_assets = loaded(
    TotalsByAsset,
    AssetMetrics | None,
    of=AssetMetrics.of,
    only_for=FIGURES,
    instead={},
    requires=INSIDERS,
    costs=SEVERAL_STATEMENTS,
)


@shows(FormatRow)
@strawberry.type(description="An optimized file of a 3D model.")
class AssetFormat:
    type: AssetFormatType = described("What kind of file it is.")
    url: str = described("The address of the file: http or https.")
    size_bytes: BigInt | None = described(
        "Its size in bytes, as it was given with the file; null if it was not given."
    )

    @classmethod
    def of(cls, row: FormatRow) -> Self:
        size = None if row.size_bytes is None else BigInt(row.size_bytes)
        return cls(type=AssetFormatType(row.type), url=row.url, size_bytes=size)


@shows(OrganizationRow)
@strawberry.type(
    description="A company or team. It has workspaces, which hold its assets. Only its members may see it.",
    directives=[PERSONAL],
)
class Organization(Node):
    row: strawberry.Private[OrganizationRow]
    legacy_id: LegacyId = legacy_id()
    name: str = described("What its members call it. Not unique.")

    @listed(Connection["Workspace"])
    async def workspaces(self, info: Info, page: PageOf) -> PageKey:
        """Its workspaces, oldest first. Owners and admins see all of them, members those that they were
        added to."""
        return await workspaces_key(info.context, self.row, page())

    @listed(Connection["Asset"])
    async def assets(
        self,
        info: Info,
        page: PageOf,
        workspace_ids: WorkspaceIds = None,
    ) -> PageKey:
        """The assets of the workspaces that the viewer may enter, oldest first."""
        return await assets_key(info.context, self.row, page(), workspace_ids)

    @listed(Connection["Member"] | None, requires=[Access.ORGANIZATION_ADMIN])
    def members(self, page: PageOf) -> PageKey:
        """Its members, in the order in which they joined."""
        return PageKey(MEMBERS_OF_ORGANIZATION, page(), self.row.id)

    audit_trail = of_organization

    @domain_aliases_for(INSIDERS)
    def domain_aliases(self) -> int:
        """Other names of the sites that show its assets, in alphabetical order."""
        return self.row.tenant_id

    @_metrics_of_assets
    async def metrics(
        self,
        info: Info,
        range: Range,
        workspace_ids: WorkspaceIds = None,
        asset_ids: AssetIds = None,
        domain: OneDomain = None,
        time_zone: Zone = UTC,
    ) -> Scope:
        """What happened to all its assets together, or only to those that `workspaceIds` and `assetIds`
        name. With a token for one workspace, only the assets of that workspace count."""
        asked = asset_metrics.scope_arguments(
            info.context, range.start, range.end, time_zone, domain, workspace_ids, asset_ids
        )
        return await asset_metrics.organization_scope(info.context, self.row, asked)

    @classmethod
    def of(cls, row: OrganizationRow) -> Self:
        return cls(
            row=row,
            id=strawberry.ID(global_id(Kind.ORGANIZATION, row.public_id)),
            legacy_id=legacy_id_of(row),
            name=row.name,
        )


@shows(MemberRow)
@strawberry.type(description="A user who belongs to an organization.", directives=[PERSONAL])
class Member:
    row: strawberry.Private[MemberRow]
    role: Role = described("What the member may do.")
    joined_at: datetime = described("When the user became a member.")

    @loaded(UserById, User)
    def user(self) -> int:
        """The user who is the member."""
        return self.row.user_id

    @listed(Connection["Workspace"])
    def workspaces(self, page: PageOf) -> PageKey:
        """The workspaces of the organization that the member was added to, oldest first. Owners and admins
        may enter the others, too."""
        return PageKey(WORKSPACES_OF_MEMBER, page(), self.row.user_id, self.row.organization_id)

    @classmethod
    def of(cls, row: MemberRow) -> Self:
        return cls(row=row, role=Role(row.role), joined_at=row.created_at)


@shows(WorkspaceRow)
@strawberry.type(
    description="A part of an organization. Only viewers who may enter it can see it.", directives=[PERSONAL]
)
class Workspace(Node):
    row: strawberry.Private[WorkspaceRow]
    legacy_id: LegacyId = legacy_id()
    name: str = described("What its organization's members call it. Not unique.")

    @loaded(OrganizationById, Organization)
    def organization(self) -> int:
        """The organization that it is a part of."""
        return self.row.organization_id

    @listed(Connection["Asset"])
    def assets(self, page: PageOf) -> PageKey:
        """Its assets, oldest first."""
        return workspace_assets_key(self.row, page())

    @_metrics_of_assets
    async def metrics(
        self,
        info: Info,
        range: Range,
        asset_ids: AssetIds = None,
        domain: OneDomain = None,
        time_zone: Zone = UTC,
    ) -> Scope:
        """What happened to all its assets together, or only to those that `assetIds` names."""
        asked = asset_metrics.scope_arguments(
            info.context, range.start, range.end, time_zone, domain, asset_ids=asset_ids
        )
        return await asset_metrics.workspace_scope(info.context, self.row, asked)

    @classmethod
    def of(cls, row: WorkspaceRow) -> Self:
        return cls(
            row=row,
            id=strawberry.ID(global_id(Kind.WORKSPACE, row.public_id)),
            legacy_id=legacy_id_of(row),
            name=row.name,
        )


@shows(AssetRow)
@strawberry.type(
    description="A 3D model that is embedded on sites. Only viewers who may enter its workspace can see it.",
    directives=[PERSONAL],
)
class Asset(Node):
    row: strawberry.Private[AssetRow]
    legacy_id: LegacyId = legacy_id()
    name: str = described("What its workspace's members call it. Not unique.")
    created_at: datetime = described("When it was made here.")

    @loaded(WorkspaceById, Workspace)
    def workspace(self) -> int:
        """The workspace that it belongs to."""
        return self.row.workspace_id

    @loaded(
        FormatsOfAsset,
        list[AssetFormat],
        costs=list_of(MOST_FORMATS),
    )
    def formats(self) -> int:
        """The optimized files of the 3D model."""
        return self.row.id

    @_metrics_of_assets
    def metrics(self, info: Info, range: Range, domain: OneDomain = None, time_zone: Zone = UTC) -> Scope:
        """What happened to this asset alone."""
        asked = asset_metrics.scope_arguments(info.context, range.start, range.end, time_zone, domain)
        return asset_metrics.asset_scope(self.row, asked)

    @classmethod
    def of(cls, row: AssetRow) -> Self:
        return cls(
            row=row,
            id=strawberry.ID(global_id(Kind.ASSET, row.public_id)),
            legacy_id=legacy_id_of(row),
            name=row.name,
            created_at=row.created_at,
        )
