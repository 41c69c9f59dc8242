from datetime import date
from typing import Annotated

import strawberry

from auth.viewer import TokenScope
from base.ids import Kind, global_id
from graph.deprecation import deprecated
from graph.fields import argument, described, mutation
from graph.info import Info
from graph.inputs import optional
from graph.mutations.arguments import OrganizationId, UserId, WorkspaceId
from graph.types.assets import Member, Organization, Workspace
from graph.types.invitation import Invitation
from graph.types.payloads import (
    AddMemberPayload,
    ChangeMemberRolePayload,
    CreateOrganizationPayload,
    CreateWorkspacePayload,
    DeletePayload,
    InvitePayload,
    LeaveOrganizationPayload,
    LeaveWorkspacePayload,
    RemoveFromWorkspacePayload,
    RemoveMemberPayload,
)
from graph.types.publication import User
from loaders.invitations import InvitationRow
from loaders.people import UserById
from models import Role
from resolvers import deletions, invitations, memberships, new_organizations
from resolvers.makers import as_written


@strawberry.input(description="A new organization. The viewer becomes its owner.")
class CreateOrganizationInput:
    name: str = described("1 to 200 characters; blanks around them are dropped.")


@strawberry.input(description="A new workspace of an organization.")
class CreateWorkspaceInput:
    organization_id: strawberry.ID = described(
        "The global id of the organization that the workspace is a part of."
    )
    name: str = described("1 to 200 characters; blanks around them are dropped.")


@strawberry.input(description="Who is invited to an organization, and what the member may do.")
class AddMemberInput:
    organization_id: strawberry.ID = described("The organization's global id.")
    user_id: strawberry.ID = described("The global id of the user who is invited.")
    role: Role = optional(
        "What the member may do. Only owners can give OWNER; others get FORBIDDEN.", Role.MEMBER
    )
    workspace_ids: list[strawberry.ID] | None = optional(
        "The global ids of the workspaces that a MEMBER may enter; none when left out. Owners and admins "
        "enter all."
    )


@strawberry.input(description="Who is invited to an organization, and what the member may do.")
class InviteMemberInput(AddMemberInput):
    pass


@strawberry.input(description="Another role of a member.")
class ChangeMemberRoleInput:
    organization_id: strawberry.ID = described("The organization's global id.")
    user_id: strawberry.ID = described("The global id of the member.")
    role: Role = described("What the member may do from now on.")


@strawberry.input(description="A member who leaves an organization.")
class RemoveMemberInput:
    organization_id: strawberry.ID = described("The organization's global id.")
    user_id: strawberry.ID = described("The global id of the user who leaves it.")


@strawberry.type
class OrganizationMutations:
    """Organizations, their workspaces and members."""

    @mutation(TokenScope.USER)
    async def create_organization(
        self, info: Info, input: Annotated[CreateOrganizationInput, argument("The organization to make.")]
    ) -> CreateOrganizationPayload | None:
        """Makes an organization. The viewer becomes its owner."""
        row = await new_organizations.create_organization(info.context, input.name)
        return CreateOrganizationPayload(organization=Organization.of(row))

    @mutation(TokenScope.ORGANIZATION)
    async def create_workspace(
        self, info: Info, input: Annotated[CreateWorkspaceInput, argument("The workspace to make.")]
    ) -> CreateWorkspacePayload | None:
        """Makes a workspace. Owners and admins of the organization may do so."""
        row = await new_organizations.create_workspace(info.context, input.organization_id, input.name)
        return CreateWorkspacePayload(workspace=Workspace.of(row))

    @mutation(TokenScope.ORGANIZATION)
    async def invite_member(
        self,
        info: Info,
        input: Annotated[InviteMemberInput, argument("Who is invited to which organization, and as what.")],
    ) -> InvitePayload | None:
        """Invites a user to become a member of an organization, which needs the user's `acceptInvitation`.
        Owners and admins may do so, but only owners can invite an owner. CONFLICT if the user is a member
        already, or was invited and that invitation has not expired, even if it was declined."""
        return InvitePayload(invitation=Invitation.of(await _invited(info, input)))

    @deprecated("Use `inviteMember`, which returns the invitation.", removal=date(2027, 6, 1))
    @mutation(TokenScope.ORGANIZATION)
    async def add_member(
        self,
        info: Info,
        input: Annotated[AddMemberInput, argument("Who is invited to which organization, and as what.")],
    ) -> AddMemberPayload | None:
        """Does the same as `inviteMember`: the user is a member after accepting the invitation."""
        invitation = await _invited(info, input)
        return AddMemberPayload(user=User.of(await as_written(info.context, UserById, invitation.user_id)))

    @mutation(TokenScope.ORGANIZATION)
    async def invite_to_workspace(
        self, info: Info, workspace_id: WorkspaceId, user_id: UserId
    ) -> InvitePayload | None:
        """Invites a MEMBER of an organization to one of its workspaces, which needs the member's
        `acceptInvitation`. Owners and admins of the organization may do so. NOT_FOUND if the user is no
        member of it. CONFLICT if the user may enter the workspace already, or was invited and that invitation
        has not expired, even if it was declined."""
        row = await invitations.invite_to_workspace(info.context, workspace_id, user_id)
        return InvitePayload(invitation=Invitation.of(row))

    @mutation(TokenScope.ORGANIZATION)
    async def change_member_role(
        self, info: Info, input: Annotated[ChangeMemberRoleInput, argument("Whose role, and which one.")]
    ) -> ChangeMemberRolePayload | None:
        """Gives a member of an organization another role, which counts from now on. Owners and admins may do
        so, but only owners can make an owner, or change one. What the member could invite to with the old
        role alone is withdrawn. CONFLICT, with the reason LAST_OWNER, if no owner would be left."""
        row = await memberships.change_role(info.context, input.organization_id, input.user_id, input.role)
        return ChangeMemberRolePayload(member=Member.of(row))

    @mutation(TokenScope.ORGANIZATION)
    async def remove_member(
        self, info: Info, input: Annotated[RemoveMemberInput, argument("Who leaves which organization.")]
    ) -> RemoveMemberPayload | None:
        """Removes a member from an organization and its workspaces. Owners and admins may do so, but only
        owners can remove an owner. Members may remove themselves. CONFLICT, with the reason LAST_OWNER, if no
        owner would be left."""
        row = await memberships.remove_member(info.context, input.organization_id, input.user_id)
        return RemoveMemberPayload(user=User.of(row))

    @mutation(TokenScope.ORGANIZATION)
    async def leave_organization(
        self, info: Info, organization_id: OrganizationId
    ) -> LeaveOrganizationPayload | None:
        """The viewer is no member of the organization and its workspaces any more. CONFLICT, with the reason
        LAST_OWNER, for its last owner."""
        row = await memberships.leave_organization(info.context, organization_id)
        return LeaveOrganizationPayload(id=strawberry.ID(global_id(Kind.ORGANIZATION, row.public_id)))

    @mutation(TokenScope.ORGANIZATION)
    async def remove_from_workspace(
        self, info: Info, workspace_id: WorkspaceId, user_id: UserId
    ) -> RemoveFromWorkspacePayload | None:
        """A member who was added to a workspace may not enter it any more. Owners and admins of the
        organization may do so. NOT_FOUND for those who were not added to it."""
        row = await memberships.remove_from_workspace(info.context, workspace_id, user_id)
        return RemoveFromWorkspacePayload(user=User.of(row))

    @mutation(TokenScope.ORGANIZATION)
    async def leave_workspace(self, info: Info, workspace_id: WorkspaceId) -> LeaveWorkspacePayload | None:
        """The viewer, who was added to the workspace, may not enter it any more. NOT_FOUND for those who were
        not added to it: owners and admins of the organization enter all its workspaces."""
        row = await memberships.leave_workspace(info.context, workspace_id)
        return LeaveWorkspacePayload(id=strawberry.ID(global_id(Kind.WORKSPACE, row.public_id)))

    @mutation(TokenScope.ORGANIZATION)
    async def delete_workspace(
        self, info: Info, id: Annotated[strawberry.ID, argument("The workspace's global id.")]
    ) -> DeletePayload | None:
        """Deletes a workspace, with its assets and all that was counted of them. Owners and admins of the
        organization may do so. Nobody finds it from then on; its rows go in the background."""
        await deletions.delete_workspace(info.context, id)
        return DeletePayload(id=id)

    @mutation(TokenScope.ORGANIZATION)
    async def delete_organization(self, info: Info, organization_id: OrganizationId) -> DeletePayload | None:
        """Deletes an organization, with its workspaces and assets and all that was counted of them. Only its
        owners may do so. Nobody finds it from then on; its rows go in the background."""
        await deletions.delete_organization(info.context, organization_id)
        return DeletePayload(id=organization_id)


async def _invited(info: Info, input: AddMemberInput) -> InvitationRow:
    return await invitations.invite_member(
        info.context,
        input.organization_id,
        input.user_id,
        role=input.role,
        workspace_ids=input.workspace_ids or (),
    )
