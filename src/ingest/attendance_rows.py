"""Who came, by raw events, and the attendances that are made of it."""

from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import BigInteger, Select, and_, bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection

from base.arrays import arrays
from base.attendance import entries, entry, packed
from database import Statement, hour_of, ordered_join, rows_of, table_of
from ingest.columns import EVENTS
from ingest.hour_rows import start_of, subjects_given
from ingest.hour_totals import FIRST_DAY
from ingest.visitor_sketches import VISITED_KINDS
from models import HOURS, Event, Instant

_CAME: Final = select(
    EVENTS.subject_id, EVENTS.action, EVENTS.user_id, hour_of(EVENTS.occurred_at)
).distinct()
_ROWS: Final = 2_000
Key = tuple[int, int, int, int]
"""A tenant, a kind, a subject, and a packed day in UTC."""


class Came(NamedTuple):
    """Somebody who did something in an hour."""

    kind: int
    subject_id: int
    user_id: int
    hour: int
    """Since 1970."""


async def attendances_within(
    connection: AsyncConnection, tenant_id: int, first: date, stop: date, subjects: Sequence[int]
) -> dict[Key, bytes]:
    """Of these subjects, from the day `first` up to, not including, the day `stop`. There may be a million
    rows.
    """
    await arrays.ready()
    gathered = _Gathered(tenant_id)
    statement = _came_to(tenant_id, start_of(first), start_of(stop))
    given, options = subjects_given(subjects), {"yield_per": _ROWS}
    async for rows in (await connection.stream(statement, given, execution_options=options)).partitions():
        gathered.add(came(rows))
    return gathered.attendances()


def _came_to(tenant_id: int, start: datetime, stop: datetime) -> Select[Any]:
    """To the subjects of the parameter `subjects`."""
    given = rows_of("subjects", subject_id=BigInteger()).table_valued("subject_id", name="given")
    within = (
        EVENTS.tenant_id == tenant_id,
        EVENTS.subject_id == given.c.subject_id,
        EVENTS.occurred_at >= start,
        EVENTS.occurred_at < stop,
    )
    rows = ordered_join(given, table_of(Event), and_(*within))
    return _CAME.select_from(rows).where(EVENTS.user_id.is_not(None))


CAME_ON: Final = Statement(
    _CAME.where(
        EVENTS.tenant_id == bindparam("tenant", type_=BigInteger()),
        EVENTS.subject_id == bindparam("subject", type_=BigInteger()),
        EVENTS.occurred_at >= bindparam("start", type_=Instant()),
        EVENTS.occurred_at < bindparam("stop", type_=Instant()),
        EVENTS.user_id.is_not(None),
    ),
    lambda *columns: columns,
)
"""The same for one subject."""


def came(rows: Iterable[Sequence[Any]]) -> Iterator[Came]:
    """To take something back is left out."""
    for subject_id, action, user_id, hour in rows:
        kind = VISITED_KINDS.get(action)
        if kind is not None:
            yield Came(kind, subject_id, user_id, hour)


def attendances(tenant_id: int, people: Iterable[Came]) -> dict[Key, bytes]:
    """Of each subject and day."""
    gathered = _Gathered(tenant_id)
    gathered.add(people)
    return gathered.attendances()


class _Gathered:
    """People of a tenant, by the subject and the day."""

    def __init__(self, tenant_id: int) -> None:
        self._tenant_id = tenant_id
        self._found: defaultdict[Key, array[int]] = defaultdict(entries)

    def add(self, people: Iterable[Came]) -> None:
        for kind, subject_id, user_id, hour in people:
            day, of_day = divmod(hour, len(HOURS))
            self._found[self._tenant_id, kind, subject_id, FIRST_DAY + day].append(entry(user_id, of_day))

    def attendances(self) -> dict[Key, bytes]:
        return {key: packed(some) for key, some in self._found.items()}
