from typing import Annotated

import strawberry

from graph.events import reported
from graph.fields import argument, mutation
from graph.info import Info
from graph.inputs import (
    AddMemberInput,
    AssetFormatInput,
    BookAppointmentInput,
    CommentInput,
    CreateAssetInput,
    CreateAuthenticationKeyInput,
    CreateOrganizationInput,
    CreatePublicationInput,
    CreateWorkspaceInput,
    EventInput,
    LoginInput,
    PublishExperienceInput,
    RemoveMemberInput,
    UpdateAssetInput,
    UpdatePublicationInput,
    UserInsightInput,
)
from graph.types.assets import Asset, Organization, Workspace
from graph.types.insight import UserInsight
from graph.types.interaction import Appointment, Comment
from graph.types.payloads import (
    AddMemberPayload,
    AuthPayload,
    BookAppointmentPayload,
    CancelAppointmentPayload,
    CommentPayload,
    CreateAssetPayload,
    CreateAuthenticationKeyPayload,
    CreateOrganizationPayload,
    CreatePublicationPayload,
    CreateWorkspacePayload,
    DeleteCommentPayload,
    FollowPayload,
    PublicationPayload,
    PublishExperiencePayload,
    RecordEventsPayload,
    RemoveMemberPayload,
    RevokeAuthenticationKeyPayload,
    UpdateAssetPayload,
    UpdatePublicationPayload,
    UserInsightPayload,
)
from graph.types.publication import Experience, Publication, User
from resolvers import (
    accounts,
    appointments,
    insights,
    memberships,
    people,
    publications,
    reactions,
    recording,
)
from resolvers.insights import Given, GivenWork
from resolvers.memberships import GivenFormat

PublicationId = Annotated[strawberry.ID, argument("The publication's global id.")]
UserId = Annotated[strawberry.ID, argument("The user's global id.")]
OrganizationId = Annotated[strawberry.ID, argument("The organization's global id.")]


@strawberry.type(description="What can be changed. Each is done whole or not at all.")
class Mutation:
    @mutation
    async def login(
        self, info: Info, input: Annotated[LoginInput, argument("One way to sign in.")]
    ) -> AuthPayload:
        """Step 1: by password or by authentication key. The token is also in the response header
        x-auth-token."""
        if input.password is not None:
            signed_in = await accounts.login_by_password(
                info.context, input.password.email, input.password.password
            )
        else:
            signed_in = await accounts.login_by_key(info.context, input.authentication_key or "")
        return AuthPayload.of(signed_in)

    @mutation
    async def issue_organization_token(self, info: Info, organization_id: OrganizationId) -> AuthPayload:
        """Step 3: a token that acts within one organization."""
        return AuthPayload.of(await accounts.organization_token(info.context, organization_id))

    @mutation
    async def issue_workspace_token(
        self,
        info: Info,
        organization_id: OrganizationId,
        workspace_id: Annotated[strawberry.ID, argument("The workspace's global id.")],
    ) -> AuthPayload:
        """Step 5: a token that acts within one workspace. Owners and admins of the organization need none."""
        return AuthPayload.of(await accounts.workspace_token(info.context, organization_id, workspace_id))

    @mutation
    async def create_authentication_key(
        self, info: Info, input: Annotated[CreateAuthenticationKeyInput, argument("The key to make.")]
    ) -> CreateAuthenticationKeyPayload:
        """A key by which a program signs in as the viewer."""
        key = await accounts.create_key(info.context, name=input.name, days=input.days)
        return CreateAuthenticationKeyPayload.of(key)

    @mutation
    async def revoke_authentication_key(
        self, info: Info, id: Annotated[strawberry.ID, argument("The key's id.")]
    ) -> RevokeAuthenticationKeyPayload:
        """From now on the key is refused. One of the viewer's own; any other is NOT_FOUND."""
        return RevokeAuthenticationKeyPayload(id=strawberry.ID(await accounts.revoke_key(info.context, id)))

    @mutation
    async def record_events(
        self, info: Info, events: Annotated[list[EventInput], argument("What happened.")]
    ) -> RecordEventsPayload:
        """At most 1,000 events. An event whose id was stored before is counted as a duplicate and changes
        nothing, so a client can retry. What is acknowledged survives a crash."""
        return RecordEventsPayload.of(await recording.record(info.context, reported(info.context, events)))

    @mutation
    async def create_publication(
        self, info: Info, input: Annotated[CreatePublicationInput, argument("The publication to make.")]
    ) -> CreatePublicationPayload:
        """A publication of the viewer's. CONFLICT when its custom URL is taken."""
        row = await publications.create_publication(
            info.context, name=input.name, custom_url=input.custom_url, allow_bookings=input.allow_bookings
        )
        return CreatePublicationPayload(publication=Publication.of(row))

    @mutation
    async def update_publication(
        self, info: Info, input: Annotated[UpdatePublicationInput, argument("What to change.")]
    ) -> UpdatePublicationPayload:
        """By the owner or a co-creator. CONFLICT when the custom URL is taken."""
        row = await publications.update_publication(
            info.context,
            input.id,
            name=input.name,
            custom_url=input.custom_url,
            allow_bookings=input.allow_bookings,
        )
        return UpdatePublicationPayload(publication=Publication.of(row))

    @mutation
    async def add_co_creator(
        self, info: Info, publication_id: PublicationId, user_id: UserId
    ) -> PublicationPayload:
        """By the owner. CONFLICT when the user is a co-creator already."""
        row = await publications.add_co_creator(info.context, publication_id, user_id)
        return PublicationPayload(publication=Publication.of(row))

    @mutation
    async def remove_co_creator(
        self, info: Info, publication_id: PublicationId, user_id: UserId
    ) -> PublicationPayload:
        """By the owner, or by a co-creator who leaves. NOT_FOUND when the user is no co-creator."""
        row = await publications.remove_co_creator(info.context, publication_id, user_id)
        return PublicationPayload(publication=Publication.of(row))

    @mutation
    async def publish_experience(
        self, info: Info, input: Annotated[PublishExperienceInput, argument("The experience to publish.")]
    ) -> PublishExperiencePayload:
        """By the owner or a co-creator."""
        row = await publications.publish_experience(
            info.context, input.publication_id, type=input.type, title=input.title
        )
        return PublishExperiencePayload(experience=Experience.of(row))

    @mutation
    async def like_publication(self, info: Info, publication_id: PublicationId) -> PublicationPayload:
        """A second time changes nothing."""
        return PublicationPayload(
            publication=Publication.of(await reactions.like(info.context, publication_id))
        )

    @mutation
    async def unlike_publication(self, info: Info, publication_id: PublicationId) -> PublicationPayload:
        """Takes the like back; without one it changes nothing."""
        return PublicationPayload(
            publication=Publication.of(await reactions.unlike(info.context, publication_id))
        )

    @mutation
    async def bookmark_publication(self, info: Info, publication_id: PublicationId) -> PublicationPayload:
        """A second time changes nothing."""
        return PublicationPayload(
            publication=Publication.of(await reactions.bookmark(info.context, publication_id))
        )

    @mutation
    async def unbookmark_publication(self, info: Info, publication_id: PublicationId) -> PublicationPayload:
        """Takes the bookmark back; without one it changes nothing."""
        return PublicationPayload(
            publication=Publication.of(await reactions.unbookmark(info.context, publication_id))
        )

    @mutation
    async def share_publication(self, info: Info, publication_id: PublicationId) -> PublicationPayload:
        """Counts one share, each time."""
        return PublicationPayload(
            publication=Publication.of(await reactions.share(info.context, publication_id))
        )

    @mutation
    async def comment_on_publication(
        self, info: Info, input: Annotated[CommentInput, argument("The comment to write.")]
    ) -> CommentPayload:
        """Writes a comment in the viewer's name."""
        row = await reactions.comment(info.context, input.publication_id, input.body)
        return CommentPayload(comment=Comment.of(row))

    @mutation
    async def delete_comment(
        self, info: Info, id: Annotated[strawberry.ID, argument("The comment's global id.")]
    ) -> DeleteCommentPayload:
        """By its author, or by a maker of the publication it is on."""
        row = await reactions.delete_comment(info.context, id)
        return DeleteCommentPayload(id=id, publication=Publication.of(row))

    @mutation
    async def book_appointment(
        self, info: Info, input: Annotated[BookAppointmentInput, argument("The slot to book.")]
    ) -> BookAppointmentPayload:
        """Only where the publication allows bookings; slots of one publication never overlap: CONFLICT."""
        row = await appointments.book(
            info.context, input.publication_id, starts_at=input.starts_at, ends_at=input.ends_at
        )
        return BookAppointmentPayload(appointment=Appointment.of(row))

    @mutation
    async def cancel_appointment(
        self, info: Info, id: Annotated[strawberry.ID, argument("The appointment's global id.")]
    ) -> CancelAppointmentPayload:
        """By whoever booked it, or by a maker of the publication. A second time changes nothing."""
        return CancelAppointmentPayload(
            appointment=Appointment.of(await appointments.cancel(info.context, id))
        )

    @mutation
    async def follow_user(self, info: Info, user_id: UserId) -> FollowPayload:
        """A second time changes nothing."""
        return FollowPayload(user=User.of(await people.follow(info.context, user_id)))

    @mutation
    async def unfollow_user(self, info: Info, user_id: UserId) -> FollowPayload:
        """Whom the viewer does not follow stays so."""
        return FollowPayload(user=User.of(await people.unfollow(info.context, user_id)))

    @mutation
    async def create_user_insight(
        self, info: Info, input: Annotated[UserInsightInput, argument("What to tell.")]
    ) -> UserInsightPayload:
        """The viewer's insight. CONFLICT when there is one already."""
        row = await insights.create_insight(info.context, _given(input))
        return UserInsightPayload(user_insight=UserInsight.of(row))

    @mutation
    async def update_user_insight(
        self, info: Info, input: Annotated[UserInsightInput, argument("What to change.")]
    ) -> UserInsightPayload:
        """The viewer's insight. NOT_FOUND before there is one."""
        row = await insights.update_insight(info.context, _given(input))
        return UserInsightPayload(user_insight=UserInsight.of(row))

    @mutation
    async def create_organization(
        self, info: Info, input: Annotated[CreateOrganizationInput, argument("The organization to make.")]
    ) -> CreateOrganizationPayload:
        """An organization, of which the viewer is the owner."""
        row = await memberships.create_organization(info.context, input.name)
        return CreateOrganizationPayload(organization=Organization.of(row))

    @mutation
    async def create_workspace(
        self, info: Info, input: Annotated[CreateWorkspaceInput, argument("The workspace to make.")]
    ) -> CreateWorkspacePayload:
        """By an owner or admin of the organization."""
        row = await memberships.create_workspace(info.context, input.organization_id, input.name)
        return CreateWorkspacePayload(workspace=Workspace.of(row))

    @mutation
    async def add_member(
        self, info: Info, input: Annotated[AddMemberInput, argument("Who joins what.")]
    ) -> AddMemberPayload:
        """By an owner or admin; owners are made by owners alone. CONFLICT for somebody who is a member."""
        row = await memberships.add_member(
            info.context,
            input.organization_id,
            input.user_id,
            role=input.role,
            workspace_ids=input.workspace_ids or (),
        )
        return AddMemberPayload(user=User.of(row))

    @mutation
    async def remove_member(
        self, info: Info, input: Annotated[RemoveMemberInput, argument("Who leaves what.")]
    ) -> RemoveMemberPayload:
        """By an owner or admin; anybody may leave. CONFLICT where no owner would be left."""
        row = await memberships.remove_member(info.context, input.organization_id, input.user_id)
        return RemoveMemberPayload(user=User.of(row))

    @mutation
    async def create_asset(
        self, info: Info, input: Annotated[CreateAssetInput, argument("The asset to make.")]
    ) -> CreateAssetPayload:
        """By an owner or admin of the organization, or with the workspace's token."""
        row = await memberships.create_asset(
            info.context,
            input.workspace_id,
            name=input.name,
            formats=_formats(input.formats or []),
            domains=input.domains or (),
        )
        return CreateAssetPayload(asset=Asset.of(row))

    @mutation
    async def update_asset(
        self, info: Info, input: Annotated[UpdateAssetInput, argument("What to change.")]
    ) -> UpdateAssetPayload:
        """By an owner or admin of the organization, or with the workspace's token."""
        row = await memberships.update_asset(
            info.context,
            input.id,
            name=input.name,
            formats=None if input.formats is None else _formats(input.formats),
            domains=input.domains,
        )
        return UpdateAssetPayload(asset=Asset.of(row))


def _formats(given: list[AssetFormatInput]) -> list[GivenFormat]:
    return [GivenFormat(one.type, one.url, one.size_bytes) for one in given]


def _given(input: UserInsightInput) -> Given:
    return Given(
        has_about=input.has_about,
        number_of_roles=input.number_of_roles,
        number_of_acts=input.number_of_acts,
        profile_views=input.profile_views,
        profile_searches=input.profile_searches,
        connects=input.connects,
        facebook_page_id=input.facebook_page_id,
        twitter_handle=input.twitter_handle,
        instagram_handle=input.instagram_handle,
        works=None
        if input.works is None
        else [
            GivenWork(work.source_type, work.item_id, work.is_individual_work, work.in_app_plays)
            for work in input.works
        ],
    )
