"""Rows of totals by the hour, counted from events and engaged views."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    FromClause,
    Select,
    SmallInteger,
    Table,
    and_,
    func,
    literal_column,
    select,
    union_all,
)

from database import hour_of, rows_of, seeking_join, table_of
from ingest.hour_totals import FIRST_DAY, NAMES
from models import HOURS, Action, EngagedView, Event

_ENGAGED_VIEW = literal_column(str(int(Action.ENGAGED_VIEW)), SmallInteger())


def counted_hours(
    tenant_id: int, start: datetime, stop: datetime, *, of_subjects: bool = False
) -> Select[Any]:
    """The subject, the packed day, and the other columns of `hour_totals`, in the order of its key.
    `of_subjects`: only those of the parameter `subjects`.
    """

    def happened(table: Table, action: ColumnElement[Any]) -> Select[Any]:
        columns = table.c
        within = [columns.tenant_id == tenant_id, columns.occurred_at >= start, columns.occurred_at < stop]
        rows: FromClause = table
        if of_subjects:
            given = rows_of("subjects", subject_id=BigInteger()).table_valued("subject_id", name="given")
            rows = seeking_join(given, table, and_(*within, columns.subject_id == given.c.subject_id))
        hour = hour_of(columns.occurred_at)
        day = hour.op("/", return_type=BigInteger())(_number(len(HOURS))) + _number(FIRST_DAY)
        of_day = hour.op("%", return_type=BigInteger())(_number(len(HOURS)))
        key = (
            columns.subject_id,
            day.label("day"),
            action.label("action"),
            columns.device,
            columns.domain_id,
        )
        found = select(*key, of_day.label("hour")).select_from(rows)
        return found if of_subjects else found.where(*within)

    events, views = table_of(Event), table_of(EngagedView)
    both = union_all(happened(events, events.c.action), happened(views, _ENGAGED_VIEW)).subquery().c
    key = (both.subject_id, both.day, both.action, both.device, both.domain_id)
    sums = [func.count().filter(both.hour < _number(end)) for end in HOURS]
    columns = [one.label(name) for one, name in zip(sums, NAMES, strict=True)]
    return select(*key, *columns).group_by(*key).order_by(*key)


def subjects_given(ids: Sequence[int]) -> dict[str, Any]:
    """The parameters of a statement of some subjects."""
    rows = [(id,) for id in ids]
    return {"subjects": rows, "subjects__subject_id": rows}


def _number(value: int) -> ColumnElement[int]:
    return literal_column(str(value), BigInteger())


def start_of(day: date) -> datetime:
    """Its start in UTC."""
    return datetime.combine(day, time.min, UTC)
