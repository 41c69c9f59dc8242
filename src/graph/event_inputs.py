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
        "Something that happened, as your own server reports it. It may say when and where it happened, "
        "and who did it."
    )
)
class EventInput:
    subject: EventSubject = described(
        "What it happened to. An event on something that does not belong to the caller is dropped as "
        "UNKNOWN_SUBJECT."
    )
    action: WireAction = described("What happened to the subject.")
    id: strawberry.ID | None = optional(
        "A UUID by which the server recognises a retry; version 7 is best, because it sorts well. When "
        "absent, the server makes one. The time in an id of version 7 must not be in the future, or more "
        "than a day before the event: otherwise the event is dropped as ID_OF_ANOTHER_TIME."
    )
    occurred_at: datetime | None = optional(
        "When it happened. When absent, it is the time inside an id of version 7, otherwise now. A time up "
        "to 5 minutes ahead counts as now; an event that is further ahead is dropped as IN_THE_FUTURE."
    )
    view_id: strawberry.ID | None = optional(
        "A UUID: the view that this event starts or belongs to. Interactions of one view count as one "
        "engaged view."
    )
    device_category: DeviceCategory | None = optional(
        "The kind of device that the event came from. When absent, the device counts as not recognised."
    )
    domain: str | None = optional(
        "The site that the event came from, such as `example.com`. Of a URL only the host is kept. A "
        "subject has a limited number of sites a day; events from further sites count under `(other)`."
    )
    visitor: str | None = optional(
        "Your own stable name for the person. All events with the same name are one unique visitor, also "
        "before and after signing in, if `userId` is given, too. Only a keyed hash of the name is stored. "
        "Placeholders count as no name: an empty text, null, undefined, a UUID of zeros and the like."
    )
    user_id: strawberry.ID | None = optional(
        "The person's global id, if the person is a user of this service. Then the person counts among "
        "monthly active users."
    )
    sent_at: datetime | None = optional(
        "When the event is sent, by the clock that `occurredAt` and `id` come from; set it anew for each "
        "try. If it differs from the time of arrival by more than a minute, that clock is wrong, and the "
        "time of the event is corrected by the difference: see `clockCorrection`. If it differs by more "
        "than 31 days, the event is dropped as WRONG_CLOCK. A server that sends events which it kept for a "
        "while leaves this out."
    )
