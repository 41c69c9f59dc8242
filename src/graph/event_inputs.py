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
        "Something that happened, as a tenant's own server reports it: it may say when, where and who. "
        "A device that is not named counts as not recognised."
    )
)
class EventInput:
    subject: EventSubject = described(
        "What it happened to. What does not belong to the caller is dropped as UNKNOWN_SUBJECT."
    )
    action: WireAction = described("What happened to the subject.")
    id: strawberry.ID | None = optional(
        "A UUID, by which the server recognises a retry (version 7 sorts well); the server makes one when it "
        "is absent. An event whose id of version 7 was made more than a day before the event, or lies ahead "
        "of now, is dropped as ID_OF_ANOTHER_TIME."
    )
    occurred_at: datetime | None = optional(
        "When it happened; when absent, the time inside an id of version 7, otherwise now. A time up to 5 "
        "minutes ahead counts as now; an event that is further ahead is dropped as IN_THE_FUTURE."
    )
    view_id: strawberry.ID | None = optional(
        "A UUID: the view that this event starts or belongs to. Interactions of one view count as one "
        "engaged view."
    )
    device_category: DeviceCategory | None = optional(
        "The kind of device that it came from; when absent, the device counts as not recognised."
    )
    domain: str | None = optional(
        "The site that it came from, such as `example.com`. Of a URL only the host is kept. Once as many "
        "sites as are told apart were seen on the subject's day, a further one counts under `(other)`."
    )
    visitor: str | None = optional(
        "The caller's own stable name for the person, who is one unique visitor: before and after signing "
        "in, too, where `userId` is also given. Only a keyed hash of the name is stored. Placeholders count "
        "as no name: an empty text, null, undefined, a UUID of zeros and the like."
    )
    user_id: strawberry.ID | None = optional(
        "The person's global id, if the person is a user of this service: then they count among monthly "
        "active users."
    )
    sent_at: datetime | None = optional(
        "When it is sent, by the clock that `occurredAt` and `id` come from: a new time for each try. Where "
        "it differs from the time of arrival by more than a minute, that clock is wrong, and the time of "
        "the event is corrected by the difference: see `clockCorrection`. Beyond 31 days the event is "
        "dropped as WRONG_CLOCK. A server that sends events which it kept for a while leaves this out."
    )
