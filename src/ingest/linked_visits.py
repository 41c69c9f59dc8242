"""Visits of people who are known by now: to which subjects a named visitor came on which days, without being
signed in, if a link says which user this visitor is.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence, Set
from datetime import date
from typing import Final

from sqlalchemy import BigInteger, and_, bindparam, delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from database import (
    Bulk,
    Lookup,
    Statement,
    among,
    blobs_of,
    bulk,
    delete_rows,
    lateral_join,
    rows_of,
    table_of,
)
from ingest.columns import EVENTS, LINKS, VISITS
from ingest.deltas import Days
from ingest.event_columns import EventColumns
from ingest.named_events import IS_LONE, events_of_visitors, named
from ingest.tenants import TenantRow
from ingest.topics import Topic
from ingest.visitor_sketches import VISITED_KINDS
from models import NAMED_BYTES, Day, LinkedVisit, SubjectKind, VisitorLink

VisitorKey = tuple[int, bytes]
"""A tenant, and the hash of a name that the tenant gave."""
_Visit = tuple[int, int, int, int, bytes]
"""The tenant, the kind and the id of the subject, the packed day, and the visitor."""
_LOCK: Final = "linked_visits"

_ASKED = rows_of("asked", tenant_id=BigInteger()).table_valued("tenant_id", name="asked")
_ANY_LINK = select(LINKS.tenant_id).where(
    LINKS.tenant_id == _ASKED.c.tenant_id, among(LINKS.tenant_id, "tenants")
)
# By the order, PostgreSQL looks into the index for it, and not through all links of others.
_WITH_LINKS: Final = Lookup(
    select(_ANY_LINK.order_by(LINKS.visitor).limit(1).scalar_subquery()).select_from(_ASKED),
    lambda tenant_id: tenant_id,
)
_NAMES = blobs_of("ids", "visitors", NAMED_BYTES).table_valued("id", "blob", name="asked")
_LINKED: Final = Lookup(
    select(LINKS.tenant_id, LINKS.visitor).select_from(
        lateral_join(
            _NAMES,
            table_of(VisitorLink),
            and_(
                LINKS.tenant_id == _NAMES.c.id,
                LINKS.visitor == _NAMES.c.blob,
                among(LINKS.tenant_id, "tenants"),
            ),
        )
    ),
    lambda tenant_id, visitor: (tenant_id, visitor),
)
_LONE: Final = Statement(
    select(EVENTS.visitor, EVENTS.subject_id, EVENTS.action, EVENTS.occurred_at).select_from(
        events_of_visitors(IS_LONE)
    ),
    lambda *columns: columns,
)
_DAYS = rows_of("days", subject_kind=BigInteger(), subject_id=BigInteger(), day=Day()).table_valued(
    "subject_kind", "subject_id", "day", name="days"
)
_ON_DAYS: Final = Statement(
    select(VISITS.subject_kind, VISITS.subject_id, VISITS.day, VISITS.visitor).select_from(
        lateral_join(
            _DAYS,
            table_of(LinkedVisit),
            and_(
                VISITS.tenant_id == bindparam("tenant", type_=BigInteger()),
                VISITS.subject_kind == _DAYS.c.subject_kind,
                VISITS.subject_id == _DAYS.c.subject_id,
                VISITS.day == _DAYS.c.day,
            ),
        )
    ),
    lambda *columns: columns,
)


async def add_linked_visits(
    bulk: Bulk,
    events: EventColumns,
    column: Sequence[int],
    days: Days,
    new_links: Collection[VisitorKey] = (),
) -> None:
    """Adds the visits of new events, which must be stored by now, and all earlier ones of visitors who were
    not linked before. `column`: the days of the events.
    """
    if NAMED_BYTES not in set(map(len, filter(None, events.visitors))):
        return
    tenants = sorted(set(events.tenant_ids))
    # One transaction may link a visitor while another one stores an event of that visitor: each would not
    # see what the other does.
    await bulk.lock(_LOCK, tenants, alone=bool(new_links))
    visits = await _visits(bulk, events, column, tenants)
    visits |= await _earlier(bulk, new_links, days)
    await bulk.packed.insert_new(LinkedVisit, sorted(visits))


async def _visits(
    bulk: Bulk, events: EventColumns, column: Sequence[int], tenants: Sequence[int]
) -> set[_Visit]:
    """Those of visitors with a link."""
    asked = [(tenant_id,) for tenant_id in tenants]
    # Most tenants have no link. This takes less than to look for each visitor.
    with_links = set(await bulk.fetch(_WITH_LINKS, asked=asked, tenants=tenants))
    if with_links == {None}:
        return set()
    visitors = _lone(events)
    ids, names = [], []
    for tenant_id, visitor in set(zip(events.tenant_ids, visitors, strict=True)):
        if visitor and len(visitor) == NAMED_BYTES and tenant_id in with_links:
            ids.append(tenant_id)
            names.append(visitor)
    linked = set(await bulk.fetch(_LINKED, ids=ids, visitors=names, tenants=tenants))
    pairs = enumerate(zip(events.tenant_ids, visitors, strict=True))
    places = [place for place, pair in pairs if pair in linked]
    return set(_at(events, column, places))


def _lone(events: EventColumns) -> Sequence[bytes | None]:
    """The visitors who were not signed in."""
    if not events.have_users:
        return events.visitors
    pairs = zip(events.visitors, events.user_ids, strict=True)
    return [visitor if user_id is None else None for visitor, user_id in pairs]


def _at(events: EventColumns, column: Sequence[int], places: Sequence[int]) -> Iterator[_Visit]:
    for place in places:
        kind, visitor = VISITED_KINDS.get(events.actions[place]), events.visitors[place]
        if kind is not None and visitor is not None:
            yield events.tenant_ids[place], kind, events.subject_ids[place], column[place], visitor


async def _earlier(bulk: Bulk, links: Collection[VisitorKey], days: Days) -> set[_Visit]:
    visitors: defaultdict[int, list[bytes]] = defaultdict(list)
    for tenant_id, visitor in links:
        visitors[tenant_id].append(visitor)
    visits: set[_Visit] = set()
    for tenant_id, names in visitors.items():
        for visitor, subject_id, action, at in await bulk.fetch(_LONE, **named(tenant_id, names)):
            if (kind := VISITED_KINDS.get(action)) is not None:
                visits.add((tenant_id, kind, subject_id, days.of(tenant_id, at).toordinal(), visitor))
    return visits


async def visited_by(session: AsyncSession, tenant: TenantRow, visitors: Sequence[bytes]) -> set[Topic]:
    found = await session.execute(
        select(VISITS.subject_kind, VISITS.subject_id)
        .distinct()
        .where(VISITS.tenant_id == tenant.id, VISITS.visitor.in_(visitors))
    )
    return {Topic(SubjectKind(kind), id) for kind, id in found}


async def delete_visits(session: AsyncSession, tenant_id: int, visitors: Sequence[bytes]) -> None:
    """Of visitors whose link ends. The tenant must be locked alone, or these visits: see `lock_visits`."""
    await session.execute(
        delete(table_of(LinkedVisit)).where(VISITS.tenant_id == tenant_id, VISITS.visitor.in_(visitors))
    )


async def lock_visits(session: AsyncSession, tenant_id: int) -> None:
    """From now on, nobody adds visits until the transaction ends."""
    await (await bulk(session)).lock(_LOCK, [tenant_id], alone=True)


async def mend_visits(
    session: AsyncSession, tenant: TenantRow, seen: Mapping[tuple[int, int, date], Set[str]]
) -> None:
    """Deletes the visits of whoever is not among those who are left. `seen`: the kind and the id of a
    subject, and a day, with all its visitors as texts (see `base.sketches`).
    """
    writer = await bulk(session)
    found = await writer.fetch(_ON_DAYS, tenant=tenant.id, days=list(seen))
    gone = [(tenant.id, *key, visitor) for *key, visitor in found if visitor.hex() not in seen[tuple(key)]]
    await delete_rows(session, LinkedVisit, gone)
