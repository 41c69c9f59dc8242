"""Explains numbers of different people: who is in the tables, and whom raw events name."""

from asyncio import gather
from datetime import UTC, timedelta
from typing import NamedTuple

from base.calendar import AFTER_LAST_DAY, Piece, Span, cut_at_hours, start_of_day
from base.sketches import ALL_SUBJECTS
from base.time_units import DAY, MICROSECOND
from figures.folds import ActiveUsers, done_to
from loaders.attendance import Attended, numbers_attended
from loaders.evidence import ActiveSince, PeopleWithin, Table
from loaders.sketches import AttendanceRows, SketchesKey, SketchRows
from loaders.visitors import VisitorsKey, VisitorsOfSubjects
from models import Action
from resolvers.context import Context
from resolvers.explain.explanation import Explanation, Line, Part, Question


async def of_active_users(
    context: Context, asked: Question, fold: ActiveUsers, blank: Explanation
) -> Explanation:
    """With a range, users are counted from raw events, and from attendances of folded days: the table only
    knows when each was last active.
    """
    length = timedelta(days=fold.days)
    if asked.span:
        start, stop = asked.span.end - length, asked.span.end
    else:
        start, stop = context.now - length, start_of_day(AFTER_LAST_DAY, asked.zone)
    key = asked.key(Table.EVENTS, start, stop, fold.actions)
    people = await context.loaders[PeopleWithin].load(key)
    events = people.users if asked.has_events_since(start) else None
    if asked.span:
        line = Line(Table.EVENTS.value, start, stop, None, people.events, people.users, events)
        attended = await _attended(context, asked, fold, Span(start, stop))
        return blank._replace(lines=[*attended.lines, line], value=attended.number)
    active = await context.loaders[ActiveSince].load(key)
    return blank._replace(
        lines=[Line("active_users", start, None, None, active, active, events)], value=active
    )


class _People(NamedTuple):
    number: int
    lines: list[Line]


async def _attended(context: Context, asked: Question, fold: ActiveUsers, span: Span) -> _People:
    subject, today = asked.subject, context.now.astimezone(UTC).date()
    groups = [Attended(subject.tenant_id, subject.kind, subject.subject_ids)]
    (number,) = await numbers_attended(context.services.database, groups, fold.actions, span, today)
    lines = []
    for hours in cut_at_hours([Piece(0, *span)], today).hours:
        first, stop = hours.start.date(), (hours.end - MICROSECOND).date() + DAY
        key = SketchesKey(subject.tenant_id, int(subject.kind), subject.subject_ids, first, stop)
        if rows := await context.loaders[AttendanceRows].load(key):
            lines.append(Line("attendances", hours.start, hours.end, None, rows, None, None))
    return _People(number, lines)


async def of_visitors(context: Context, asked: Question, blank: Explanation) -> Explanation:
    parts, within = asked.parts_of_people(), context.loaders[PeopleWithin]
    edges = [part for part in parts if part.table is Table.EVENTS]
    days = [part for part in parts if part.table is not Table.EVENTS]
    ends, actions = Span(parts[0].span.start, parts[-1].span.end), _actions(asked)
    people, at_edges, visitors, sketches = await gather(
        within.load(asked.key(Table.EVENTS, *ends, actions)),
        within.load_many(asked.key(Table.EVENTS, *part.span, actions) for part in edges),
        context.loaders[VisitorsOfSubjects].load(_visitors_key(asked)),
        _sketch_lines(context, asked, days),
    )
    return blank._replace(
        lines=sketches
        + [
            Line(Table.EVENTS.value, *part.span, None, found.events, found.users + found.others, None)
            for part, found in zip(edges, at_edges, strict=True)
        ],
        value=visitors.everyone.estimate,
        visitors=visitors,
        people=people if asked.has_events_since(ends.start) else None,
    )


def _actions(asked: Question) -> tuple[Action, ...]:
    """The actions of visitors. An engaged view is left out, because it is no event."""
    return tuple(action for action in done_to(asked.subject.kind) if action is not Action.ENGAGED_VIEW)


def _visitors_key(asked: Question) -> VisitorsKey:
    subject = asked.subject
    return VisitorsKey(
        subject.tenant_id, asked.zone.key, subject.kind, subject.subject_ids, subject.has_all, asked.span
    )


async def _sketch_lines(context: Context, asked: Question, days: list[Part]) -> list[Line]:
    """One line for all whole days together."""
    if not days:
        return []
    subject = asked.subject
    kind, *ids = ALL_SUBJECTS if subject.has_all else (int(subject.kind), *subject.subject_ids)
    first, stop = days[0].start, days[-1].stop
    key = SketchesKey(subject.tenant_id, kind, tuple(ids), first, stop)
    rows = await context.loaders[SketchRows].load(key)
    start, end = asked.shown(first, stop)
    return [Line("visitor_sketches", start, end, None, rows, None, None)]
