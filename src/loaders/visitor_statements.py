"""The statements that find who came to some subjects."""

from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    Subquery,
    TableValuedAlias,
    and_,
    bindparam,
    func,
    or_,
    select,
    union_all,
)

from base.sketches import VERSION, who
from database import Statement, among, lateral_join, ordered_join, rows_of, table_of
from loaders.totals import ACTIVE, EVENTS, is_of
from models import NAMED_BYTES, ActiveUser, Day, Event, Instant, LinkedVisit, VisitorLink, VisitorSketch

SKETCHES = table_of(VisitorSketch).c
LINKS = table_of(VisitorLink).c
VISITS = table_of(LinkedVisit).c
Link = tuple[bytes, int]
"""A named visitor, and the user that this visitor is."""


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
        select(_SUBJECTS.c.place, EVENTS.tenant_id, EVENTS.user_id, EVENTS.visitor)
        .distinct()
        .select_from(ordered_join(_SUBJECTS, table_of(Event), is_of(table_of(Event), _SUBJECTS)))
        .where(_is_within(*ends), or_(EVENTS.user_id.is_not(None), EVENTS.visitor.is_not(None)))
    )


def _is_link_of(visitors: Any) -> ColumnElement[bool]:
    """The condition has the tenants as a list, too, as `is_of` has."""
    return and_(
        LINKS.tenant_id == visitors.c.tenant_id,
        LINKS.visitor == visitors.c.visitor,
        among(LINKS.tenant_id, "tenants"),
    )


def _with_links(seen: Subquery) -> Select[Any]:
    # Nobody else has a link, and need not be looked for.
    is_lone = and_(seen.c.user_id.is_(None), func.length(seen.c.visitor) == NAMED_BYTES)
    linked_to = select(LINKS.user_id).where(is_lone, _is_link_of(seen)).scalar_subquery()
    return select(seen.c.place, seen.c.user_id, seen.c.visitor, linked_to).select_from(seen)


class Seen(NamedTuple):
    place: int
    who: str
    link: Link | None
    """Of a named visitor who was not signed in, and is known as a user by now."""


def _seen_one(place: int, user_id: int | None, visitor: bytes | None, linked_to: int | None) -> Seen:
    link = None if linked_to is None or visitor is None else (visitor, linked_to)
    return Seen(place, who(user_id, visitor) or "", link)


SEEN_WITHIN = Statement(_with_links(_seen().subquery("seen")), _seen_one)
SEEN_WITHIN_EITHER = Statement(
    _with_links(union_all(_seen(), _seen("second_start", "second_end")).subquery("seen")), _seen_one
)
"""Whoever came in both is there twice."""


def _visitors_with_links() -> Subquery:
    is_visit = and_(
        is_of(table_of(LinkedVisit), _SUBJECTS),
        VISITS.subject_kind == bindparam("kind", type_=BigInteger()),
        VISITS.day >= bindparam("first", type_=Day()),
        VISITS.day < bindparam("stop", type_=Day()),
    )
    return (
        select(_SUBJECTS.c.place, VISITS.tenant_id, VISITS.visitor)
        .distinct()
        .select_from(lateral_join(_SUBJECTS, table_of(LinkedVisit), is_visit))
        .subquery("linked")
    )


_LINKED = _visitors_with_links()
LINKED_ON_DAYS = Statement(
    select(_LINKED.c.place, LINKS.visitor, LINKS.user_id).select_from(
        lateral_join(_LINKED, table_of(VisitorLink), _is_link_of(_LINKED))
    ),
    lambda place, *link: (place, link),
)
"""Named visitors who came without being signed in, and are known as users by now."""
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
