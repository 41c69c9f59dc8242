"""Explains sums of actions: which totals make them, and whether raw events say the same."""

from asyncio import gather
from collections import Counter
from collections.abc import Mapping

from figures.folds import Standing
from figures.insights import Raised
from loaders.evidence import FirstInteractions, ImportedCounts, PartCount, PartCounts, Table
from models import Action
from resolvers.context import Context
from resolvers.explain.explanation import Explanation, Line, Part, Question

_NONE = PartCount(0, 0)
_Sources = Mapping[str, PartCount]


async def of_totals(context: Context, asked: Question, blank: Explanation) -> Explanation:
    reading = _Reading(context, asked)
    lines = [line for some in await gather(*map(reading.lines, asked.parts_of_sum())) for line in some]
    counts: Counter[Action] = Counter()
    for line in lines:
        if line.action:
            counts[line.action] += line.counted or 0
    fold = asked.figure.fold
    if isinstance(fold, Raised):
        given = fold.given(asked.subject.given).all
        return blank._replace(lines=lines, value=given + counts[fold.action], given=given)
    return blank._replace(
        lines=lines,
        value=fold.of(counts),
        taken_back=counts.total() - counts[fold.keys[0]] if isinstance(fold, Standing) else None,
    )


class _Reading:
    """Reads all parts of one figure by few statements."""

    def __init__(self, context: Context, asked: Question) -> None:
        self._asked = asked
        self._counts = context.loaders[PartCounts]
        self._firsts = context.loaders[FirstInteractions]
        self._sources = context.loaders[ImportedCounts]
        actions = tuple(key for key in asked.figure.keys if isinstance(key, Action))
        self._actions = actions
        self._has_engaged = Action.ENGAGED_VIEW in actions
        self._raw_actions = tuple(action for action in actions if action is not Action.ENGAGED_VIEW)

    async def lines(self, part: Part) -> list[Line]:
        """One line for each action that has a row or an event. If there is none, one line says so."""
        kept, raw, said = await gather(self._kept(part), self._raw(part), self._said(part))
        if part.is_edge:
            beside, said = self._beside_events(part, said), {}
        else:
            beside = []
        actions = [action for action in self._actions if action in kept or raw.get(action) or action in said]
        lines = [
            self._line(part, action, kept.get(action, _NONE), raw.get(action, 0), said.get(action, {}))
            for action in actions
        ]
        return [*lines, *beside] or [self._line(part, None, _NONE, 0, {})]

    def _line(self, part: Part, action: Action | None, kept: PartCount, raw: int, said: _Sources) -> Line:
        is_engaged_edge = part.table is Table.EVENTS and action is Action.ENGAGED_VIEW
        return Line(
            (Table.ENGAGED if is_engaged_edge else part.table).value,
            *self._asked.shown(part.start, part.stop),
            action=action,
            rows=kept.rows,
            counted=part.sign * kept.counted,
            events=part.sign * raw if self._asked.has_events_since(part.span.start) else None,
            sources={source: part.sign * count.counted for source, count in said.items()},
        )

    def _beside_events(self, part: Part, said: Mapping[Action, _Sources]) -> list[Line]:
        """At edges there are no totals: what was imported is read from its own table."""
        days = self._asked.days_in(part)
        if days is None:
            return []
        return [
            Line(
                Table.IMPORTED.value,
                *days,
                action=action,
                rows=sum(count.rows for count in of_sources.values()),
                counted=part.sign * sum(count.counted for count in of_sources.values()),
                events=0 if self._asked.has_events_since(part.span.start) else None,
                sources={source: part.sign * count.counted for source, count in of_sources.items()},
            )
            for action, of_sources in said.items()
        ]

    async def _said(self, part: Part) -> Mapping[Action, _Sources]:
        days = self._asked.days_in(part)
        if days is None:
            return {}
        return await self._sources.load(self._asked.key(Table.IMPORTED, *days, self._actions))

    async def _kept(self, part: Part) -> dict[Action, PartCount]:
        """The counts that answers are made of."""
        if part.table is not Table.EVENTS:
            key = self._asked.key(part.table, part.start, part.stop, self._actions)
            return await self._counts.load(key)
        # An engaged view is no event of its own: at the edges it is read from its own table.
        tables = (Table.EVENTS, Table.ENGAGED) if self._has_engaged else (Table.EVENTS,)
        found = await self._counts.load_many(
            self._asked.key(table, *part.span, self._raw_actions) for table in tables
        )
        return {action: count for one in found for action, count in one.items()}

    async def _raw(self, part: Part) -> dict[Action, int]:
        found = await self._counts.load(self._asked.key(Table.EVENTS, *part.span, self._raw_actions))
        raw = {action: count.counted for action, count in found.items()}
        if self._has_engaged:
            key = self._asked.key(Table.EVENTS, *part.span, (Action.INTERACTION,))
            raw[Action.ENGAGED_VIEW] = await self._firsts.load(key)
        return raw
