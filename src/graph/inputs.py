"""What callers send. An optional field that is left out, or null, changes nothing."""

from datetime import datetime
from typing import Any

import strawberry

from graph.enums import DeviceCategory, OrderDirection, PublicationOrderField
from graph.event_subjects import EventSubject
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


@strawberry.input(
    description="From one bound to another. Both are included, to the second: an end of 23:59:59 includes "
    "23:59:59.999. BAD_USER_INPUT where it ends before it starts, or covers more days than "
    "`limits.maxRangeDays`."
)
class DateRange:
    start: RangeBound = described(
        "An instant, a local time in the asked time zone, or a day: from its start."
    )
    end: RangeBound = described("An instant, a local time in the asked time zone, or a day: all of it.")


@strawberry.input(description="One way to name a user: exactly one is given.", one_of=True)
class UserBy:
    id: strawberry.ID | None = described("The user's global id.")
    username: str | None = described("The user's unique name.")


@strawberry.input(description="How publications are sorted.")
class PublicationOrder:
    field: PublicationOrderField = described("What they are sorted by.")
    direction: OrderDirection = described("Which end of that comes first.")


@strawberry.input(description="An account's email and password.")
class PasswordInput:
    email: str = described("The account's email, in upper or lower case.")
    password: str = described("The account's password, exactly as it was set.")


@strawberry.input(description="One way to sign in: exactly one is given.", one_of=True)
class LoginInput:
    password: PasswordInput | None = described("By email and password.")
    authentication_key: str | None = described(
        "By the secret of an authentication key, for programs: see `createAuthenticationKey`."
    )


@strawberry.input(description="A key by which a program signs in.")
class CreateAuthenticationKeyInput:
    name: str = described("What the key is for, to tell it from others: 1 to 100 characters.")
    days: int = optional("How many days of 24 hours it is good for, from 1 to 730.", 90)


@strawberry.input(description="A new publication, of which the viewer will be the owner.")
class CreatePublicationInput:
    name: str = described("1 to 200 characters; blanks around them are dropped.")
    custom_url: str = described(
        "Its name in addresses: 3 to 100 of a-z, 0-9 and hyphens, but no hyphen at its ends. CONFLICT when "
        "it is another publication's."
    )
    allow_bookings: bool = optional("Whether appointments with its makers can be booked.", False)


@strawberry.input(description="What to change of a publication. What is left out or null stays as it is.")
class UpdatePublicationInput:
    id: strawberry.ID = described("The publication's global id.")
    name: str | None = optional("1 to 200 characters; blanks around them are dropped.")
    custom_url: str | None = optional(
        "Its name in addresses: 3 to 100 of a-z, 0-9 and hyphens, but no hyphen at its ends. CONFLICT when "
        "it is another publication's."
    )
    allow_bookings: bool | None = optional("Whether appointments with its makers can be booked.")


@strawberry.input(description="A new experience of a publication.")
class PublishExperienceInput:
    publication_id: strawberry.ID = described("The global id of the publication that offers it.")
    type: ExperienceType = described("What kind of experience it is.")
    title: str = described("1 to 200 characters; blanks around them are dropped.")


@strawberry.input(description="A comment on a publication.")
class CommentInput:
    publication_id: strawberry.ID = described("The global id of the publication that it is on.")
    body: str = described("Plain text: 1 to 5,000 characters; blanks around them are dropped.")


@strawberry.input(
    description="An appointment with the makers of a publication: from `startsAt` up to `endsAt`."
)
class BookAppointmentInput:
    publication_id: strawberry.ID = described(
        "The global id of the publication whose makers are booked; it has to allow bookings."
    )
    starts_at: datetime = described("The first instant of the slot, not before now.")
    ends_at: datetime = described(
        "The end of the slot, which is not part of it: the next one may start then. At most 24 hours later, "
        "unless the server is set otherwise."
    )


@strawberry.input(
    description=(
        "Something that happened, as told by a tenant's own server: it may say when, where and who. "
        "A device that is not named is not recognised."
    )
)
class EventInput:
    subject: EventSubject = described(
        "What it happened to. Not the caller's own: dropped as UNKNOWN_SUBJECT."
    )
    action: WireAction = described("What happened to the subject.")
    id: strawberry.ID | None = optional(
        "A UUID by which a retry is known (version 7 sorts well); made by the server when absent. One of "
        "version 7 that was made more than a day before the event, or ahead of now, is dropped as "
        "ID_OF_ANOTHER_TIME."
    )
    occurred_at: datetime | None = optional(
        "When it happened; when absent, the time inside an id of version 7, else now. Up to 5 minutes ahead "
        "counts as now, more is dropped as IN_THE_FUTURE."
    )
    view_id: strawberry.ID | None = optional(
        "A UUID: the view that this event starts or belongs to. Interactions of one view count as one "
        "engaged view."
    )
    device_category: DeviceCategory | None = optional(
        "The kind of device it came from; not recognised when absent."
    )
    domain: str | None = optional(
        "The site it came from, such as `example.com`. Of an address, all but the host is dropped. Beyond as "
        "many as are told apart on the subject's day, it counts under `(other)`."
    )
    visitor: str | None = optional(
        "The caller's own stable name for the person: one unique visitor, also before and after they sign in "
        "where `userId` is named, too. Only a keyed hash of it is stored. What stands where there is no name "
        "is none: an empty text, null, undefined, a UUID of zeros and the like."
    )
    user_id: strawberry.ID | None = optional(
        "The person's global id, where it is a user of this service: counted among monthly active users."
    )
    sent_at: datetime | None = optional(
        "When it was sent, by the clock that `occurredAt` and `id` are of: anew each time that it is sent. "
        "Where it came more than a minute from then, that clock is wrong, and the time is put right by "
        "the difference: see `clockCorrection`. Beyond 31 days it is dropped as WRONG_CLOCK. Left out by a "
        "server that passes on what it kept."
    )


@strawberry.input(description="A work of the viewer's.")
class WorkInput:
    item_id: str = described("YouTube video id or SoundCloud track id, at most 200 characters.")
    source_type: SourceType = described("Where it is published.")
    is_individual_work: bool = described("Whether the viewer made it alone.")
    in_app_plays: BigInt = optional(
        "How often it was played here until now, at most 10^12; later events PLAY add to it. When left out "
        "it is 0, also for a work that was there already.",
        BigInt(0),
    )


@strawberry.input(description="What the viewer tells of themselves. What is left out stays as it is.")
class UserInsightInput:
    has_about: bool | None = optional("Whether the profile has a text about the user.")
    number_of_roles: int | None = optional("How many roles the user has played.")
    number_of_acts: int | None = optional("How many acts the user has performed.")
    profile_views: BigInt | None = optional(
        "How often the profile was opened until now, at most 10^12; later events PROFILE_VIEW add to it."
    )
    profile_searches: BigInt | None = optional(
        "How often a search has found the profile until now, at most 10^12; later events PROFILE_SEARCH add "
        "to it."
    )
    connects: BigInt | None = optional("How many friends the user has, at most 10^12.")
    facebook_page_id: BigInt | None = optional(
        "The number of the user's Facebook page, from 1. After a change, followers are null until Facebook "
        "tells them."
    )
    twitter_handle: str | None = optional(
        "On X, once Twitter, with or without an @: 1 to 15 letters, digits and _. After a change, followers "
        "are null until X tells them."
    )
    instagram_handle: str | None = optional(
        "On Instagram, with or without an @: 1 to 30 letters, digits, . and _. After a change, followers "
        "are null until Instagram tells them."
    )
    works: list[WorkInput] | None = optional(
        "All of the user's works, at most 500: those not in it are removed."
    )


@strawberry.input(description="A new organization, of which the viewer will be the owner.")
class CreateOrganizationInput:
    name: str = described("1 to 200 characters; blanks around them are dropped.")


@strawberry.input(description="A new workspace of an organization.")
class CreateWorkspaceInput:
    organization_id: strawberry.ID = described("The global id of the organization that it is a part of.")
    name: str = described("1 to 200 characters; blanks around them are dropped.")


@strawberry.input(description="A new member of an organization, and what the member may do.")
class AddMemberInput:
    organization_id: strawberry.ID = described("The organization's global id.")
    user_id: strawberry.ID = described("The global id of the user who joins it.")
    role: Role = optional(
        "What the member may do. OWNER is given by owners alone, else FORBIDDEN.", Role.MEMBER
    )
    workspace_ids: list[strawberry.ID] | None = optional(
        "The global ids of the workspaces that a MEMBER may enter; none when left out. Owners and admins "
        "enter all."
    )


@strawberry.input(description="A member who leaves an organization.")
class RemoveMemberInput:
    organization_id: strawberry.ID = described("The organization's global id.")
    user_id: strawberry.ID = described("The global id of the user who leaves it.")


@strawberry.input(description="An optimized file of a 3D model.")
class AssetFormatInput:
    type: AssetFormatType = described("What kind of file it is.")
    url: str = described("Where it is: http or https, at most 2,000 characters.")
    size_bytes: BigInt | None = optional("Its size in bytes, where it is known.")


@strawberry.input(description="A new asset of a workspace.")
class CreateAssetInput:
    workspace_id: strawberry.ID = described("The global id of the workspace that it belongs to.")
    name: str = described("1 to 200 characters; blanks around them are dropped.")
    formats: list[AssetFormatInput] | None = optional(
        "The optimized files of its 3D model, at most 100; none when left out."
    )
    domains: list[str] | None = optional(
        "The only sites from which its events count, such as `example.com`: at most 100, each with the other "
        "names that `domainAliases` has for it; `*.example.com` is all sites below that one. All sites when "
        "empty or left out. An empty text is no site: INVALID_DOMAIN."
    )


@strawberry.input(description="What to change of an asset. What is left out or null stays as it is.")
class UpdateAssetInput:
    id: strawberry.ID = described("The asset's global id.")
    name: str | None = optional("1 to 200 characters; blanks around them are dropped.")
    formats: list[AssetFormatInput] | None = optional(
        "All of its files, at most 100: those not in it are removed."
    )
    domains: list[str] | None = optional(
        "All of the sites from which its events count, at most 100, as for a new one: those not in it are "
        "removed. Empty, all count."
    )


@strawberry.input(description="Another name of a site.")
class DomainAliasInput:
    domain: str = described(
        "A site such as `shop.example.com`; `*.example.com` for all sites below one; or www.*, with the "
        "name *, for any site with www. before it. Of several that fit, the most exact counts."
    )
    name: str = described("The site that it is shown as, and asked for by. It is none of the other names.")


@strawberry.input(description="All other names of the sites of an organization.")
class SetDomainAliasesInput:
    organization_id: strawberry.ID = described("The organization's global id.")
    aliases: list[DomainAliasInput] = described("At most 100. Those not in it are removed.")


@strawberry.input(description="All other names of the sites of the viewer.")
class SetOwnDomainAliasesInput:
    aliases: list[DomainAliasInput] = described("At most 100. Those not in it are removed.")
