"""Appointments with the makers of a publication. A slot does not include its end, and slots never overlap."""

from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from base.errors import BadUserInput, Conflict
from base.ids import Kind, uuid7
from ingest.store import store
from loaders.publications import AppointmentByPublicId, AppointmentRow, PublicationById, PublicationRow
from models import Action, Appointment, Publication, User
from resolvers.context import Context
from resolvers.ids import find, find_publication, no_such
from resolvers.makers import as_written, event_on, is_maker, refresh_for_makers
from resolvers.quotas import require_within_quota


async def book(
    context: Context, publication_id: str, *, starts_at: datetime, ends_at: datetime
) -> AppointmentRow:
    user_id = context.viewer.required_user_id()
    publication = await find_publication(context, publication_id)
    _check_bookable(publication)
    _check_slot(context, starts_at, ends_at)
    appointment = Appointment(
        public_id=uuid7(context.now),
        publication_id=publication.id,
        user_id=user_id,
        starts_at=starts_at,
        ends_at=ends_at,
        created_at=context.now,
    )
    async with context.writing() as session:
        # A request that books at the same time waits here, and then sees this booking.
        await _require_within_quota(context, session, user_id, publication)
        await _require_free(session, publication, starts_at, ends_at)
        await refresh_for_makers(context, session, publication)
        session.add(appointment)
        await session.flush()
        await store(session, [event_on(context, publication, Action.BOOK, context.now)])
    return await as_written(context, AppointmentByPublicId, appointment.public_id)


async def _require_free(
    session: AsyncSession, publication: PublicationRow, starts_at: datetime, ends_at: datetime
) -> None:
    overlapping = select(col(Appointment.id)).where(
        col(Appointment.publication_id) == publication.id,
        col(Appointment.cancelled_at).is_(None),
        col(Appointment.starts_at) < ends_at,
        col(Appointment.ends_at) > starts_at,
    )
    if (await session.execute(overlapping.limit(1))).first():
        raise Conflict("This slot overlaps one that is booked already.")


async def cancel(context: Context, id: str) -> AppointmentRow:
    """The user who booked it may do so, and the makers of the publication. A second time changes nothing."""
    context.viewer.required_user_id()
    appointment = await find_appointment(context, id)
    publication = await _publication_of(context, appointment)
    async with context.writing() as session:
        await refresh_for_makers(context, session, publication)
        statement = (
            update(Appointment)
            .where(col(Appointment.id) == appointment.id, col(Appointment.cancelled_at).is_(None))
            .values(cancelled_at=context.now)
        )
        if (await session.execute(statement.returning(col(Appointment.id)))).all():
            taken_back = event_on(
                context, publication, Action.CANCEL, appointment.created_at, appointment.user_id
            )
            await store(session, [taken_back])
    return await as_written(context, AppointmentByPublicId, appointment.public_id)


async def find_appointment(context: Context, id: str) -> AppointmentRow:
    """Raises NOT_FOUND for everybody except the user who booked it and the makers of the publication."""
    row = await find(Kind.APPOINTMENT, id, context.loaders[AppointmentByPublicId].load)
    is_booker = context.viewer.person_id == row.user_id
    if not is_booker and not await is_maker(context, await _publication_of(context, row)):
        raise no_such(Kind.APPOINTMENT)
    return row


async def _publication_of(context: Context, appointment: AppointmentRow) -> PublicationRow:
    publication = await context.loaders[PublicationById].load(appointment.publication_id)
    assert publication is not None
    return publication


def _check_bookable(publication: PublicationRow) -> None:
    if not publication.allow_bookings:
        raise BadUserInput(
            "This publication takes no bookings.", argument="publicationId", reason="BOOKINGS_NOT_ALLOWED"
        )


async def _require_within_quota(
    context: Context, session: AsyncSession, user_id: int, publication: PublicationRow
) -> None:
    quotas = context.limits.quotas
    standing = select(col(Appointment.id)).where(
        col(Appointment.user_id) == user_id,
        col(Appointment.cancelled_at).is_(None),
        col(Appointment.ends_at) > context.now,
    )
    await require_within_quota(
        session, User, user_id, standing, quotas.appointments, "appointments of yours that are not over"
    )
    await require_within_quota(
        session,
        Publication,
        publication.id,
        standing.where(col(Appointment.publication_id) == publication.id),
        quotas.appointments_of_publication,
        "appointments of yours with these makers that are not over",
    )


def _check_slot(context: Context, starts_at: datetime, ends_at: datetime) -> None:
    hours = context.limits.quotas.appointment_hours
    if starts_at < context.now:
        raise BadUserInput("A slot starts in the future.", argument="startsAt", reason="IN_THE_PAST")
    if not timedelta(0) < ends_at - starts_at <= timedelta(hours=hours):
        raise BadUserInput(
            f"A slot ends after it starts, within {hours} hours.", argument="endsAt", reason="INVALID_SLOT"
        )
