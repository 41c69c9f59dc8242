"""Links between named visitors and users: which user a visitor is, if an event named both."""

from collections.abc import Sequence
from itertools import compress
from typing import Final, NamedTuple
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from database import Bulk, bulk, delete_rows
from ingest.columns import EVENTS, LINKS
from ingest.erased_users import erased_among
from ingest.event_columns import EventColumns
from ingest.linked_visits import VisitorKey, delete_visits, visited_by
from ingest.named_events import IS_NAMED, events_of_visitors, named
from ingest.tenants import TenantRow
from ingest.topics import Topic
from models import NAMED_BYTES, VisitorLink

_TO_ANOTHER: Final = "user_id = excluded.user_id, event_id = excluded.event_id"


async def link_visitors(bulk: Bulk, events: EventColumns) -> list[VisitorKey]:
    """Links a visitor to a user if an event names both. Then the visitor is that user in all events. Returns
    the visitors that were not linked before.
    """
    if not events.have_users:
        return []
    links: dict[tuple[int, bytes], tuple[int, bytes]] = {}
    columns = (events.tenant_ids, events.visitors, events.user_ids, events.ids)
    for tenant_id, visitor, user_id, id in zip(*columns, strict=True):
        if user_id is not None and visitor is not None and len(visitor) == NAMED_BYTES:
            links.setdefault((tenant_id, visitor), (user_id, id))
    visitors = sorted(links)
    are_new = await bulk.packed.insert_new(VisitorLink, [(*key, *links[key]) for key in visitors])
    return list(compress(visitors, are_new))


class _Link(NamedTuple):
    user_id: int
    event_id: UUID | None


async def unlink_visitors(
    session: AsyncSession, tenant: TenantRow, visitors: set[bytes], gone: set[UUID]
) -> set[Topic]:
    """Ends the links that events made which are gone by now, unless another event names both, too. Returns
    the subjects to which an unlinked visitor came. The tenant must be locked alone.
    """
    links = await _made_by(session, tenant, visitors, gone)
    if not links:
        return set()
    others = await _named(session, tenant, sorted(links))
    moved = {visitor: _still(link, others[visitor]) for visitor, link in links.items() if visitor in others}
    rows = [(tenant.id, visitor, *link) for visitor, link in sorted(moved.items())]
    await (await bulk(session)).upsert(VisitorLink, rows, _TO_ANOTHER)
    ended = sorted(links.keys() - others.keys())
    await delete_rows(session, VisitorLink, [(tenant.id, visitor) for visitor in ended])
    changed = [visitor for visitor, link in moved.items() if link.user_id != links[visitor].user_id]
    subjects = await visited_by(session, tenant, [*ended, *changed])
    await delete_visits(session, tenant.id, ended)
    return subjects


async def _made_by(
    session: AsyncSession, tenant: TenantRow, visitors: set[bytes], gone: set[UUID]
) -> dict[bytes, _Link]:
    """A link that does not say which event made it may be of one that was pruned. Then it stays."""
    found = await session.execute(
        select(LINKS.visitor, LINKS.user_id, LINKS.event_id).where(
            LINKS.tenant_id == tenant.id, LINKS.visitor.in_(visitors)
        )
    )
    links = {visitor: _Link(*rest) for visitor, *rest in found}
    has_all_events = tenant.pruned_before is None
    return {
        visitor: link
        for visitor, link in links.items()
        if link.event_id in gone or (link.event_id is None and has_all_events)
    }


async def _named(
    session: AsyncSession, tenant: TenantRow, visitors: Sequence[bytes]
) -> dict[bytes, list[_Link]]:
    """The users with whom events name these visitors, each with its first such event, in their order."""
    first = func.row_number().over(
        partition_by=(EVENTS.visitor, EVENTS.user_id), order_by=(EVENTS.occurred_at, EVENTS.id)
    )
    columns = (EVENTS.visitor, EVENTS.user_id, EVENTS.id, EVENTS.occurred_at)
    each = select(*columns, first.label("place")).select_from(events_of_visitors(IS_NAMED)).subquery("each").c
    found = await session.execute(
        select(each.visitor, each.user_id, each.id)
        .where(each.place == 1)
        .order_by(each.occurred_at, each.id),
        named(tenant.id, visitors),
    )
    links = [(visitor, _Link(user_id, id)) for visitor, user_id, id in found]
    # Who is being erased stands in events for a while.
    erased = await erased_among(session, {link.user_id for _, link in links})
    of_visitors: dict[bytes, list[_Link]] = {}
    for visitor, link in links:
        if link.user_id not in erased:
            of_visitors.setdefault(visitor, []).append(link)
    return of_visitors


def _still(link: _Link, named: Sequence[_Link]) -> _Link:
    """The same user, if an event still says so. Otherwise the first one that an event says."""
    return next((one for one in named if one.user_id == link.user_id), named[0])
