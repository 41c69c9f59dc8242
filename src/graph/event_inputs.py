"""Events, as callers send them."""

from datetime import datetime

import strawberry

from graph.enums import DeviceCategory
from graph.event_subjects import EventSubject
from graph.fields import described
from graph.inputs import optional
from ingest.wire import WireAction


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
