"""Takes stored events out of the database, and out of every total that has them."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from base.packed import packed_instant
from base.sketches import sketching, who
from base.time_units import DAY
from database import Bulk, bulk, delete_rows, table_of
from ingest.attendance import AttendedDay, mend_attendances
from ingest.columns import ACTIVE, EVENTS, VIEWS
from ingest.deltas import Days, TotalKey, total_deltas
from ingest.fold_claims import end_fold
from ingest.hour_totals import Happened, change_hours
from ingest.imported_totals import change_totals
from ingest.mended_people import SubjectDay, mend_sketches
from ingest.publication_revisions import raise_revisions
from ingest.recount import AsStored, stored_event
from ingest.tenants import TenantRow
from ingest.topics import Topic, touch
from ingest.visitor_links import unlink_visitors
from models import (
    SUBJECT_OF,
    TAKES_BACK,
    Action,
    ActiveUser,
    EngagedView,
    Event,
    SubjectKind,
)

_LATER: Final = "last_active_at = excluded.last_active_at"
_MOVED: Final = ", ".join(
    f"{name} = excluded.{name}" for name in ("subject_id", "event_id", "occurred_at", "device", "domain_id")
)


class StoredEvent(NamedTuple):
    id: UUID
    subject_id: int
    action: int
    device: int
    domain_id: int
    occurred_at: datetime
    view_id: UUID | None
    user_id: int | None
    visitor: bytes | None

    @property
    def kind(self) -> SubjectKind:
        return SUBJECT_OF[Action(self.action)]

    @property
    def place(self) -> tuple[int, datetime]:
        return self.subject_id, self.occurred_at


STORED_COLUMNS: Final = tuple(EVENTS[name] for name in StoredEvent._fields)


def subject_days(tenant: TenantRow, events: Iterable[StoredEvent]) -> list[SubjectDay]:
    """The day of each event, at its subject."""
    days = Days({tenant.id: tenant.zone})
    return [SubjectDay(one.kind, one.subject_id, days.of(tenant.id, one.occurred_at)) for one in events]


async def remove_events(
    session: AsyncSession,
    tenant: TenantRow,
    events: Sequence[StoredEvent],
    nexts: Sequence[StoredEvent] = (),
) -> None:
    """The tenant must be locked alone. `nexts` are removed next: what people there were on their days is left
    to that. All subjects together are left to `mend_days`.

    The next interaction of an engaged view is looked for within a day. `rebuild` finds later ones.
    """
    await sketching.ready()
    writer = await bulk(session)
    subjects = {Topic(one.kind, one.subject_id) for one in events}
    touch(session, *subjects)
    await raise_revisions(writer, sorted(id for kind, id in subjects if kind is SubjectKind.PUBLICATION))
    gone = [one.id for one in events]
    await session.execute(delete(table_of(Event)).where(EVENTS.tenant_id == tenant.id, EVENTS.id.in_(gone)))
    days = Days({tenant.id: tenant.zone})
    changes: Counter[TotalKey] = Counter()
    changes.subtract(total_deltas((_counted(tenant, one) for one in events), days, AsStored()))
    engaged = await _engaged(session, writer, tenant, events)
    changes.update(_by_day(tenant, engaged, days))
    await change_totals(session, writer, Counter({key: n for key, n in changes.items() if n}))
    await change_hours(session, tenant, _no_longer(tenant, events, engaged))
    await _last_active(session, writer, tenant, events)
    await _unlink(session, writer, tenant, events)
    await mend_sketches(session, writer, tenant, sorted(_seen(tenant, events) - _seen(tenant, nexts)))
    await _mend_attendances(session, tenant, _came(tenant, events), _came(tenant, nexts))


def _came(tenant: TenantRow, events: Sequence[StoredEvent]) -> set[AttendedDay]:
    """The folded days on which signed-in people came."""
    if tenant.hours_before is None:
        return set()
    days = (
        AttendedDay(one.kind, one.subject_id, one.occurred_at.astimezone(UTC).date())
        for one in events
        if one.user_id is not None and one.action not in TAKES_BACK
    )
    return {one for one in days if one.day < tenant.hours_before}


async def _mend_attendances(
    session: AsyncSession, tenant: TenantRow, gone: set[AttendedDay], nexts: set[AttendedDay]
) -> None:
    if gone:
        # Its snapshot still has them.
        await end_fold(session, tenant, max(one.day for one in gone))
        await mend_attendances(session, tenant, gone - nexts)


async def _unlink(
    session: AsyncSession, writer: Bulk, tenant: TenantRow, events: Sequence[StoredEvent]
) -> None:
    """A visitor whom only these events named as a user is another one again, wherever the visitor came."""
    named = {one.visitor for one in events if one.visitor and one.user_id is not None}
    if not named:
        return
    subjects = await unlink_visitors(session, tenant, named, {one.id for one in events})
    touch(session, *subjects)
    await raise_revisions(writer, sorted(id for kind, id in subjects if kind is SubjectKind.PUBLICATION))


def _seen(tenant: TenantRow, events: Sequence[StoredEvent]) -> set[SubjectDay]:
    """The days with visitors."""
    days = zip(subject_days(tenant, events), events, strict=True)
    return {day for day, one in days if who(one.user_id, one.visitor)}


def _counted(tenant: TenantRow, one: StoredEvent) -> Any:
    return stored_event(tenant.id, one.subject_id, one.action, one.occurred_at, one.device, one.domain_id)


class _Engaged(NamedTuple):
    """Rows of engaged views, with the columns after the view's id."""

    counted: list[Sequence[Any]]
    gone: list[Sequence[Any]]


def _no_longer(tenant: TenantRow, events: Sequence[StoredEvent], engaged: _Engaged) -> Iterator[Happened]:
    for one in events:
        at = packed_instant(one.occurred_at)
        yield Happened(tenant.id, one.subject_id, one.action, at, one.device, one.domain_id, -1)
    for rows, number in ((engaged.counted, 1), (engaged.gone, -1)):
        for subject_id, _, at, device, domain_id in rows:
            place = (packed_instant(at), device, domain_id)
            yield Happened(tenant.id, subject_id, int(Action.ENGAGED_VIEW), *place, number)


async def _engaged(
    session: AsyncSession, writer: Bulk, tenant: TenantRow, events: Sequence[StoredEvent]
) -> _Engaged:
    """Views whose first interaction is gone have the next one now, or none."""
    gone = {one.id for one in events if one.action == Action.INTERACTION}
    views = {one.view_id for one in events if one.id in gone and one.view_id}
    if not views:
        return _Engaged([], [])
    table = table_of(EngagedView)
    known = await session.execute(select(table).where(VIEWS.tenant_id == tenant.id, VIEWS.view_id.in_(views)))
    firsts = {row.view_id: row for row in known if row.event_id in gone}
    nexts = await _next_interactions(session, tenant, firsts)
    moved = [(tenant.id, view, *nexts[view]) for view in firsts if view in nexts]
    await writer.upsert(EngagedView, sorted(moved), _MOVED)
    await delete_rows(session, EngagedView, [(tenant.id, view) for view in firsts if view not in nexts])
    return _Engaged([row[2:] for row in moved], [tuple(row)[2:] for row in firsts.values()])


def _by_day(tenant: TenantRow, engaged: _Engaged, days: Days) -> Counter[TotalKey]:
    changes: Counter[TotalKey] = Counter()
    changes.subtract(_view_key(tenant, row, days) for row in engaged.gone)
    changes.update(_view_key(tenant, row, days) for row in engaged.counted)
    return changes


async def _next_interactions(
    session: AsyncSession, tenant: TenantRow, firsts: dict[UUID, Any]
) -> dict[UUID, tuple[Any, ...]]:
    """By view: the columns of an engaged view after its id."""
    if not firsts:
        return {}
    instants = [row.occurred_at for row in firsts.values()]
    columns = (EVENTS.subject_id, EVENTS.id, EVENTS.occurred_at, EVENTS.device, EVENTS.domain_id)
    found = await session.execute(
        select(EVENTS.view_id, *columns)
        .where(
            EVENTS.tenant_id == tenant.id,
            EVENTS.subject_id.in_({row.subject_id for row in firsts.values()}),
            EVENTS.occurred_at.between(min(instants), max(instants) + DAY),
            EVENTS.action == int(Action.INTERACTION),
            EVENTS.view_id.in_(firsts),
        )
        .order_by(EVENTS.occurred_at.desc(), EVENTS.id.desc())
    )
    # The first of a view comes last, and stays.
    return {view: tuple(row) for view, *row in found}


def _view_key(tenant: TenantRow, row: Sequence[Any], days: Days) -> TotalKey:
    subject_id, _, at, device, domain_id = row
    day = days.of(tenant.id, at)
    return TotalKey(tenant.id, subject_id, int(Action.ENGAGED_VIEW), day, device, domain_id)


async def _last_active(
    session: AsyncSession, writer: Bulk, tenant: TenantRow, events: Sequence[StoredEvent]
) -> None:
    """Finds the last activity anew of those whose last one may be gone."""
    gone: dict[tuple[int, int, int], datetime] = {}
    for one in events:
        if one.user_id is not None and one.action not in TAKES_BACK:
            key = (int(one.kind), one.subject_id, one.user_id)
            gone[key] = max(gone.get(key, one.occurred_at), one.occurred_at)
    if not gone:
        return
    subjects, users = {key[1] for key in gone}, {key[2] for key in gone}
    stored = await session.execute(
        select(ACTIVE.subject_kind, ACTIVE.subject_id, ACTIVE.user_id, ACTIVE.last_active_at).where(
            ACTIVE.tenant_id == tenant.id, ACTIVE.subject_id.in_(subjects), ACTIVE.user_id.in_(users)
        )
    )
    doubtful = {tuple(key) for *key, at in stored if tuple(key) in gone and at <= gone[tuple(key)]}
    left: dict[tuple[int, ...], datetime] = {}
    found = await session.execute(
        select(EVENTS.action, EVENTS.subject_id, EVENTS.user_id, func.max(EVENTS.occurred_at))
        .where(
            EVENTS.tenant_id == tenant.id,
            EVENTS.subject_id.in_({key[1] for key in doubtful}),
            EVENTS.user_id.in_({key[2] for key in doubtful}),
            EVENTS.action.not_in(TAKES_BACK),
        )
        .group_by(EVENTS.action, EVENTS.subject_id, EVENTS.user_id)
    )
    for action, subject_id, user_id, at in found:
        key = (int(SUBJECT_OF[Action(action)]), subject_id, user_id)
        left[key] = max(left.get(key, at), at)
    rows = sorted((tenant.id, *key, left[key]) for key in doubtful if key in left)
    await writer.upsert(ActiveUser, rows, _LATER)
    await delete_rows(session, ActiveUser, [(tenant.id, *key) for key in doubtful if key not in left])
