from typing import Self

import strawberry

from base.ids import Kind, global_id
from graph.fields import described, loaded
from graph.info import Info
from graph.types.connection import After, Connection, First, connection_of
from graph.types.node import Node
from loaders.organizations import OrganizationRow, WorkspaceRow
from loaders.pages import PageKey
from resolvers.organizations import workspaces_key
from resolvers.pages import page_of


@strawberry.type(description="A company or team: its workspaces hold its assets. Known only to its members.")
class Organization(Node):
    row: strawberry.Private[OrganizationRow]
    name: str = described("As its members called it.")

    @loaded(
        lambda loaders: loaders.pages,
        lambda key, page: connection_of(Workspace.of)(key, page),
        Connection["Workspace"],
    )
    async def workspaces(self, info: Info, first: First = None, after: After = None) -> PageKey:
        """Its workspaces, oldest first: for owners and admins all, for members those they were added to."""
        page = page_of(info.context.limits, first=first, after=after)
        return await workspaces_key(info.context, self.row, page)

    @classmethod
    def of(cls, row: OrganizationRow) -> Self:
        return cls(row=row, id=strawberry.ID(global_id(Kind.ORGANIZATION, row.public_id)), name=row.name)


@strawberry.type(description="A part of an organization. Known only to whoever may enter it.")
class Workspace(Node):
    row: strawberry.Private[WorkspaceRow]
    name: str = described("As its organization's members called it.")

    @loaded(lambda loaders: loaders.organization, lambda _, row: Organization.of(row), Organization)
    def organization(self) -> int:
        """What it is a part of."""
        return self.row.organization_id

    @classmethod
    def of(cls, row: WorkspaceRow) -> Self:
        return cls(row=row, id=strawberry.ID(global_id(Kind.WORKSPACE, row.public_id)), name=row.name)
