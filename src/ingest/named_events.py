"""Events with the names that senders gave their visitors, found by these names."""

from typing import Any, Final

from sqlalchemy import BigInteger, ColumnElement, FromClause, and_, bindparam, literal_column, true

from database import blobs_of, ordered_join, table_of, week_of, weeks_of
from ingest.columns import EVENTS
from ingest.visitors import NAMED_BYTES
from models import Event

# Exactly the words of the indexes, so that they are used.
IS_LONE: Final[ColumnElement[bool]] = literal_column("events.user_id IS NULL AND length(events.visitor) = 16")
"""Whether the visitor is named, and not signed in."""
IS_NAMED: Final[ColumnElement[bool]] = literal_column(
    "events.user_id IS NOT NULL AND length(events.visitor) = 16"
)
"""Whether the visitor is named, and signed in."""


def events_of_visitors(condition: ColumnElement[bool]) -> FromClause:
    """The events of the parameter `tenant` that name one of the parameter `visitors` and meet a condition of
    those above.
    """
    tenant = bindparam("tenant", type_=BigInteger())
    weeks: Any = weeks_of(EVENTS.occurred_at, tenant, condition).table_valued("week", name="weeks")
    asked: Any = blobs_of("visitors", NAMED_BYTES).table_valued("blob", name="asked")
    is_theirs = and_(
        EVENTS.tenant_id == tenant,
        week_of(EVENTS.occurred_at) == weeks.c.week,
        EVENTS.visitor == asked.c.blob,
        condition,
    )
    return ordered_join(ordered_join(weeks, asked, true()), table_of(Event), is_theirs)
