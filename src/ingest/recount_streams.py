"""A tenant's raw events and totals as sorted streams, for a recount."""

from typing import Any, NamedTuple

from sqlalchemy import BigInteger, ColumnElement, Select, Subquery, and_, cast, exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from database import ordered_join, table_of
from ingest.columns import ACTIVE, DAYS, EVENTS, IMPORTED, LINKS, MONTHS, SKETCHES, VIEWS, VISITS
from ingest.named_events import IS_LONE
from ingest.recount import RecountScope
from ingest.sorted_stream import SortedStream
from models import (
    TAKES_BACK,
    Action,
    EngagedView,
    Event,
    SubjectKind,
    VisitorLink,
)

_SKETCHES_AT_A_TIME = 200


class SubjectStreams(NamedTuple):
    """Each stream is sorted by subject."""

    events: SortedStream[int]
    engaged: SortedStream[int]
    imported: SortedStream[int]
    """Totals that are imported without events."""
    active: SortedStream[int]
    stored_days: SortedStream[int]
    stored_months: SortedStream[int]
    stored_active: SortedStream[int]
    visits: SortedStream[int]
    """Of named visitors who are known as users, and were not signed in."""
    stored_visits: SortedStream[int]
    stored_sketches: tuple[SortedStream[int], ...]
    """One for each kind of subject."""

    @classmethod
    async def read(cls, connection: AsyncConnection, scope: RecountScope) -> "SubjectStreams":
        return cls(
            await SortedStream.read(connection, _events(scope)),
            await SortedStream.read(connection, _engaged(scope)),
            await SortedStream.read(connection, _imported(scope)),
            await SortedStream.read(connection, _active(scope)),
            await SortedStream.read(connection, _stored_days(scope)),
            await SortedStream.read(connection, _stored_months(scope)),
            await SortedStream.read(connection, _stored_active(scope)),
            await SortedStream.read(connection, _visits(scope)),
            await SortedStream.read(connection, _stored_visits(scope)),
            tuple([await _sketches_of_kind(connection, scope, kind) for kind in SubjectKind]),
        )

    def all(self) -> list[SortedStream[int]]:
        return [*self[:-1], *self.stored_sketches]


def _events(scope: RecountScope) -> Select[Any]:
    columns = (
        EVENTS.subject_id,
        EVENTS.action,
        EVENTS.occurred_at,
        EVENTS.device,
        EVENTS.domain_id,
        EVENTS.user_id,
        EVENTS.visitor,
    )
    return (
        select(*columns)
        .where(EVENTS.tenant_id == scope.tenant.id, *_within(EVENTS.occurred_at, scope.start, scope.end))
        .order_by(EVENTS.subject_id, EVENTS.occurred_at)
    )


def _engaged(scope: RecountScope) -> Select[Any]:
    """Views in which people interacted, as events at their first interaction."""
    first = first_interactions(scope).c
    columns = (first.subject_id, first.occurred_at, first.device, first.domain_id)
    return (
        select(*columns)
        .where(*_within(first.occurred_at, scope.start, scope.end))
        .order_by(first.subject_id, first.occurred_at)
    )


def _imported(scope: RecountScope) -> Select[Any]:
    """All sources together."""
    key = (IMPORTED.subject_id, IMPORTED.action, IMPORTED.day, IMPORTED.device, IMPORTED.domain_id)
    return (
        select(*key, cast(func.sum(IMPORTED.count), BigInteger))
        .where(IMPORTED.tenant_id == scope.tenant.id, *_within(IMPORTED.day, scope.first, scope.stop))
        .group_by(*key)
        .order_by(IMPORTED.subject_id)
    )


def first_interactions(scope: RecountScope) -> Subquery:
    """The first interaction of each view, unless it is among pruned events."""
    placed = _placed_interactions(scope)
    rows = placed.c
    statement = select(
        rows.view_id, rows.subject_id, rows.event_id, rows.occurred_at, rows.device, rows.domain_id
    ).where(rows.place == 1)
    if scope.tenant.pruned_before:
        known = (VIEWS.tenant_id == scope.tenant.id) & (VIEWS.view_id == rows.view_id)
        statement = statement.select_from(placed.outerjoin(table_of(EngagedView), known)).where(
            or_(VIEWS.occurred_at.is_(None), VIEWS.occurred_at >= scope.tenant.kept_from)
        )
    return statement.subquery()


def _placed_interactions(scope: RecountScope) -> Subquery:
    """The interactions that are kept, with their places within their views, from 1."""
    place = func.row_number().over(partition_by=EVENTS.view_id, order_by=(EVENTS.occurred_at, EVENTS.id))
    return (
        select(
            EVENTS.view_id,
            EVENTS.subject_id,
            EVENTS.id.label("event_id"),
            EVENTS.occurred_at,
            EVENTS.device,
            EVENTS.domain_id,
            place.label("place"),
        )
        .where(
            EVENTS.tenant_id == scope.tenant.id,
            EVENTS.action == Action.INTERACTION,
            EVENTS.view_id.is_not(None),
            EVENTS.occurred_at >= scope.tenant.kept_from,
        )
        .subquery()
    )


def _active(scope: RecountScope) -> Select[Any]:
    """When each signed-in person last did each action, among the events that are kept."""
    return (
        select(EVENTS.subject_id, EVENTS.action, EVENTS.user_id, func.max(EVENTS.occurred_at))
        .where(
            EVENTS.tenant_id == scope.tenant.id,
            EVENTS.user_id.is_not(None),
            EVENTS.action.not_in(TAKES_BACK),
            EVENTS.occurred_at >= scope.tenant.kept_from,
        )
        .group_by(EVENTS.subject_id, EVENTS.action, EVENTS.user_id)
        .order_by(EVENTS.subject_id)
    )


def _stored_days(scope: RecountScope) -> Select[Any]:
    """The days in scope, and all other days of the months in scope."""
    first, stop = min(scope.first, scope.first_month), max(scope.stop, scope.stop_month)
    return (
        select(DAYS.subject_id, DAYS.action, DAYS.day, DAYS.device, DAYS.domain_id, DAYS.count)
        .where(DAYS.tenant_id == scope.tenant.id, *_within(DAYS.day, first, stop))
        .order_by(DAYS.subject_id)
    )


def _stored_months(scope: RecountScope) -> Select[Any]:
    return (
        select(MONTHS.subject_id, MONTHS.action, MONTHS.month, MONTHS.device, MONTHS.domain_id, MONTHS.count)
        .where(
            MONTHS.tenant_id == scope.tenant.id, *_within(MONTHS.month, scope.first_month, scope.stop_month)
        )
        .order_by(MONTHS.subject_id)
    )


def _stored_active(scope: RecountScope) -> Select[Any]:
    return (
        select(ACTIVE.subject_id, ACTIVE.subject_kind, ACTIVE.user_id, ACTIVE.last_active_at)
        .where(ACTIVE.tenant_id == scope.tenant.id)
        .order_by(ACTIVE.subject_id)
    )


def _visits(scope: RecountScope) -> Select[Any]:
    link = and_(LINKS.tenant_id == EVENTS.tenant_id, LINKS.visitor == EVENTS.visitor)
    # Most tenants have no link. So nobody has to look for one of each event.
    has_links = exists().where(LINKS.tenant_id == scope.tenant.id)
    return (
        select(EVENTS.subject_id, EVENTS.action, EVENTS.occurred_at, EVENTS.visitor)
        .select_from(ordered_join(table_of(Event), table_of(VisitorLink), link))
        .where(
            EVENTS.tenant_id == scope.tenant.id,
            IS_LONE,
            EVENTS.action.not_in(TAKES_BACK),
            *_within(EVENTS.occurred_at, scope.start, scope.end),
            has_links,
        )
        .order_by(EVENTS.subject_id)
    )


def _stored_visits(scope: RecountScope) -> Select[Any]:
    return (
        select(VISITS.subject_id, VISITS.subject_kind, VISITS.day, VISITS.visitor)
        .where(VISITS.tenant_id == scope.tenant.id, *_within(VISITS.day, scope.first, scope.stop))
        .order_by(VISITS.subject_id)
    )


async def _sketches_of_kind(
    connection: AsyncConnection, scope: RecountScope, kind: SubjectKind
) -> SortedStream[int]:
    statement = stored_sketches(scope, kind).order_by(SKETCHES.subject_id)
    return await SortedStream.read(connection, statement, at_a_time=_SKETCHES_AT_A_TIME)


def stored_sketches(scope: RecountScope, kind: int) -> Select[Any]:
    columns = (SKETCHES.subject_id, SKETCHES.subject_kind, SKETCHES.day, SKETCHES.version, SKETCHES.sketch)
    return select(*columns).where(
        SKETCHES.tenant_id == scope.tenant.id,
        SKETCHES.subject_kind == kind,
        *_within(SKETCHES.day, scope.first, scope.stop),
    )


class ViewStreams(NamedTuple):
    """Engaged views, sorted by their ids. Neither stream has those whose first interaction is not kept."""

    counted: SortedStream[Any]
    stored: SortedStream[Any]

    @classmethod
    async def read(cls, connection: AsyncConnection, scope: RecountScope) -> "ViewStreams":
        first = first_interactions(scope).c
        stored = (
            select(
                VIEWS.view_id,
                VIEWS.subject_id,
                VIEWS.event_id,
                VIEWS.occurred_at,
                VIEWS.device,
                VIEWS.domain_id,
            )
            .where(VIEWS.tenant_id == scope.tenant.id, VIEWS.occurred_at >= scope.tenant.kept_from)
            .order_by(VIEWS.view_id)
        )
        return cls(
            await SortedStream.read(connection, select(*first).order_by(first.view_id)),
            await SortedStream.read(connection, stored),
        )


def _within(column: Any, start: Any, stop: Any) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return column >= start, column < stop
