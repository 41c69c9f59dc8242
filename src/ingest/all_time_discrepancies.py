"""Discrepancies of all time: where the total of a subject is not the sum of its totals by month."""

from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Select, case, cast, func, literal, select, union_all
from sqlalchemy.ext.asyncio import AsyncConnection

from base.numbers import LARGEST
from ingest.columns import MONTHS, SUBJECTS
from ingest.discrepancy import Discrepancy
from models import MonthTotal, SubjectTotal

_AT_A_TIME = 500
_ROWS_AT_A_TIME = 2_000


class ChangedSums:
    """How much a recount changes each subject's sum of totals by month.

    Totals of all time are compared with the sums as the recount makes them, not as they are stored.
    """

    def __init__(self) -> None:
        self._changes: defaultdict[int, Counter[int]] = defaultdict(Counter)

    def add(self, discrepancy: Discrepancy) -> None:
        if discrepancy.model is MonthTotal:
            _, subject_id, action, *_ = discrepancy.key
            stored, counted = (min(*(values or (0,)), LARGEST) for values in discrepancy[2:])
            self._changes[subject_id][action] += counted - stored

    def of(self, subject_ids: Iterable[int]) -> dict[tuple[int, int], int]:
        """By subject and action."""
        return {(id, action): change for id in subject_ids for action, change in self._changes[id].items()}

    @property
    def subject_ids(self) -> list[int]:
        return sorted(self._changes)


async def all_time_discrepancies(
    connection: AsyncConnection, tenant_id: int, changed: ChangedSums
) -> AsyncIterator[Discrepancy]:
    """The database itself compares the subjects that the recount does not change. The others are compared
    here.
    """
    ids = changed.subject_ids
    is_changed = set(ids)
    async for subject_id, action, stored, by_month in _rows(connection, _differing(tenant_id)):
        if subject_id not in is_changed:
            yield _discrepancy(tenant_id, subject_id, action, stored, by_month)
    for start in range(0, len(ids), _AT_A_TIME):
        given = ids[start : start + _AT_A_TIME]
        changes = changed.of(given)
        known = {
            (subject_id, action): (stored, by_month)
            async for subject_id, action, stored, by_month in _rows(connection, _compared(tenant_id, given))
        }
        for subject_id, action in sorted(known.keys() | changes.keys()):
            stored, by_month = known.get((subject_id, action), (0, 0))
            counted = min(by_month + changes.get((subject_id, action), 0), LARGEST)
            if stored != counted:
                yield _discrepancy(tenant_id, subject_id, action, stored, counted)


async def _rows(connection: AsyncConnection, statement: Select[Any]) -> AsyncIterator[Any]:
    result = await connection.stream(statement, execution_options={"yield_per": _ROWS_AT_A_TIME})
    async for row in result:
        yield row


def _discrepancy(tenant_id: int, subject_id: int, action: int, stored: int, counted: int) -> Discrepancy:
    """A total of 0 is the same as none."""
    values = [(count,) if count else None for count in (stored, min(counted, LARGEST))]
    return Discrepancy(SubjectTotal, (tenant_id, subject_id, action), *values)


def _differing(tenant_id: int) -> Select[Any]:
    statement = _compared(tenant_id)
    stored, by_month = statement.selected_columns[2:]
    return statement.having(stored != _capped(by_month))


def _capped(count: ColumnElement[int]) -> ColumnElement[int]:
    return case((count > LARGEST, LARGEST), else_=count)


def _compared(tenant_id: int, subject_ids: Sequence[int] | None = None) -> Select[Any]:
    """Subject, action, the stored total, and the sum of the totals by month."""

    def of_these(columns: Any) -> list[ColumnElement[bool]]:
        ids = [] if subject_ids is None else [columns.subject_id.in_(subject_ids)]
        return [columns.tenant_id == tenant_id, *ids]

    totals = select(
        SUBJECTS.subject_id, SUBJECTS.action, SUBJECTS.count.label("stored"), literal(0).label("by_month")
    ).where(*of_these(SUBJECTS))
    months = select(MONTHS.subject_id, MONTHS.action, literal(0), _capped(MONTHS.count)).where(
        *of_these(MONTHS)
    )
    both = union_all(totals, months).subquery().c
    return select(
        both.subject_id,
        both.action,
        cast(func.sum(both.stored), BigInteger),
        cast(func.sum(both.by_month), BigInteger),
    ).group_by(both.subject_id, both.action)
