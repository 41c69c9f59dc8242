from datetime import date
from typing import Annotated

import strawberry

from auth.viewer import TokenScope
from figures.engagement import PublicFigure
from graph.deprecation import deprecated
from graph.fields import argument, described, mutation
from graph.info import Info
from graph.inputs import changeable, given, optional
from graph.mutations.arguments import PublicationId, UserId
from graph.types.experience import Experience
from graph.types.invitation import Invitation
from graph.types.payloads import (
    CreatePublicationPayload,
    DeleteExperiencePayload,
    DeletePayload,
    InvitePayload,
    PublicationPayload,
    PublishExperiencePayload,
    UpdatePublicationPayload,
)
from graph.types.publication import Publication
from loaders.publications import PublicationById
from models import ExperienceType
from resolvers import co_creators, deletions, invitations, publications
from resolvers.makers import as_written


@strawberry.input(description="A new publication. The viewer becomes its owner.")
class CreatePublicationInput:
    name: str = described("1 to 200 characters; blanks around them are dropped.")
    custom_url: str = described(
        "Its name in addresses: 3 to 100 characters of a-z, 0-9 and hyphens, but no hyphen at its ends. "
        "CONFLICT if another publication has it, or had it until a while ago."
    )
    allow_bookings: bool = optional("Whether appointments with its makers can be booked.", False)


@strawberry.input(
    description="What to change of a publication. What is left out stays as it is; null is BAD_USER_INPUT, "
    "with the reason NULL."
)
class UpdatePublicationInput:
    id: strawberry.ID = described("The publication's global id.")
    name: str | None = changeable("1 to 200 characters; blanks around them are dropped.")
    custom_url: str | None = changeable(
        "Its name in addresses: 3 to 100 characters of a-z, 0-9 and hyphens, but no hyphen at its ends. "
        "CONFLICT if another publication has it, or had it until a while ago. The URL from before leads to "
        "this publication for a while."
    )
    allow_bookings: bool | None = changeable("Whether appointments with its makers can be booked.")
    shared_figures: list[PublicFigure] | None = changeable(
        "All figures that everybody may see, in the order in which they are shown. An empty list shows none. "
        "Only the owner may give this: FORBIDDEN for co-creators, and then nothing is changed."
    )


@strawberry.input(description="A new experience of a publication.")
class PublishExperienceInput:
    publication_id: strawberry.ID = described("The global id of the publication that offers it.")
    type: ExperienceType = described("What kind of experience it is.")
    title: str = described("1 to 200 characters; blanks around them are dropped.")


@strawberry.type
class PublicationMutations:
    """Publications, their co-creators and experiences."""

    @mutation(TokenScope.USER)
    async def create_publication(
        self, info: Info, input: Annotated[CreatePublicationInput, argument("The publication to make.")]
    ) -> CreatePublicationPayload | None:
        """Makes a publication. The viewer becomes its owner. CONFLICT if its custom URL is taken."""
        row = await publications.create_publication(
            info.context, name=input.name, custom_url=input.custom_url, allow_bookings=input.allow_bookings
        )
        return CreatePublicationPayload(publication=Publication.of(row))

    @mutation(TokenScope.USER)
    async def update_publication(
        self,
        info: Info,
        input: Annotated[UpdatePublicationInput, argument("The publication, and what to change of it.")],
    ) -> UpdatePublicationPayload | None:
        """Changes a publication. Its owner and co-creators may do so; only the owner decides which figures
        everybody may see. CONFLICT if the custom URL is taken."""
        changes = given(input)
        row = await publications.update_publication(info.context, changes.pop("id"), changes)
        return UpdatePublicationPayload(publication=Publication.of(row))

    @mutation(TokenScope.USER)
    async def invite_co_creator(
        self, info: Info, publication_id: PublicationId, user_id: UserId
    ) -> InvitePayload | None:
        """Invites a user to become a co-creator, which needs the user's `acceptInvitation`. Only the owner
        may do so. CONFLICT if the user is one already, or was invited and that invitation has not expired,
        even if it was declined."""
        row = await invitations.invite_co_creator(info.context, publication_id, user_id)
        return InvitePayload(invitation=Invitation.of(row))

    @deprecated("Use `inviteCoCreator`, which returns the invitation.", removal=date(2027, 6, 1))
    @mutation(TokenScope.USER)
    async def add_co_creator(
        self, info: Info, publication_id: PublicationId, user_id: UserId
    ) -> PublicationPayload | None:
        """Does the same as `inviteCoCreator`: the user is a co-creator after accepting the invitation."""
        row = await invitations.invite_co_creator(info.context, publication_id, user_id)
        assert row.publication_id is not None
        publication = await as_written(info.context, PublicationById, row.publication_id)
        return PublicationPayload(publication=Publication.of(publication))

    @mutation(TokenScope.USER)
    async def remove_co_creator(
        self, info: Info, publication_id: PublicationId, user_id: UserId
    ) -> PublicationPayload | None:
        """Removes a co-creator. The owner may do so, and co-creators may remove themselves. NOT_FOUND if
        the user is not a co-creator."""
        row = await co_creators.remove_co_creator(info.context, publication_id, user_id)
        return PublicationPayload(publication=Publication.of(row))

    @mutation(TokenScope.USER)
    async def leave_publication(self, info: Info, publication_id: PublicationId) -> PublicationPayload | None:
        """The viewer is no co-creator any more. NOT_FOUND if the viewer is none; FORBIDDEN for the owner."""
        row = await co_creators.leave_publication(info.context, publication_id)
        return PublicationPayload(publication=Publication.of(row))

    @mutation(TokenScope.USER)
    async def publish_experience(
        self, info: Info, input: Annotated[PublishExperienceInput, argument("What to publish, and where.")]
    ) -> PublishExperiencePayload | None:
        """Adds an experience to a publication. Its owner and co-creators may do so."""
        row = await publications.publish_experience(
            info.context, input.publication_id, type=input.type, title=input.title
        )
        return PublishExperiencePayload(experience=Experience.of(row))

    @mutation(TokenScope.USER)
    async def delete_experience(
        self, info: Info, id: Annotated[strawberry.ID, argument("The experience's global id.")]
    ) -> DeleteExperiencePayload | None:
        """Deletes an experience. The owner and the co-creators of its publication may do so."""
        row = await deletions.delete_experience(info.context, id)
        return DeleteExperiencePayload(id=id, publication=Publication.of(row))

    @mutation(TokenScope.USER)
    async def delete_publication(self, info: Info, publication_id: PublicationId) -> DeletePayload | None:
        """Deletes a publication, with its experiences, likes, bookmarks, comments, appointments, events and
        totals. Only its owner may do so. Nobody finds it from then on, and its custom URL is not free for a
        while; its rows go in the background."""
        await deletions.delete_publication(info.context, publication_id)
        return DeletePayload(id=publication_id)
