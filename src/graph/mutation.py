from typing import Annotated

import strawberry

from auth.viewer import TokenScope
from graph.directives import A_SIGN_IN, A_WRITE, THE_EVENTS
from graph.event_variables import reported_events
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
    DomainAliasInput,
    EventInput,
    LoginInput,
    PublishExperienceInput,
    RemoveMemberInput,
    SetDomainAliasesInput,
    SetOwnDomainAliasesInput,
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
    SetDomainAliasesPayload,
    SetOwnDomainAliasesPayload,
    UpdateAssetPayload,
    UpdatePublicationPayload,
    UserInsightPayload,
)
from graph.types.publication import Experience, Publication, User
from resolvers import (
    accounts,
    appointments,
    domain_aliases,
    insights,
    memberships,
    people,
    publications,
    reactions,
    recording,
)
from resolvers.domain_aliases import GivenAlias
from resolvers.insights import Given, GivenWork
from resolvers.memberships import GivenFormat

PublicationId = Annotated[strawberry.ID, argument("The publication's global id.")]
UserId = Annotated[strawberry.ID, argument("The user's global id.")]
OrganizationId = Annotated[strawberry.ID, argument("The organization's global id.")]


@strawberry.type(
    description=(
        "What can be changed, by whoever is signed in; else it is UNAUTHENTICATED. Each is done whole or "
        "not at all, one after the other as they are written. An object that is not there, or that the "
        "viewer may not know of, is NOT_FOUND; one that the viewer may see but not change is FORBIDDEN. "
        "One that fails is null, with its error; those before and after it are done all the same."
    )
)
class Mutation:
    @mutation(TokenScope.WORKSPACE, costs=A_SIGN_IN)
    async def login(
        self, info: Info, input: Annotated[LoginInput, argument("By what to sign in.")]
    ) -> AuthPayload | None:
        """Step 1 of signing in: a token, by password or by authentication key. It is also in the response
        header `x-auth-token`. Needs no token. UNAUTHENTICATED where what was given is wrong, THROTTLED after
        too many tries, with `retryAfter` in seconds."""
        if input.password is not None:
            signed_in = await accounts.login_by_password(
                info.context, input.password.email, input.password.password
            )
        else:
            signed_in = await accounts.login_by_key(info.context, input.authentication_key or "")
        return AuthPayload.of(signed_in)

    @mutation(TokenScope.USER)
    async def issue_organization_token(
        self, info: Info, organization_id: OrganizationId
    ) -> AuthPayload | None:
        """Step 3, after `organizations`: a token that acts within one organization that the viewer belongs
        to."""
        return AuthPayload.of(await accounts.organization_token(info.context, organization_id))

    @mutation(TokenScope.ORGANIZATION)
    async def issue_workspace_token(
        self,
        info: Info,
        organization_id: OrganizationId,
        workspace_id: Annotated[strawberry.ID, argument("The workspace's global id.")],
    ) -> AuthPayload | None:
        """Step 5, after `workspaces`: a token that acts within one workspace that the viewer may enter.
        Owners and admins of the organization need none."""
        return AuthPayload.of(await accounts.workspace_token(info.context, organization_id, workspace_id))

    @mutation(TokenScope.USER)
    async def create_authentication_key(
        self, info: Info, input: Annotated[CreateAuthenticationKeyInput, argument("The key to make.")]
    ) -> CreateAuthenticationKeyPayload | None:
        """Makes a key by which a program signs in as the viewer."""
        key = await accounts.create_key(info.context, name=input.name, days=input.days)
        return CreateAuthenticationKeyPayload.of(key)

    @mutation(TokenScope.USER)
    async def revoke_authentication_key(
        self,
        info: Info,
        id: Annotated[strawberry.ID, argument("The key's global id, as `createAuthenticationKey` gave it.")],
    ) -> RevokeAuthenticationKeyPayload | None:
        """Ends one of the viewer's own keys: it is refused from now on. Any other is NOT_FOUND."""
        return RevokeAuthenticationKeyPayload(id=strawberry.ID(await accounts.revoke_key(info.context, id)))

    @mutation(TokenScope.WORKSPACE, costs=[A_WRITE, THE_EVENTS])
    async def record_events(
        self,
        info: Info,
        events: Annotated[
            list[EventInput],
            argument(
                "What happened: at most `limits.maxEvents`. As a variable it is read a hundred times as fast."
            ),
        ],
    ) -> RecordEventsPayload | None:
        """Stores and counts events, each by itself: a dropped one leaves the others alone. An event whose id
        was stored before is a duplicate and changes nothing, so a client can retry. What is acknowledged
        survives a crash."""
        return RecordEventsPayload.of(
            await recording.record(info.context, reported_events(info.context, events))
        )

    @mutation(TokenScope.USER)
    async def create_publication(
        self, info: Info, input: Annotated[CreatePublicationInput, argument("The publication to make.")]
    ) -> CreatePublicationPayload | None:
        """Makes a publication, of which the viewer is the owner. CONFLICT when its custom URL is taken."""
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
        """Changes a publication, by its owner or a co-creator. CONFLICT when the custom URL is taken."""
        row = await publications.update_publication(
            info.context,
            input.id,
            name=input.name,
            custom_url=input.custom_url,
            allow_bookings=input.allow_bookings,
        )
        return UpdatePublicationPayload(publication=Publication.of(row))

    @mutation(TokenScope.USER)
    async def add_co_creator(
        self, info: Info, publication_id: PublicationId, user_id: UserId
    ) -> PublicationPayload | None:
        """Makes a user a co-creator, by the owner. CONFLICT when the user is one already."""
        row = await publications.add_co_creator(info.context, publication_id, user_id)
        return PublicationPayload(publication=Publication.of(row))

    @mutation(TokenScope.USER)
    async def remove_co_creator(
        self, info: Info, publication_id: PublicationId, user_id: UserId
    ) -> PublicationPayload | None:
        """Removes a co-creator, by the owner; a co-creator may also leave. NOT_FOUND when the user is
        none."""
        row = await publications.remove_co_creator(info.context, publication_id, user_id)
        return PublicationPayload(publication=Publication.of(row))

    @mutation(TokenScope.USER)
    async def publish_experience(
        self, info: Info, input: Annotated[PublishExperienceInput, argument("What to publish, and where.")]
    ) -> PublishExperiencePayload | None:
        """Adds an experience to a publication, by its owner or a co-creator."""
        row = await publications.publish_experience(
            info.context, input.publication_id, type=input.type, title=input.title
        )
        return PublishExperiencePayload(experience=Experience.of(row))

    @mutation(TokenScope.USER)
    async def like_publication(self, info: Info, publication_id: PublicationId) -> PublicationPayload | None:
        """Likes a publication in the viewer's name. A second time changes nothing."""
        return PublicationPayload(
            publication=Publication.of(await reactions.like(info.context, publication_id))
        )

    @mutation(TokenScope.USER)
    async def unlike_publication(
        self, info: Info, publication_id: PublicationId
    ) -> PublicationPayload | None:
        """Takes the viewer's like back; without one it changes nothing."""
        return PublicationPayload(
            publication=Publication.of(await reactions.unlike(info.context, publication_id))
        )

    @mutation(TokenScope.USER)
    async def bookmark_publication(
        self, info: Info, publication_id: PublicationId
    ) -> PublicationPayload | None:
        """Bookmarks a publication for the viewer. A second time changes nothing."""
        return PublicationPayload(
            publication=Publication.of(await reactions.bookmark(info.context, publication_id))
        )

    @mutation(TokenScope.USER)
    async def unbookmark_publication(
        self, info: Info, publication_id: PublicationId
    ) -> PublicationPayload | None:
        """Takes the viewer's bookmark back; without one it changes nothing."""
        return PublicationPayload(
            publication=Publication.of(await reactions.unbookmark(info.context, publication_id))
        )

    @mutation(TokenScope.USER)
    async def share_publication(self, info: Info, publication_id: PublicationId) -> PublicationPayload | None:
        """Counts a share of the publication by the viewer: one more each time, so a retry counts again."""
        return PublicationPayload(
            publication=Publication.of(await reactions.share(info.context, publication_id))
        )

    @mutation(TokenScope.USER)
    async def comment_on_publication(
        self, info: Info, input: Annotated[CommentInput, argument("What to write, and on which publication.")]
    ) -> CommentPayload | None:
        """Writes a comment on a publication in the viewer's name."""
        row = await reactions.comment(info.context, input.publication_id, input.body)
        return CommentPayload(comment=Comment.of(row))

    @mutation(TokenScope.USER)
    async def delete_comment(
        self, info: Info, id: Annotated[strawberry.ID, argument("The comment's global id.")]
    ) -> DeleteCommentPayload | None:
        """Deletes a comment, by its author or by the owner or a co-creator of the publication that it is
        on."""
        row = await reactions.delete_comment(info.context, id)
        return DeleteCommentPayload(id=id, publication=Publication.of(row))

    @mutation(TokenScope.USER)
    async def book_appointment(
        self,
        info: Info,
        input: Annotated[BookAppointmentInput, argument("Which slot to book, and with whose makers.")],
    ) -> BookAppointmentPayload | None:
        """Books a slot with the makers of a publication. CONFLICT where it overlaps one that stands.
        BAD_USER_INPUT where the publication allows no bookings."""
        row = await appointments.book(
            info.context, input.publication_id, starts_at=input.starts_at, ends_at=input.ends_at
        )
        return BookAppointmentPayload(appointment=Appointment.of(row))

    @mutation(TokenScope.USER)
    async def cancel_appointment(
        self, info: Info, id: Annotated[strawberry.ID, argument("The appointment's global id.")]
    ) -> CancelAppointmentPayload | None:
        """Cancels an appointment, by whoever booked it or by the owner or a co-creator of the publication. A
        second time changes nothing."""
        return CancelAppointmentPayload(
            appointment=Appointment.of(await appointments.cancel(info.context, id))
        )

    @mutation(TokenScope.USER)
    async def follow_user(self, info: Info, user_id: UserId) -> FollowPayload | None:
        """The viewer follows the user from now on. A second time changes nothing; oneself is
        BAD_USER_INPUT."""
        return FollowPayload(user=User.of(await people.follow(info.context, user_id)))

    @mutation(TokenScope.USER)
    async def unfollow_user(self, info: Info, user_id: UserId) -> FollowPayload | None:
        """The viewer follows the user no longer. Nothing changes where that was so before."""
        return FollowPayload(user=User.of(await people.unfollow(info.context, user_id)))

    @mutation(TokenScope.USER)
    async def create_user_insight(
        self, info: Info, input: Annotated[UserInsightInput, argument("What the viewer tells of themselves.")]
    ) -> UserInsightPayload | None:
        """Makes the viewer's insight. CONFLICT when there is one already."""
        row = await insights.create_insight(info.context, _given(input))
        return UserInsightPayload(user_insight=UserInsight.of(row))

    @mutation(TokenScope.USER)
    async def update_user_insight(
        self,
        info: Info,
        input: Annotated[UserInsightInput, argument("What to change of what the viewer tells.")],
    ) -> UserInsightPayload | None:
        """Changes the viewer's insight. NOT_FOUND before there is one."""
        row = await insights.update_insight(info.context, _given(input))
        return UserInsightPayload(user_insight=UserInsight.of(row))

    @mutation(TokenScope.USER)
    async def create_organization(
        self, info: Info, input: Annotated[CreateOrganizationInput, argument("The organization to make.")]
    ) -> CreateOrganizationPayload | None:
        """Makes an organization, of which the viewer is the owner."""
        row = await memberships.create_organization(info.context, input.name)
        return CreateOrganizationPayload(organization=Organization.of(row))

    @mutation(TokenScope.ORGANIZATION)
    async def create_workspace(
        self, info: Info, input: Annotated[CreateWorkspaceInput, argument("The workspace to make.")]
    ) -> CreateWorkspacePayload | None:
        """Makes a workspace, by an owner or admin of the organization."""
        row = await memberships.create_workspace(info.context, input.organization_id, input.name)
        return CreateWorkspacePayload(workspace=Workspace.of(row))

    @mutation(TokenScope.ORGANIZATION)
    async def add_member(
        self,
        info: Info,
        input: Annotated[AddMemberInput, argument("Who joins which organization, and as what.")],
    ) -> AddMemberPayload | None:
        """Adds a member to an organization, by an owner or admin; owners are made by owners alone. CONFLICT
        when the user is a member already."""
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
        """Removes a member from an organization and its workspaces, by an owner or admin; anybody may leave,
        and owners are removed by owners alone. CONFLICT where no owner would be left."""
        row = await memberships.remove_member(info.context, input.organization_id, input.user_id)
        return RemoveMemberPayload(user=User.of(row))

    @mutation(TokenScope.WORKSPACE)
    async def create_asset(
        self, info: Info, input: Annotated[CreateAssetInput, argument("The asset to make.")]
    ) -> CreateAssetPayload | None:
        """Makes an asset, by an owner or admin of the organization or with the workspace's token."""
        row = await memberships.create_asset(
            info.context,
            input.workspace_id,
            name=input.name,
            formats=_formats(input.formats or []),
            domains=input.domains or (),
        )
        return CreateAssetPayload(asset=Asset.of(row))

    @mutation(TokenScope.WORKSPACE)
    async def update_asset(
        self, info: Info, input: Annotated[UpdateAssetInput, argument("The asset, and what to change of it.")]
    ) -> UpdateAssetPayload | None:
        """Changes an asset, by an owner or admin of the organization or with the workspace's token."""
        row = await memberships.update_asset(
            info.context,
            input.id,
            name=input.name,
            formats=None if input.formats is None else _formats(input.formats),
            domains=input.domains,
        )
        return UpdateAssetPayload(asset=Asset.of(row))

    @mutation(TokenScope.ORGANIZATION)
    async def set_domain_aliases(
        self,
        info: Info,
        input: Annotated[SetDomainAliasesInput, argument("The organization, and all other names.")],
    ) -> SetDomainAliasesPayload | None:
        """Says which sites of an organization are one, by an owner or admin: in filters, groups and an
        asset's sites, whenever the events came. What is stored stays as it is, so that each name can be
        taken back. An asset's sites know it within a minute. BAD_USER_INPUT with the reason INVALID_ALIAS
        where a name leads to another one."""
        row = await domain_aliases.set_domain_aliases(
            info.context, input.organization_id, _aliases(input.aliases)
        )
        return SetDomainAliasesPayload(organization=Organization.of(row))

    @mutation(TokenScope.USER)
    async def set_own_domain_aliases(
        self,
        info: Info,
        input: Annotated[SetOwnDomainAliasesInput, argument("All other names.")],
    ) -> SetOwnDomainAliasesPayload | None:
        """Says which sites are one where the viewer's publications are shown, as `setDomainAliases` does for
        an organization."""
        row = await domain_aliases.set_own_domain_aliases(info.context, _aliases(input.aliases))
        return SetOwnDomainAliasesPayload(user=User.of(row))


def _aliases(given: list[DomainAliasInput]) -> list[GivenAlias]:
    return [GivenAlias(one.domain, one.name) for one in given]


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
