"""What an operator asks about a figure, and the explanation of it."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from types import MappingProxyType
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from base.calendar import (
    AFTER_LAST_DAY,
    FIRST_DAY,
    Piece,
    Pieces,
    Span,
    cut_at_hours,
    noons,
    pieces,
    signed_pieces,
    start_of_day,
    time_zone,
)
from figures.figure import Figure
from figures.visitors import Visitors
from loaders.evidence import PartKey, People, Table
from loaders.figure_cache import Version
from models import Action
from resolvers.explain.subjects import Explained

Limit = date | datetime


class Line(NamedTuple):
    """One action within one part of the range."""

    table: str
    start: Limit | None
    """None for all time."""
    stop: Limit | None
    """Not included."""
    action: Action | None
    rows: int
    counted: int | None
    """Below 0 if it is subtracted, and so are the other counts of the line then. None for sketches: only all
    of them together make a number."""
    events: int | None
    """The same count by raw events; None if these were pruned, or are what was counted."""
    sources: Mapping[str, int] = MappingProxyType({})
    """How much of the count was imported without events, by the name of the import."""

    @property
    def imported(self) -> int:
        return sum(self.sources.values())


class Explanation(NamedTuple):
    figure: str
    words: str
    """What the figure is of."""
    formula: str
    tenant: str
    time_zone: str
    """The time zone by whose days the totals are kept."""
    span: Span | None
    lines: list[Line]
    value: float
    given: int | None = None
    """The number that a user gave, which is in the value."""
    taken_back: int | None = None
    visitors: Visitors | None = None
    people: People | None = None
    """The people whom raw events name."""
    version: Version | None = None
    """The version under which a server keeps the figure; None if it keeps none."""
    pruned_before: date | None = None
    """The day before which raw events were pruned; None if that does not touch what was asked for."""

    @property
    def agrees(self) -> bool | None:
        """Whether totals agree with raw events and imports; None if nothing can be compared."""
        compared = [
            line.counted == line.events + line.imported for line in self.lines if line.events is not None
        ]
        return all(compared) if compared else None

    @property
    def sources(self) -> Counter[str]:
        """How much of it was imported without events, by the name of the import."""
        sources: Counter[str] = Counter()
        for line in self.lines:
            sources.update(line.sources)
        return sources


class Part(NamedTuple):
    """A run of months or of days, or an edge, and its span."""

    table: Table
    start: Limit
    stop: Limit
    span: Span
    sign: int = 1
    """-1 if it is subtracted."""

    @property
    def is_edge(self) -> bool:
        return self.table in (Table.EVENTS, Table.HOURS)


def _edge(table: Table, edge: Piece[datetime]) -> Part:
    span = Span(edge.start, edge.end)
    return Part(table, *span, span, 1 if edge.taken_from is None else -1)


class Question(NamedTuple):
    subject: Explained
    figure: Figure[Any]
    span: Span | None
    zone: ZoneInfo
    """The time zone by whose days the totals are kept."""
    pruned_before: date | None
    folded_before: date | None
    """The day in UTC before which there are totals by the hour; None if there are none."""

    @property
    def start(self) -> datetime:
        return self.span.start if self.span else start_of_day(FIRST_DAY, self.zone)

    def has_events_since(self, instant: datetime) -> bool:
        return self.pruned_before is None or instant >= start_of_day(self.pruned_before, self.zone)

    def parts_of_sum(self) -> list[Part]:
        """What is added and subtracted, in order. All time has totals of its own."""
        return self._parts(signed_pieces, self._edges)

    def parts_of_people(self) -> list[Part]:
        """The parts of the range, in order: different people cannot be subtracted."""
        return self._parts(pieces, lambda edges: [_edge(Table.EVENTS, edge) for edge in edges])

    def _parts(
        self,
        cut: Callable[[Sequence[Span], ZoneInfo], Pieces],
        parts_of_edges: Callable[[list[Piece[datetime]]], list[Part]],
    ) -> list[Part]:
        if self.span is None:
            return [self._whole(Table.SUBJECTS, FIRST_DAY, AFTER_LAST_DAY)]
        found = cut([self.span], self.zone)
        parts = [self._whole(Table.MONTHS, run.start, run.end) for run in found.months]
        parts += [self._whole(Table.DAYS, run.start, run.end) for run in found.days]
        parts += parts_of_edges(found.edges)
        return sorted(parts, key=lambda part: part.span)

    def _edges(self, edges: list[Piece[datetime]]) -> list[Part]:
        if self.folded_before is None:
            return [_edge(Table.EVENTS, edge) for edge in edges]
        hours, unfolded, rest = cut_at_hours(edges, self.folded_before)
        folded_until = start_of_day(self.folded_before, time_zone("UTC"))
        later = [edge._replace(start=max(edge.start, folded_until)) for edge in unfolded]
        return [
            *(_edge(Table.HOURS, edge) for edge in hours),
            *(_edge(Table.EVENTS, edge) for edge in [*later, *rest] if edge.start < edge.end),
        ]

    def _whole(self, table: Table, first: date, stop: date) -> Part:
        return Part(table, first, stop, Span(start_of_day(first, self.zone), start_of_day(stop, self.zone)))

    def days_in(self, part: Part) -> tuple[date, date] | None:
        """The days whose imported totals count in the part: at an edge, those whose noon lies in it."""
        if not part.is_edge:
            return part.start, part.stop
        edge = Piece(0, *part.span)
        found = noons([edge], self.zone)
        return (found[0].start, found[0].end) if found else None

    def key(self, table: Table, start: Limit, stop: Limit, actions: tuple[Action, ...]) -> PartKey:
        return PartKey(self.subject.tenant_id, self.subject.subject_ids, actions, table, start, stop)

    def shown(self, start: Limit, stop: Limit) -> tuple[Limit | None, Limit | None]:
        """Both limits; for all time, none."""
        return (start, stop) if self.span else (None, None)
