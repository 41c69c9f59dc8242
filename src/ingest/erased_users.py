"""Events that name a person who was erased a short time ago. Whoever took them in may have remembered the
person.
"""

from collections.abc import Collection, Mapping
from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from database import Bulk, Lookup, among, table_of
from ingest.event_columns import EventColumns
from ingest.tenants import TenantRow
from models import DeletedKind, Deletion

_DELETIONS: Final = table_of(Deletion).c
_ERASED: Final = Lookup(
    select(_DELETIONS.object_id).where(
        _DELETIONS.kind == int(DeletedKind.ACCOUNT), among(_DELETIONS.object_id, "ids")
    ),
    int,
)
ALL_ERASED: Final = Lookup(
    select(_DELETIONS.object_id).where(_DELETIONS.kind == int(DeletedKind.ACCOUNT)), int
)
"""All who were erased a short time ago."""


async def erased_among(session: AsyncSession, users: Collection[int]) -> set[int]:
    """Those of the users who were erased a short time ago."""
    erased = select(_DELETIONS.object_id).where(
        _DELETIONS.kind == int(DeletedKind.ACCOUNT), _DELETIONS.object_id.in_(users)
    )
    return set(await session.scalars(erased))


async def without_erased(bulk: Bulk, events: EventColumns, tenants: Mapping[int, TenantRow]) -> EventColumns:
    """Their events are those of nobody, also those under a name that a tenant gave the person.

    The list of deletions has them for an hour after the last event that named them was renamed.
    """
    if not events.have_users or not any(tenant.users_erased for tenant in tenants.values()):
        return events
    users = sorted({id for id in events.user_ids if id is not None})
    erased = set(await bulk.fetch(_ERASED, ids=users))
    if not erased:
        return events
    return events._replace(
        user_ids=[None if id in erased else id for id in events.user_ids],
        visitors=[
            None if id in erased else visitor
            for id, visitor in zip(events.user_ids, events.visitors, strict=True)
        ],
    )
