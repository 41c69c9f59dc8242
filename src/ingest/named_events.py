"""Events with the names that senders gave their visitors, found by these names."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import BigInteger, ColumnElement, FromClause, and_, bindparam, literal_column, true

from database import blobs_of, indexed_join, ordered_join, table_of, week_of, weeks_of
from ingest.columns import EVENTS
from ingest.event_columns import EventColumns
from models import NAMED_BYTES, Event

_MANY: Final = 500
"""For fewer names, an order is not worth its time."""
# Exactly the words of the indexes, so that they are used.
IS_LONE: Final[ColumnElement[bool]] = literal_column("events.user_id IS NULL AND length(events.visitor) = 16")
"""Whether the visitor is named, and not signed in."""
IS_NAMED: Final[ColumnElement[bool]] = literal_column(
    "events.user_id IS NOT NULL AND length(events.visitor) = 16"
)
"""Whether the visitor is named, and signed in."""


def events_of_visitors(condition: ColumnElement[bool]) -> FromClause:
    """The events of a tenant that name one of some visitors, and meet a condition of those above. `named`
    makes the parameters.
    """
    tenant = bindparam("tenant", type_=BigInteger())
    weeks: Any = weeks_of(EVENTS.occurred_at, tenant, condition).table_valued("week", name="weeks")
    asked: Any = blobs_of("tenants", "visitors", NAMED_BYTES).table_valued("id", "blob", name="asked")
    is_theirs = and_(
        EVENTS.tenant_id == tenant,
        week_of(EVENTS.occurred_at) == weeks.c.week,
        EVENTS.visitor == asked.c.blob,
        condition,
    )
    index = "ix_events_visitor" if condition is IS_LONE else "ix_events_named"
    return indexed_join(ordered_join(weeks, asked, true()), table_of(Event), is_theirs, index)


def named(tenant_id: int, visitors: Sequence[bytes]) -> dict[str, Any]:
    return {"tenant": tenant_id, "tenants": [tenant_id] * len(visitors), "visitors": visitors}


def by_names(events: EventColumns) -> list[int] | None:
    """The places of events in the order of the indexes by name; None if few events have one.

    The names of a batch are spread over the whole index of the week, which is larger than the processor's
    cache. In its order, a page of it is looked for once.
    """
    names = [name if name and len(name) == NAMED_BYTES else b"" for name in events.visitors]
    if len(names) - names.count(b"") < _MANY:
        return None
    by_name = sorted(range(len(names)), key=names.__getitem__)
    return sorted(by_name, key=events.tenant_ids.__getitem__)
