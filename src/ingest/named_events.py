"""Events with the names that senders gave their visitors, found by these names."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import BigInteger, ColumnElement, FromClause, and_, bindparam, literal_column, true

from database import blobs_of, indexed_join, ordered_join, segment_of, segments_of, table_of
from ingest.columns import EVENTS
from models import NAMED_BYTES, Event

# Exactly the words of the indexes, so that they are used.
HAS_NAME: Final[ColumnElement[bool]] = literal_column("length(events.visitor) = 16")
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
    segments: Any = segments_of(EVENTS.segment, tenant, HAS_NAME).table_valued("segment", name="segments")
    asked: Any = blobs_of("tenants", "visitors", NAMED_BYTES).table_valued("id", "blob", name="asked")
    is_theirs = and_(
        EVENTS.tenant_id == tenant,
        segment_of(EVENTS.segment).is_not_distinct_from(segments.c.segment),
        EVENTS.visitor == asked.c.blob,
        condition,
    )
    each = ordered_join(segments, asked, true())
    return indexed_join(each, table_of(Event), is_theirs, "ix_events_segment")


def named(tenant_id: int, visitors: Sequence[bytes]) -> dict[str, Any]:
    return {"tenant": tenant_id, "tenants": [tenant_id] * len(visitors), "visitors": visitors}
