"""What mutations answer."""

from datetime import datetime
from typing import Self

import strawberry

from base.ids import Kind, global_id
from graph.fields import described
from graph.types.assets import Asset, Organization, Workspace
from graph.types.insight import UserInsight
from graph.types.interaction import Appointment, Comment
from graph.types.publication import Experience, Publication, User
from ingest.admission import Reason
from ingest.reports import EventOutcome, EventStatus
from resolvers.accounts import NewKey, SignedIn


@strawberry.type(description="A token that was issued. It is also in the response header `x-auth-token`.")
class AuthPayload:
    access_token: str = described("Send it as `Authorization: Bearer <token>`.")
    expires_at: datetime = described("From this instant on it is refused: sign in again.")
    viewer: User = described("Who signed in.")

    @classmethod
    def of(cls, signed_in: SignedIn) -> Self:
        token, user = signed_in
        return cls(access_token=token.text, expires_at=token.expires_at, viewer=User.of(user))


@strawberry.type(description="A key by which a program signs in. Whoever has it acts as its owner.")
class AuthenticationKey:
    id: strawberry.ID = described("By which it is revoked.")
    name: str = described("What the key is for.")
    expires_at: datetime = described("From this instant on it is refused.")


@strawberry.type(description="A new key.")
class CreateAuthenticationKeyPayload:
    authentication_key: AuthenticationKey = described("What is known of it from now on.")
    secret: str = described(
        "The key itself, shown this once: only its hash is stored. Send it as `Authorization: Token <key>`."
    )

    @classmethod
    def of(cls, key: NewKey) -> Self:
        known = AuthenticationKey(
            id=strawberry.ID(global_id(Kind.AUTHENTICATION_KEY, key.public_id)),
            name=key.name,
            expires_at=key.expires_at,
        )
        return cls(authentication_key=known, secret=key.secret)


@strawberry.type(description="A key that is refused from now on.")
class RevokeAuthenticationKeyPayload:
    id: strawberry.ID = described("The key's id.")


@strawberry.type(description="What became of each event.")
class EventResult:
    id: strawberry.ID = described(
        "The event's id: as given, or as made by the server; empty for a dropped event without one."
    )
    status: EventStatus = described("Whether it was stored.")
    reason: str | None = described(f"Why it was dropped: {', '.join(Reason)}.")

    @classmethod
    def of(cls, outcome: EventOutcome) -> Self:
        return cls(id=strawberry.ID(str(outcome.id)), status=outcome.status, reason=outcome.reason)


@strawberry.type(description="What became of the events. What is stored is counted, and survives a crash.")
class RecordEventsPayload:
    stored: int = described("How many were new.")
    duplicates: int = described("How many were stored before.")
    dropped: int = described("How many were refused.")
    results: list[EventResult] = described("One for each event given, in order.")

    @classmethod
    def of(cls, outcomes: list[EventOutcome]) -> Self:
        statuses = [outcome.status for outcome in outcomes]
        return cls(
            stored=statuses.count(EventStatus.STORED),
            duplicates=statuses.count(EventStatus.DUPLICATE),
            dropped=statuses.count(EventStatus.DROPPED),
            results=[EventResult.of(outcome) for outcome in outcomes],
        )


@strawberry.type(description="The publication that was made.")
class CreatePublicationPayload:
    publication: Publication = described("As it is now.")


@strawberry.type(description="The publication that was changed.")
class UpdatePublicationPayload:
    publication: Publication = described("As it is now.")


@strawberry.type(description="The publication that something was done to.")
class PublicationPayload:
    publication: Publication = described("As it is now.")


@strawberry.type(description="The experience that was published.")
class PublishExperiencePayload:
    experience: Experience = described("As it is now.")


@strawberry.type(description="The comment that was written.")
class CommentPayload:
    comment: Comment = described("As it is now.")


@strawberry.type(description="The comment that was deleted.")
class DeleteCommentPayload:
    id: strawberry.ID = described("The comment's id.")
    publication: Publication = described("What it was on.")


@strawberry.type(description="The appointment that was booked.")
class BookAppointmentPayload:
    appointment: Appointment = described("As it is now.")


@strawberry.type(description="The appointment that was cancelled.")
class CancelAppointmentPayload:
    appointment: Appointment = described("As it is now.")


@strawberry.type(description="What is known of the viewer now.")
class UserInsightPayload:
    user_insight: UserInsight = described("As it is now.")


@strawberry.type(description="The user who was followed, or no longer is.")
class FollowPayload:
    user: User = described("As they are now.")


@strawberry.type(description="The organization that was made.")
class CreateOrganizationPayload:
    organization: Organization = described("As it is now.")


@strawberry.type(description="The workspace that was made.")
class CreateWorkspacePayload:
    workspace: Workspace = described("As it is now.")


@strawberry.type(description="The member who joined.")
class AddMemberPayload:
    user: User = described("Who joined.")


@strawberry.type(description="The member who left.")
class RemoveMemberPayload:
    user: User = described("Who left.")


@strawberry.type(description="The asset that was made.")
class CreateAssetPayload:
    asset: Asset = described("As it is now.")


@strawberry.type(description="The asset that was changed.")
class UpdateAssetPayload:
    asset: Asset = described("As it is now.")
