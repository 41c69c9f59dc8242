"""Rows of totals by the hour, counted from events and engaged views."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    SmallInteger,
    case,
    cast,
    func,
    literal_column,
    select,
    union_all,
)

from database import among, hour_of
from ingest.columns import EVENTS, VIEWS
from ingest.hour_totals import FIRST_DAY, NAMES
from models import HOURS, Action

_ENGAGED_VIEW = literal_column(str(int(Action.ENGAGED_VIEW)), SmallInteger())


def counted_hours(
    tenant_id: int, start: datetime, stop: datetime, *, of_subjects: bool = False
) -> Select[Any]:
    """The subject, the packed day, and the other columns of `hour_totals`, in the order of its key.
    `of_subjects`: only those of the parameter `subject_ids`.
    """

    def happened(columns: Any, action: ColumnElement[Any]) -> Select[Any]:
        hour = hour_of(columns.occurred_at).label("hour")
        its = [among(columns.subject_id, "subject_ids")] if of_subjects else []
        return select(
            columns.subject_id, action.label("action"), columns.device, columns.domain_id, hour
        ).where(
            columns.tenant_id == tenant_id, *its, columns.occurred_at >= start, columns.occurred_at < stop
        )

    both = union_all(happened(EVENTS, EVENTS.action), happened(VIEWS, _ENGAGED_VIEW)).subquery().c
    names = (both.subject_id, both.action, both.device, both.domain_id, both.hour)
    by_hour = select(*names, func.count().label("number")).group_by(*names).subquery().c
    length = literal_column(str(len(HOURS)), BigInteger())
    hour = by_hour.hour.op("%", return_type=BigInteger())(length)
    day = by_hour.hour.op("/", return_type=BigInteger())(length) + literal_column(
        str(FIRST_DAY), BigInteger()
    )
    key = (by_hour.subject_id, day, by_hour.action, by_hour.device, by_hour.domain_id)
    sums = (
        cast(
            func.sum(case((hour < literal_column(str(end)), by_hour.number), else_=literal_column("0"))),
            BigInteger,
        )
        for end in HOURS
    )
    columns = [one.label(name) for one, name in zip(sums, NAMES, strict=True)]
    return select(*key, *columns).group_by(*key).order_by(*key)


def start_of(day: date) -> datetime:
    """Its start in UTC."""
    return datetime.combine(day, time.min, UTC)


Row = Sequence[int]
