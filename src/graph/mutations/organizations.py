from typing import Annotated

import strawberry

from auth.viewer import TokenScope
from graph.fields import argument, described, mutation
from graph.info import Info
from graph.inputs import optional
from graph.mutations.arguments import OrganizationId
from graph.types.assets import Organization, Workspace
from graph.types.payloads import (
    AddMemberPayload,
    CreateOrganizationPayload,
    CreateWorkspacePayload,
    DeletePayload,
    RemoveMemberPayload,
)
from graph.types.publication import User
from models import Role
from resolvers import deletions, memberships


@strawberry.input(description="A new organization. The viewer becomes its owner.")
class CreateOrganizationInput:
    name: str = described("1 to 200 characters; blanks around them are dropped.")


@strawberry.input(description="A new workspace of an organization.")
class CreateWorkspaceInput:
    organization_id: strawberry.ID = described(
        "The global id of the organization that the workspace is a part of."
    )
    name: str = described("1 to 200 characters; blanks around them are dropped.")


@strawberry.input(description="A new member of an organization, and what the member may do.")
class AddMemberInput:
    organization_id: strawberry.ID = described("The organization's global id.")
    user_id: strawberry.ID = described("The global id of the user who joins it.")
    role: Role = optional(
        "What the member may do. Only owners can give OWNER; others get FORBIDDEN.", Role.MEMBER
    )
    workspace_ids: list[strawberry.ID] | None = optional(
        "The global ids of the workspaces that a MEMBER may enter; none when left out. Owners and admins "
        "enter all."
    )


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
        row = await memberships.create_organization(info.context, input.name)
        return CreateOrganizationPayload(organization=Organization.of(row))

    @mutation(TokenScope.ORGANIZATION)
    async def create_workspace(
        self, info: Info, input: Annotated[CreateWorkspaceInput, argument("The workspace to make.")]
    ) -> CreateWorkspacePayload | None:
        """Makes a workspace. Owners and admins of the organization may do so."""
        row = await memberships.create_workspace(info.context, input.organization_id, input.name)
        return CreateWorkspacePayload(workspace=Workspace.of(row))

    @mutation(TokenScope.ORGANIZATION)
    async def add_member(
        self,
        info: Info,
        input: Annotated[AddMemberInput, argument("Who joins which organization, and as what.")],
    ) -> AddMemberPayload | None:
        """Adds a member to an organization. Owners and admins may do so, but only owners can add an owner.
        CONFLICT if the user is a member already."""
        row = await memberships.add_member(
            info.context,
            input.organization_id,
            input.user_id,
            role=input.role,
            workspace_ids=input.workspace_ids or (),
        )
        return AddMemberPayload(user=User.of(row))

    @mutation(TokenScope.ORGANIZATION)
    async def remove_member(
        self, info: Info, input: Annotated[RemoveMemberInput, argument("Who leaves which organization.")]
    ) -> RemoveMemberPayload | None:
        """Removes a member from an organization and its workspaces. Owners and admins may do so, but only
        owners can remove an owner. Members may remove themselves. CONFLICT if no owner would be left."""
        row = await memberships.remove_member(info.context, input.organization_id, input.user_id)
        return RemoveMemberPayload(user=User.of(row))

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
