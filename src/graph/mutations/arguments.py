"""Arguments that several mutations have."""

from typing import Annotated

import strawberry

from graph.fields import argument

PublicationId = Annotated[strawberry.ID, argument("The publication's global id.")]
UserId = Annotated[strawberry.ID, argument("The user's global id.")]
OrganizationId = Annotated[strawberry.ID, argument("The organization's global id.")]
WorkspaceId = Annotated[strawberry.ID, argument("The workspace's global id.")]
InvitationId = Annotated[strawberry.ID, argument("The invitation's global id.")]
