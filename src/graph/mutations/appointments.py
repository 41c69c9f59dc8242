from datetime import datetime
from typing import Annotated

import strawberry

from auth.viewer import TokenScope
from graph.fields import argument, described, mutation
from graph.info import Info
from graph.types.interaction import Appointment
from graph.types.payloads import BookAppointmentPayload, CancelAppointmentPayload
from resolvers import appointments


@strawberry.input(
    description="An appointment with the makers of a publication: from `startsAt` up to `endsAt`."
)
class BookAppointmentInput:
    publication_id: strawberry.ID = described(
        "The global id of the publication whose makers are booked; it has to allow bookings."
    )
    starts_at: datetime = described("The first instant of the slot, not before now.")
    ends_at: datetime = described(
        "The end of the slot, which is not part of it: the next slot may start then. At most 24 hours "
        "after the start, unless the server is set otherwise."
    )


@strawberry.type
class AppointmentMutations:
    """Appointments with makers."""

    @mutation(TokenScope.USER)
    async def book_appointment(
        self,
        info: Info,
        input: Annotated[BookAppointmentInput, argument("Which slot to book, and with whose makers.")],
    ) -> BookAppointmentPayload | None:
        """Books a slot with the makers of a publication. CONFLICT if it overlaps an appointment that is
        not cancelled. BAD_USER_INPUT if the publication allows no bookings."""
        row = await appointments.book(
            info.context, input.publication_id, starts_at=input.starts_at, ends_at=input.ends_at
        )
        return BookAppointmentPayload(appointment=Appointment.of(row))

    @mutation(TokenScope.USER)
    async def cancel_appointment(
        self, info: Info, id: Annotated[strawberry.ID, argument("The appointment's global id.")]
    ) -> CancelAppointmentPayload | None:
        """Cancels an appointment. The user who booked it may do so, and the owner and co-creators of the
        publication. A second time changes nothing."""
        return CancelAppointmentPayload(
            appointment=Appointment.of(await appointments.cancel(info.context, id))
        )
