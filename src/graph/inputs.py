"""What callers send. An optional field that is left out, or null, changes nothing."""

from datetime import datetime
from typing import Any

import strawberry

from graph.enums import DeviceCategory, OrderDirection, PublicationOrderField
from graph.fields import described
from graph.scalars import BigInt, RangeBound
from ingest.wire import WireAction
from models import AssetFormatType, ExperienceType, Role, SourceType


def optional(description: str, default: Any = None) -> Any:
    field = strawberry.field(description=description, default=default)
    if default is None:
        # Absent and null mean the same: the schema need not say `= null`.
        field.default_value = strawberry.UNSET
    return field


@strawberry.input(description="From one bound to another: both are included, to the second.")
class DateRange:
    start: RangeBound = described("An instant, a local time in the asked time zone, or a day's start.")
    end: RangeBound = described("An instant, a local time in the asked time zone, or a day, all of it.")


@strawberry.input(description="One way to name a user.", one_of=True)
class UserBy:
    id: strawberry.ID | None = described("The user's global id.")
    username: str | None = described("The user's unique name.")


@strawberry.input(description="How publications are sorted.")
class PublicationOrder:
    field: PublicationOrderField = described("What they are sorted by.")
    direction: OrderDirection = described("Which end comes first.")


@strawberry.input(description="An account's email and password.")
class PasswordInput:
    email: str = described("In upper or lower case.")
    password: str = described("As it was set.")


@strawberry.input(description="One way to sign in.", one_of=True)
class LoginInput:
    password: PasswordInput | None = described("By email and password.")
    authentication_key: str | None = described("By an authentication key, made for programs.")


@strawberry.input(description="A key by which a program signs in.")
class CreateAuthenticationKeyInput:
    name: str = described("What the key is for, to tell it from others; at most 100 characters.")
    days: int = optional("How many days it is good for, from 1 to 730.", 90)


@strawberry.input(description="A new publication.")
class CreatePublicationInput:
    name: str = described("At most 200 characters.")
    custom_url: str = described("Unique; 3 to 100 characters: a-z, 0-9 and hyphens, but none at its ends.")
    allow_bookings: bool = optional("Whether appointments with its makers can be booked.", False)


@strawberry.input(description="What to change of a publication.")
class UpdatePublicationInput:
    id: strawberry.ID = described("The publication's global id.")
    name: str | None = optional("At most 200 characters.")
    custom_url: str | None = optional(
        "Unique; 3 to 100 characters: a-z, 0-9 and hyphens, but none at its ends."
    )
    allow_bookings: bool | None = optional("Whether appointments with its makers can be booked.")


@strawberry.input(description="A new experience of a publication.")
class PublishExperienceInput:
    publication_id: strawberry.ID = described("Where it is published.")
    type: ExperienceType = described("What kind of experience it is.")
    title: str = described("At most 200 characters.")


@strawberry.input(description="A comment on a publication.")
class CommentInput:
    publication_id: strawberry.ID = described("What it is on.")
    body: str = described("At most 5,000 characters.")


@strawberry.input(
    description="An appointment with the makers of a publication: from `startsAt` up to `endsAt`."
)
class BookAppointmentInput:
    publication_id: strawberry.ID = described("Whose makers are booked.")
    starts_at: datetime = described("In the future.")
    ends_at: datetime = described("Not included, so the next one may start then; at most 24 hours later.")


@strawberry.input(description="A work of a user, by where it is published.")
class WorkKey:
    user_id: strawberry.ID = described("Whose work it is.")
    source_type: SourceType = described("Where it is published.")
    item_id: str = described("YouTube video id or SoundCloud track id.")


@strawberry.input(description="What an event happened to.", one_of=True)
class EventSubject:
    publication_id: strawberry.ID | None = described("A publication of which the caller is a maker.")
    asset_id: strawberry.ID | None = described("An asset in a workspace that the caller may enter.")
    profile_user_id: strawberry.ID | None = described("The caller's own profile, by the user's id.")
    work: WorkKey | None = described("A work of the caller's.")


@strawberry.input(
    description=(
        "Something that happened, as told by a tenant's own server: it may say when, where and who. "
        "A device that is not named is not recognised."
    )
)
class EventInput:
    subject: EventSubject = described("What it happened to.")
    action: WireAction = described("What happened.")
    id: strawberry.ID | None = optional(
        "A UUID by which a retry is known (version 7 sorts well); made by the server when absent."
    )
    occurred_at: datetime | None = optional(
        "When it happened; when absent, the time inside an id of version 7, else now. Up to 5 minutes ahead "
        "counts as now."
    )
    view_id: strawberry.ID | None = optional("A UUID: the view that this event starts or belongs to.")
    device_category: DeviceCategory | None = optional("The kind of device it came from.")
    domain: str | None = optional("The site it came from, such as `example.com`.")
    visitor: str | None = optional("The caller's own stable name for the person, hashed before it is stored.")
    user_id: strawberry.ID | None = optional(
        "The person, when it is a user of this service: counted among monthly active users."
    )


@strawberry.input(description="A work of the viewer's.")
class WorkInput:
    item_id: str = described("YouTube video id or SoundCloud track id.")
    source_type: SourceType = described("Where it is published.")
    is_individual_work: bool = described("Whether the viewer made it alone.")
    in_app_plays: BigInt = optional("How often it was played here before its plays were events.", BigInt(0))


@strawberry.input(description="What the viewer tells of themselves. What is left out stays as it is.")
class UserInsightInput:
    has_about: bool | None = optional("Whether the profile has a text about the user.")
    number_of_roles: int | None = optional("How many roles the user has played.")
    number_of_acts: int | None = optional("How many acts the user has performed.")
    profile_views: BigInt | None = optional("How often the profile was opened until now.")
    profile_searches: BigInt | None = optional("How often a search has found the profile until now.")
    connects: BigInt | None = optional("How many friends the user has.")
    facebook_page_id: BigInt | None = optional("The number of the user's Facebook page.")
    twitter_handle: str | None = optional("With or without an @; letters, digits and _, at most 15.")
    instagram_handle: str | None = optional("With or without an @; letters, digits, . and _, at most 30.")
    works: list[WorkInput] | None = optional("All of the user's works: those not in it are removed.")


@strawberry.input(description="A new organization.")
class CreateOrganizationInput:
    name: str = described("At most 200 characters.")


@strawberry.input(description="A new workspace.")
class CreateWorkspaceInput:
    organization_id: strawberry.ID = described("What it is a part of.")
    name: str = described("At most 200 characters.")


@strawberry.input(description="A new member of an organization.")
class AddMemberInput:
    organization_id: strawberry.ID = described("The organization.")
    user_id: strawberry.ID = described("Who joins it.")
    role: Role = optional("What the member may do.", Role.MEMBER)
    workspace_ids: list[strawberry.ID] | None = optional(
        "The workspaces that a MEMBER may enter; owners and admins enter all."
    )


@strawberry.input(description="A member who leaves an organization.")
class RemoveMemberInput:
    organization_id: strawberry.ID = described("The organization.")
    user_id: strawberry.ID = described("Who leaves it.")


@strawberry.input(description="An optimized file of a 3D model.")
class AssetFormatInput:
    type: AssetFormatType = described("What it is.")
    url: str = described("Where it is: http or https.")
    size_bytes: BigInt | None = optional("Its size, where it is known.")


@strawberry.input(description="A new asset.")
class CreateAssetInput:
    workspace_id: strawberry.ID = described("Where it belongs.")
    name: str = described("At most 200 characters.")
    formats: list[AssetFormatInput] | None = optional("The optimized files of its 3D model.")
    domains: list[str] | None = optional(
        "The only sites from which its events count, such as `example.com`; none named, all."
    )


@strawberry.input(description="What to change of an asset.")
class UpdateAssetInput:
    id: strawberry.ID = described("The asset's global id.")
    name: str | None = optional("At most 200 characters.")
    formats: list[AssetFormatInput] | None = optional("All of its files: those not in it are removed.")
    domains: list[str] | None = optional("All of its sites: those not in it are removed; empty, all count.")
