"""What mutations give back."""

from datetime import datetime
from typing import Self

import strawberry

from auth.tokens import AccessToken
from graph.faces import face_of
from graph.fields import described
from graph.types.assets import Asset, Member, Organization, Workspace
from graph.types.authentication_key import AuthenticationKey
from graph.types.experience import Experience
from graph.types.insight import UserInsight
from graph.types.interaction import Appointment, Comment
from graph.types.invitation import Invitation
from graph.types.publication import Publication, User
from resolvers.accounts import NewKey
from resolvers.invitation_answers import Joined
from resolvers.signing_in import SignedIn


@strawberry.type(description="A token that was issued. It is also in the response header `x-auth-token`.")
class AuthPayload:
    access_token: str = described("The token, a JWT: send it as `Authorization: Bearer <token>`.")
    expires_at: datetime = described(
        "From this instant on the token is refused, and requests with it are anonymous. Then sign in again."
    )
    refresh_token: str | None = described(
        "Gives the next access token, once: see `refreshAccessToken`. Only its hash is stored. Null unless "
        "it was asked for."
    )
    viewer: User = described(
        "The user who signed in. This user is also the viewer of the rest of this operation."
    )

    @classmethod
    def of(cls, signed_in: SignedIn) -> Self:
        token, user, refresh_token = signed_in
        return cls(
            access_token=token.text,
            expires_at=token.expires_at,
            refresh_token=refresh_token,
            viewer=User.of(user),
        )


@strawberry.type(description="A ticket that was issued.")
class StreamTicketPayload:
    ticket: str = described("The ticket. Whoever has it may open streams as the viewer until it expires.")
    expires_at: datetime = described("From this instant on no stream is opened by it: a minute from now.")

    @classmethod
    def of(cls, ticket: AccessToken) -> Self:
        return cls(ticket=ticket.text, expires_at=ticket.expires_at)


@strawberry.type(description="The key that was made.")
class CreateAuthenticationKeyPayload:
    authentication_key: AuthenticationKey = described("The key's id, name and end, without the key itself.")
    secret: str = described(
        "The key itself, shown this once: only its hash is stored. Send it as `Authorization: Token <key>`."
    )

    @classmethod
    def of(cls, key: NewKey) -> Self:
        return cls(authentication_key=AuthenticationKey.of(key.row), secret=key.secret)


@strawberry.type(description="A key that is refused from now on.")
class RevokeAuthenticationKeyPayload:
    id: strawberry.ID = described("The global id of the revoked key.")


@strawberry.type(description="The publication that was made.")
class CreatePublicationPayload:
    publication: Publication = described("The publication, as it is now.")


@strawberry.type(description="The publication that was changed.")
class UpdatePublicationPayload:
    publication: Publication = described("The publication, as it is now.")


@strawberry.type(description="The publication that the mutation was about.")
class PublicationPayload:
    publication: Publication = described("The publication, as it is now.")


@strawberry.type(description="The experience that was published.")
class PublishExperiencePayload:
    experience: Experience = described("The experience, as it is now.")


@strawberry.type(description="The comment that was written.")
class CommentPayload:
    comment: Comment = described("The comment, as it is now.")


@strawberry.type(description="The comment that was deleted.")
class DeleteCommentPayload:
    id: strawberry.ID = described("The global id that the comment had.")
    publication: Publication = described("The publication that it was on, as it is now.")


@strawberry.type(description="The appointment that was booked.")
class BookAppointmentPayload:
    appointment: Appointment = described("The appointment, as it is now.")


@strawberry.type(description="The appointment that was cancelled.")
class CancelAppointmentPayload:
    appointment: Appointment = described("The appointment, as it is now.")


@strawberry.type(description="What is known of the viewer after the change.")
class UserInsightPayload:
    user_insight: UserInsight = described("The insight, as it is now.")


@strawberry.type(description="The viewer, who was changed.")
class UpdateViewerPayload:
    user: User = described("The viewer, as they are now.")


@strawberry.type(description="The user that the viewer follows now, or no longer follows.")
class FollowPayload:
    user: User = described("The user, as they are now.")


@strawberry.type(description="The organization that was made.")
class CreateOrganizationPayload:
    organization: Organization = described("The organization, as it is now.")


@strawberry.type(description="The workspace that was made.")
class CreateWorkspacePayload:
    workspace: Workspace = described("The workspace, as it is now.")


@strawberry.type(description="The user who was invited.")
class AddMemberPayload:
    user: User = described("The user, who is no member before accepting the invitation.")


@strawberry.type(description="The invitation that was sent.")
class InvitePayload:
    invitation: Invitation = described("The invitation, as it is now.")


@strawberry.type(description="Where the viewer belongs from now on.")
class AcceptInvitationPayload:
    id: strawberry.ID = described("The global id that the invitation had.")
    organization: Organization | None = described(
        "The organization, also that of the workspace; null for a publication."
    )
    workspace: Workspace | None = described("The workspace; null unless the invitation was to one alone.")
    publication: Publication | None = described(
        "The publication; null unless the invitation was to a publication."
    )

    @classmethod
    def of(cls, id: strawberry.ID, joined: Joined) -> Self:
        return cls(id=id, **{name: face_of(row) for name, row in joined._asdict().items()})


@strawberry.type(description="The invitation that was declined.")
class DeclineInvitationPayload:
    id: strawberry.ID = described("The global id of the invitation.")


@strawberry.type(description="The invitation that was withdrawn.")
class WithdrawInvitationPayload:
    id: strawberry.ID = described("The global id that the invitation had.")


@strawberry.type(description="The member who has another role.")
class ChangeMemberRolePayload:
    member: Member = described("The member, as they are now.")


@strawberry.type(description="The user who was removed from a workspace.")
class RemoveFromWorkspacePayload:
    user: User = described("The user, who is still a member of the organization.")


@strawberry.type(description="The organization that the viewer left.")
class LeaveOrganizationPayload:
    id: strawberry.ID = described("The global id of the organization.")


@strawberry.type(description="The workspace that the viewer left.")
class LeaveWorkspacePayload:
    id: strawberry.ID = described("The global id of the workspace.")


@strawberry.type(description="The member who left.")
class RemoveMemberPayload:
    user: User = described("The user who left.")


@strawberry.type(description="What was deleted. Nobody finds it any more.")
class DeletePayload:
    id: strawberry.ID = described("The global id that it had. No other object ever gets it.")


@strawberry.type(description="What is kept of the viewer.")
class ExportAccountPayload:
    url: str = described("Where the file is, for 15 minutes. Whoever has the link can read it.")


@strawberry.type(description="The experience that was deleted.")
class DeleteExperiencePayload:
    id: strawberry.ID = described("The global id that the experience had.")
    publication: Publication = described("The publication that offered it, as it is now.")


@strawberry.type(description="The asset that was made.")
class CreateAssetPayload:
    asset: Asset = described("The asset, as it is now.")


@strawberry.type(description="The asset that was changed.")
class UpdateAssetPayload:
    asset: Asset = described("The asset, as it is now.")


@strawberry.type(description="The organization whose sites have other names now.")
class SetDomainAliasesPayload:
    organization: Organization = described("The organization, as it is now.")


@strawberry.type(description="The viewer, whose sites have other names now.")
class SetOwnDomainAliasesPayload:
    user: User = described("The viewer, as they are now.")
