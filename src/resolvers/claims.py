"""The viewer of a request as claims, for what is signed: links to reports, and tickets of streams."""

from auth.tokens import Claims
from loaders.organizations import OrganizationById, WorkspaceById
from loaders.people import UserById
from resolvers.context import Context


async def claims_of(context: Context) -> Claims:
    """As in an access token of the viewer. Raises UNAUTHENTICATED if nobody is signed in."""
    viewer, loaders = context.viewer, context.loaders
    user = await loaders[UserById].load(viewer.required_user_id())
    assert user is not None
    organization = viewer.organization_id and await loaders[OrganizationById].load(viewer.organization_id)
    workspace = viewer.workspace_id and await loaders[WorkspaceById].load(viewer.workspace_id)
    return Claims(
        user.public_id,
        organization.public_id if organization else None,
        workspace.public_id if workspace else None,
    )
