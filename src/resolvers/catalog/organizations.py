"""Organizations, their members and workspaces."""

from collections.abc import Mapping

from models import Membership, Organization, Workspace, WorkspaceMembership
from resolvers.catalog.kind import CatalogKind, ReadRow
from resolvers.catalog.people import OwnTenant
from resolvers.catalog.references import Target
from resolvers.catalog.rows import (
    MembershipRow,
    OrganizationRow,
    WorkspaceMemberRow,
    WorkspaceRow,
)
from resolvers.catalog.tables import Columns


class OrganizationKind(OwnTenant):
    name = "organization"
    row = OrganizationRow
    model = Organization
    known_by = (("legacy_id",),)
    required = ("name",)


class MembershipKind(CatalogKind):
    name = "membership"
    row = MembershipRow
    model = Membership
    targets = (("organization", Target.ORGANIZATION), ("user", Target.USER))
    known_by = (("organization_id", "user_id"),)
    kept = ("created_at",)


class WorkspaceMemberKind(CatalogKind):
    name = "workspaceMember"
    row = WorkspaceMemberRow
    model = WorkspaceMembership
    targets = (("workspace", Target.WORKSPACE), ("user", Target.USER))
    known_by = (("workspace_id", "user_id"),)
    kept = ("created_at",)
    list_column = "workspace_id"


WORKSPACE_MEMBER = WorkspaceMemberKind()


class WorkspaceKind(CatalogKind):
    name = "workspace"
    row = WorkspaceRow
    model = Workspace
    targets = (("organization", Target.ORGANIZATION), ("members", Target.USER))
    known_by = (("organization_id", "legacy_id"),)
    required = ("name",)

    def lists(self, read: ReadRow) -> Mapping[CatalogKind, list[Columns]]:
        members = read.row.members
        if members is None:
            return {}
        return {WORKSPACE_MEMBER: [{"user_id": read.named(Target.USER, id)["id"]} for id in members]}
