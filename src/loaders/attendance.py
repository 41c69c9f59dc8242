"""How many different signed-in people came within a span that is over.

Whole hours of folded days are read from attendances. All others, and parts of hours, are read from events.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from functools import cache
from itertools import compress
from typing import Any, Final, NamedTuple

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    LargeBinary,
    Select,
    SmallInteger,
    and_,
    bindparam,
    case,
    cast,
    literal_column,
    null,
    select,
    union_all,
)

from base.arrays import arrays
from base.attendance import Named, People, hours_within, numbers_of_people
from base.calendar import CutEdges, Piece, Span, cut_at_hours
from base.sketches import ALL_SUBJECTS
from base.time_units import DAY
from database import Database, Statement, among, later_of, ordered_join, rows_of, seeking_join, table_of
from loaders.totals import ATTENDANCES, EVENTS, asked_subjects, is_of
from models import HOURS, Attendance, Day, Event, FoldedHours, Instant, SubjectKind

_FIRST_DAY, _LAST_DAY, _DAY_BETWEEN = 1, 2, 0
_WHOLE: Final = hours_within(0, len(HOURS))


class Attended(NamedTuple):
    """Subjects of which it is asked who came to any of them."""

    tenant_id: int
    kind: SubjectKind
    subjects: tuple[int, ...]
    has_all: bool = False
    """Whether these are all subjects of the tenant. Then one attendance a day has all of them."""

    @property
    def attendances(self) -> list[tuple[int, int, int]]:
        """The tenant, the kind, and the subject of each."""
        if self.has_all:
            return [(self.tenant_id, *ALL_SUBJECTS)]
        return [(self.tenant_id, int(self.kind), id) for id in self.subjects]


async def numbers_attended(
    database: Database, asked: Sequence[Attended], actions: Sequence[int], span: Span, today: date
) -> list[int]:
    """One for each of `asked`. `today` is in UTC: no day from it on is folded yet."""
    await arrays.ready()
    cut = cut_at_hours([Piece(0, *span)], today)
    runs = await database.fetch_columns(
        _statement(bool(cut.hours), len(cut.rest)),
        lambda columns: [_Run(*columns)],
        tenants=list({one.tenant_id for one in asked}),
        attendances=[(place, *key) for place, one in enumerate(asked) for key in one.attendances],
        subjects=[(one.tenant_id, id, place) for place, one in enumerate(asked) for id in one.subjects],
        actions=list(actions),
        **_limits(cut),
    )
    return _counted(runs, _hours(cut), len(asked))


def _counted(runs: Sequence["_Run"], hours: Mapping[int, int], groups: int) -> list[int]:
    attended, named = People([], [], []), Named([], [])
    for run in runs:
        are_attended = [people is not None for people in run.people]
        attended.groups.extend(compress(run.places, are_attended))
        attended.hours.extend(map(hours.__getitem__, compress(run.parts, are_attended)))
        attended.people.extend(people for people in run.people if people is not None)
        are_named = [user_id is not None for user_id in run.user_ids]
        named.groups.extend(compress(run.places, are_named))
        named.user_ids.extend(user_id for user_id in run.user_ids if user_id is not None)
    return numbers_of_people(attended, named, groups)


class _Run(NamedTuple):
    """Some rows, as columns: each has people or a user."""

    places: Sequence[int]
    parts: Sequence[int]
    people: Sequence[bytes | None]
    user_ids: Sequence[int | None]


def _limits(cut: CutEdges) -> dict[str, date | datetime]:
    """The parameters that say when."""
    limits: dict[str, date | datetime] = {}
    for piece in cut.hours:
        limits.update(first_day=piece.start.date(), last_day=_last_day(piece))
    for piece in cut.unfolded:
        limits.update(start=piece.start, stop=piece.end)
    for number, piece in enumerate(cut.rest):
        limits |= {f"start_{number}": piece.start, f"stop_{number}": piece.end}
    return limits


def _last_day(piece: Piece[datetime]) -> date:
    """The day of the last whole hour."""
    return piece.end.date() if piece.end.hour else piece.end.date() - DAY


def _hours(cut: CutEdges) -> dict[int, int]:
    """The bits of the hours that are asked for: of the first day, of the last one, and of those between."""
    hours = dict.fromkeys((_FIRST_DAY, _LAST_DAY, _DAY_BETWEEN), _WHOLE)
    for piece in cut.hours:
        stop = piece.end.hour or len(HOURS)
        if piece.start.date() == _last_day(piece):
            hours[_FIRST_DAY] = hours_within(piece.start.hour, stop)
        else:
            hours[_FIRST_DAY] = hours_within(piece.start.hour, len(HOURS))
            hours[_LAST_DAY] = hours_within(0, stop)
    return hours


@cache
def _statement(has_hours: bool, rests: int) -> Statement[Any]:
    """`rests`: how many parts of hours there are."""
    selects = [_within(bindparam(f"start_{n}", type_=Instant()), f"stop_{n}") for n in range(rests)]
    if has_hours:
        selects += [_in_attendances(), _unfolded()]
    return Statement(union_all(*selects), lambda *columns: columns)


def _in_attendances() -> Select[Any]:
    types = dict.fromkeys(("place", "tenant_id", "subject_kind", "subject_id"), BigInteger())
    asked = rows_of("attendances", **types).table_valued(*types, name="attended")
    folded = table_of(FoldedHours)
    those = asked.join(
        folded, and_(folded.c.tenant_id == asked.c.tenant_id, among(folded.c.tenant_id, "tenants"))
    )
    is_it = and_(
        ATTENDANCES.tenant_id == asked.c.tenant_id,
        ATTENDANCES.subject_kind == asked.c.subject_kind,
        ATTENDANCES.subject_id == asked.c.subject_id,
        among(ATTENDANCES.tenant_id, "tenants"),
        ATTENDANCES.day >= bindparam("first_day", type_=Day()),
        ATTENDANCES.day <= bindparam("last_day", type_=Day()),
        ATTENDANCES.day < folded.c.before,
    )
    part = case(
        (ATTENDANCES.day == bindparam("first_day", type_=Day()), _number(_FIRST_DAY)),
        (ATTENDANCES.day == bindparam("last_day", type_=Day()), _number(_LAST_DAY)),
        else_=_number(_DAY_BETWEEN),
    )
    nobody = cast(null(), BigInteger).label("user_id")
    return select(asked.c.place, part.label("part"), ATTENDANCES.people, nobody).select_from(
        seeking_join(those, table_of(Attendance), is_it)
    )


def _unfolded() -> Select[Any]:
    """The same hours, and later days, where they are not folded."""
    asked = asked_subjects("unfolded_asked", "place")
    folded = table_of(FoldedHours).alias("of_tenant")
    of_tenant = and_(folded.c.tenant_id == asked.c.tenant_id, among(folded.c.tenant_id, "tenants"))
    start = bindparam("start", type_=Instant())
    first = later_of(start, folded.c.before)
    stop = bindparam("stop", type_=Instant())
    # The condition without a column of another table lets PostgreSQL leave out partitions.
    when = (EVENTS.occurred_at >= first, EVENTS.occurred_at >= start, EVENTS.occurred_at < stop, first < stop)
    return _named(asked, asked.outerjoin(folded, of_tenant), *when)


def _within(start: Any, stop: str) -> Select[Any]:
    asked = asked_subjects(f"{stop}_asked", "place")
    return _named(
        asked, asked, EVENTS.occurred_at >= start, EVENTS.occurred_at < bindparam(stop, type_=Instant())
    )


def _named(asked: Any, rows: Any, *when: ColumnElement[bool]) -> Select[Any]:
    """Who is named by events, once."""
    return (
        select(
            asked.c.place,
            _number(_DAY_BETWEEN).label("part"),
            cast(null(), LargeBinary).label("people"),
            EVENTS.user_id,
        )
        .distinct()
        .select_from(ordered_join(rows, table_of(Event), is_of(table_of(Event), asked)))
        .where(EVENTS.user_id.is_not(None), among(EVENTS.action, "actions"), *when)
    )


def _number(value: int) -> ColumnElement[int]:
    return literal_column(str(value), SmallInteger())
