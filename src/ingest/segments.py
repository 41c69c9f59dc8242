"""Segments of the index by which SQLite finds the events of named visitors: see `database.segments`."""

from collections import Counter
from collections.abc import Sequence
from typing import Final, NamedTuple

from cachetools import LRUCache
from sqlalchemy import BigInteger, bindparam, func, select

from database import Bulk, Statement
from ingest.columns import EVENTS
from ingest.event_columns import EventColumns
from ingest.named_events import HAS_NAME
from models import NAMED_BYTES

_EVENTS_FOR_EACH: Final = 512
"""A segment takes so many events for each segment that the tenant has. So a tenant with 4 times as many
events has twice as many segments, in each of which a name is looked for, and they are twice as large.
"""
_TENANTS: Final = 10_000
"""The newest segment is remembered of so many, at most: of those who sent events last."""


class _Newest(NamedTuple):
    number: int
    room: int
    """How many events it can still take."""


def _newest(newest: int | None, oldest: int | None, events: int) -> _Newest:
    """The one that the next event comes into. `events`: how many there are in the newest one."""
    if newest is None or oldest is None:
        return _Newest(1, _EVENTS_FOR_EACH)
    segments = newest - oldest + 1
    room = _EVENTS_FOR_EACH * segments - events
    return _Newest(newest, room) if room > 0 else _Newest(newest + 1, _EVENTS_FOR_EACH * (segments + 1))


_OF_TENANT: Final = (EVENTS.tenant_id == bindparam("tenant", type_=BigInteger()), HAS_NAME)
_LAST = select(func.max(EVENTS.segment)).where(*_OF_TENANT).scalar_subquery()
_FIRST = select(func.min(EVENTS.segment)).where(*_OF_TENANT).scalar_subquery()
_IN_LAST = select(func.count()).where(*_OF_TENANT, EVENTS.segment == _LAST).scalar_subquery()
_STORED: Final = Statement(select(_LAST, _FIRST, _IN_LAST), _newest)


class Segments:
    """The newest segment of each tenant, as this process knows it. Other processes may fill it, too. Then it
    becomes larger than it should, and nothing else comes of that.
    """

    def __init__(self) -> None:
        self._of_tenants: LRUCache[int, _Newest] = LRUCache(_TENANTS)

    async def column(self, bulk: Bulk, events: EventColumns) -> Sequence[int | None]:
        """The segments of new events. An event without a name may have one, too. One that turns out to be
        stored, or is undone, takes up room until the table is asked again.
        """
        if bulk.dialect_name != "sqlite":
            return [None] * events.size
        pairs = zip(events.tenant_ids, events.visitors, strict=True)
        named = Counter(id for id, visitor in pairs if visitor and len(visitor) == NAMED_BYTES)
        if not named:
            return [None] * events.size
        numbers = {id: await self._number(bulk, id, count) for id, count in named.items()}
        return list(map(numbers.get, events.tenant_ids))

    async def _number(self, bulk: Bulk, tenant_id: int, events: int) -> int:
        newest = self._of_tenants.get(tenant_id)
        if newest is None or newest.room <= 0:
            (newest,) = await bulk.fetch(_STORED, tenant=tenant_id)
        self._of_tenants[tenant_id] = newest._replace(room=newest.room - events)
        return newest.number
