"""The statements that find who came to some subjects."""

from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    TableValuedAlias,
    and_,
    bindparam,
    func,
    literal_column,
    or_,
    select,
    union_all,
)

from base.sketches import VERSION, who
from database import Statement, among, ordered_join, rows_of, table_of
from loaders.totals import ACTIVE, EVENTS, is_of
from models import ActiveUser, Day, Event, Instant, VisitorLink, VisitorSketch

SKETCHES = table_of(VisitorSketch).c
LINKS = table_of(VisitorLink).c


def _given(name: str, *columns: str) -> TableValuedAlias:
    return rows_of(name, **dict.fromkeys(columns, BigInteger())).table_valued(*columns, name="asked")


_SKETCHED = _given("sketched", "tenant_id", "subject_kind", "subject_id")
_SUBJECTS = _given("subjects", "place", "tenant_id", "subject_id")


def _is_within(start: str = "start", end: str = "end") -> ColumnElement[bool]:
    return and_(
        among(EVENTS.action, "actions"),
        EVENTS.occurred_at >= bindparam(start, type_=Instant()),
        EVENTS.occurred_at < bindparam(end, type_=Instant()),
    )


# For a visitor's few events. These conditions must not use an index: an engine that does not know how few
# events there are would go through all that happened.
_SUBJECT: ColumnElement[int] = literal_column("+events.subject_id", BigInteger())
_ACTION: ColumnElement[int] = literal_column("+events.action", BigInteger())
_happened_at = func.coalesce(EVENTS.occurred_at, EVENTS.occurred_at)
_IS_WITHIN_BUT_NOT_BY_INDEX = and_(
    among(_SUBJECT, "subject_ids"),
    among(_ACTION, "actions"),
    _happened_at >= bindparam("start", type_=Instant()),
    _happened_at < bindparam("end", type_=Instant()),
)
# These are exactly the words of the index, so that it is used.
_IS_LONE: ColumnElement[bool] = literal_column("events.user_id IS NULL AND length(events.visitor) = 16")

SKETCHES_OF_DAYS = Statement(
    select(SKETCHES.tenant_id, SKETCHES.subject_kind, SKETCHES.subject_id, SKETCHES.sketch)
    .select_from(
        ordered_join(
            _SKETCHED,
            table_of(VisitorSketch),
            and_(
                is_of(table_of(VisitorSketch), _SKETCHED),
                SKETCHES.subject_kind == _SKETCHED.c.subject_kind,
            ),
        )
    )
    .where(
        SKETCHES.day >= bindparam("first", type_=Day()),
        SKETCHES.day < bindparam("stop", type_=Day()),
        SKETCHES.version == VERSION,
    ),
    lambda *columns: columns,
)


def _seen(*ends: str) -> Select[Any]:
    return (
        select(_SUBJECTS.c.place, EVENTS.user_id, EVENTS.visitor)
        .distinct()
        .select_from(ordered_join(_SUBJECTS, table_of(Event), is_of(table_of(Event), _SUBJECTS)))
        .where(_is_within(*ends), or_(EVENTS.user_id.is_not(None), EVENTS.visitor.is_not(None)))
    )


def _who_was_seen(place: int, user_id: int | None, visitor: bytes | None) -> tuple[int, str]:
    return place, who(user_id, visitor) or ""


SEEN_WITHIN = Statement(_seen(), _who_was_seen)
SEEN_WITHIN_EITHER = Statement(union_all(_seen(), _seen("second_start", "second_end")), _who_was_seen)
"""Whoever came in both is there twice."""
LINKED = Statement(
    select(EVENTS.tenant_id, EVENTS.subject_id, LINKS.visitor, LINKS.user_id)
    .distinct()
    .select_from(
        ordered_join(
            table_of(VisitorLink),
            table_of(Event),
            and_(EVENTS.tenant_id == LINKS.tenant_id, EVENTS.visitor == LINKS.visitor, _IS_LONE),
        )
    )
    .where(among(LINKS.tenant_id, "tenants"), _IS_WITHIN_BUT_NOT_BY_INDEX),
    lambda tenant_id, subject_id, visitor, user_id: ((tenant_id, subject_id), (visitor, user_id)),
)
SIGNED_IN_UNTIL_NOW = Statement(
    select(_SUBJECTS.c.place, func.count(ACTIVE.user_id.distinct()))
    .select_from(ordered_join(_SUBJECTS, table_of(ActiveUser), is_of(table_of(ActiveUser), _SUBJECTS)))
    .where(
        ACTIVE.subject_kind == bindparam("kind", type_=BigInteger()),
        ACTIVE.last_active_at >= bindparam("start", type_=Instant()),
    )
    .group_by(_SUBJECTS.c.place),
    lambda place, count: (place, count),
)
