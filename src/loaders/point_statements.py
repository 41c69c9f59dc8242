"""The statements that read the points of series: one for each set of tiers, and for each way to split.

A row has all points of a run, or of one subject in it, in columns: thousands of rows of one point each would
take several times as long. A point's cell is one number, because databases group by one number faster than by
several columns.
"""

from collections.abc import Sequence
from functools import lru_cache, reduce
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    FromClause,
    Select,
    and_,
    bindparam,
    case,
    cast,
    func,
    literal,
    literal_column,
    null,
    select,
    true,
    union_all,
)

from database import (
    Statement,
    among,
    interleaved,
    lateral_join,
    ordered_join,
    packed,
    quick_sum,
    rows_of,
    seeking_join,
    table_of,
    unlimited,
    within_key,
)
from loaders.domains import DOMAINS
from loaders.members import Parts
from loaders.point_columns import Columns
from loaders.point_layout import DEVICES, Layout
from loaders.point_times import RunShape, days_of, end_of, of_time
from loaders.tiers import (
    HOURS_EACH,
    HOURS_TIER,
    Folded,
    Tier,
    folded_before,
    tier_of,
    up_to,
    with_filters,
    with_folded,
    with_something,
)
from loaders.totals import asked_subjects, is_of
from models import HOURS, TAKES_BACK, Domain

_NUMBERS = ("cell", "count", "taken_back")


@lru_cache(maxsize=512)
def points_statement(layout: Layout) -> Statement[Columns]:
    """Its parameters are those of the members, `actions`, `domain_ids`, `most` points of each run, and for
    each run its parts of time. If these come in steps, `_start` and `_stop` after its name; if the steps are
    not days, also `_first` and `_length`.
    """
    selects = [_packed_run(number, run, layout) for number, run in enumerate(layout.runs)]
    return Statement(selects[0] if len(selects) == 1 else union_all(*selects), Columns)


def _packed_run(number: int, run: RunShape, layout: Layout) -> Select[Any]:
    if layout.has_a_row_for_each_subject(run):
        return _of_each_subject(number, run, layout)
    points = _by_cell(run, layout).order_by(literal_column("cell")).subquery()
    columns = literal(number), literal_column("0", BigInteger()), _numbers_of(points)
    hours = _hours_of(points, run, layout)
    if not layout.is_by_domain:
        return select(*columns, null(), *hours)
    # Names are looked up for each point, and not for each total.
    named = points.outerjoin(table_of(Domain), DOMAINS.id == points.c.domain_id)
    return select(*columns, packed(func.coalesce(DOMAINS.name, "")), *hours).select_from(named)


def _of_each_subject(number: int, run: RunShape, layout: Layout) -> Select[Any]:
    asked = rows_of("members", subject_id=BigInteger()).table_valued("subject_id", name=f"{run.name}_members")
    tier = tier_of(run.name)
    totals = tier.table.c
    is_within, _ = of_time(tier, run, [])
    conditions = [
        totals.tenant_id == _number("tenant"),
        totals.subject_id == asked.c.subject_id,
        among(totals.action, "actions"),
        is_within,
        *([among(totals.domain_id, "domain_ids")] if layout.of_some_domains else []),
    ]
    part = asked.c.subject_id - _number("least")
    of_subject = _points_of_subject(run, layout, conditions, asked)
    no_hours = _hours_of(asked, run, layout)
    return select(literal(number), part, of_subject, null(), *no_hours).select_from(asked)


def points_of_row(
    run: RunShape, layout: Layout, tenant: ColumnElement[int], subject: ColumnElement[int]
) -> ColumnElement[Any]:
    """The numbers of one action in a run of days, as in `Columns`, within a statement that finds `tenant` and
    `subject`. Its parameters are `action`, and the `_start` and `_stop` of the run.

    It may stand in a `Lookup`: any plan of it reads by the key of the totals.
    """
    tier = tier_of(run.name)
    totals = tier.table.c
    key = (totals.subject_id, totals.action, tier.time)
    action = bindparam("action", type_=totals.action.type)
    is_within = within_key(key, (subject, action), end_of(run, "start"), end_of(run, "stop"))
    conditions = [totals.tenant_id == tenant, is_within]
    return _points_of_subject(run, layout, conditions, tenant.table, subject.table)


def _points_of_subject(
    run: RunShape, layout: Layout, conditions: Sequence[Any], *around: FromClause
) -> ColumnElement[Any]:
    """`around`: the tables of the statement around it that are in the conditions.

    It is grouped in the order of the totals' key. A cell has a row for each action.
    """
    tier = tier_of(run.name)
    totals = tier.table.c
    devices = [totals.device] if layout.is_by_device else []
    found = (
        select(tier.time.label("time"), *devices, *_counted(tier, layout))
        .where(*conditions)
        .group_by(totals.subject_id, totals.action, tier.time, *devices)
        .correlate(*around)
        .subquery()
    )
    cell = _of_device(days_of(found.c.time, run), found.c.get("device"))
    columns = [found.c[column.name] for column in _counted(tier, layout)]
    return select(interleaved(cell, *columns)).select_from(found).correlate(*around).scalar_subquery()


def _numbers_of(points: FromClause) -> ColumnElement[Any]:
    return interleaved(*[points.c[name] for name in _NUMBERS if name in points.c])


def _hours_of(points: FromClause, run: RunShape, layout: Layout) -> list[ColumnElement[Any]]:
    if not any(one.is_of_days for one in layout.runs):
        return []
    names = [one.name for one in _of_hours(layout) if one.name not in _NUMBERS]
    if run.is_of_days:
        return [interleaved(*[points.c[name] for name in names])]
    # A union has the types of its first select.
    return [cast(null(), interleaved(*[literal_column("0")] * len(names)).type)]


def _by_cell(run: RunShape, layout: Layout) -> Select[Any]:
    source = _source(run, layout)
    tier, _, _, time, part = source
    device = tier.table.c.device if layout.is_by_device else None
    cell = _cell(time, device, part)
    if tier is HOURS_TIER and not run.is_of_days:
        # To group rows, SQLite would keep the 24 columns of each. So it makes one number of them before. In
        # most rows it is 0.
        columns = tier.table.c
        each = [cell, columns.domain_id, columns.action, HOURS_EACH.label("each")]
        read = _chosen(source, layout, each).limit(unlimited()).subquery()
        tier = tier._replace(table=read, each=read.c.each)
        counted = select(read.c.cell, *_domains(tier, layout), *_counted(tier, layout))
        chosen = counted.where(read.c.each != literal_column("0"))
    elif run.is_of_days:
        chosen = with_something(
            _chosen(source, layout, [cell, *_domains(tier, layout), *_of_hours(layout)]), tier
        )
    else:
        chosen = _chosen(source, layout, [cell, *_domains(tier, layout), *_counted(tier, layout)])
    points = chosen.group_by(literal_column("cell"), *_domains(tier, layout))
    found = points if run.steps else _within_parts(points, layout)
    return found.limit(_number("most"))


def _domains(tier: Tier, layout: Layout) -> list[ColumnElement[Any]]:
    return [tier.table.c.domain_id] if layout.is_by_domain else []


def _chosen(source: "_Source", layout: Layout, columns: Sequence[ColumnElement[Any]]) -> Select[Any]:
    """Of the rows that are counted."""
    chosen = select(*columns).select_from(source.rows).where(*source.conditions)
    return with_filters(chosen, source.tier, layout.of_some_domains)


def _within_parts(points: Select[Any], layout: Layout) -> Select[Any]:
    """Without what lies between two parts of time."""
    found = points.subquery().c
    time = found.cell.op("/")(_number("parts")).op("/")(literal_column(str(layout.devices)))
    return select(*found).where(time.op("%")(literal_column("2")) == literal_column("1"))


def _cell(
    time: ColumnElement[int], device: ColumnElement[int] | None, part: ColumnElement[int]
) -> ColumnElement[int]:
    return (_of_device(time, device) * _number("parts") + part).label("cell")


def _of_device(time: ColumnElement[int], device: ColumnElement[int] | None) -> ColumnElement[int]:
    # In PostgreSQL, a day minus another one has 32 bits.
    return (
        cast(time, BigInteger)
        if device is None
        else time * literal_column(str(DEVICES), BigInteger()) + device
    )


def _counted(tier: Tier, layout: Layout) -> list[ColumnElement[Any]]:
    return [
        _count(tier, layout).label("count"),
        *([_taken_back(tier, layout).label("taken_back")] if layout.takes_back else []),
    ]


def _of_hours(layout: Layout) -> list[ColumnElement[Any]]:
    """What is counted of whole days, and then up to the end of each hour but the last one."""
    whole, *ends = (up_to(hour) for hour in reversed(HOURS))
    counts = [_count(end, layout).label(f"until_{number}") for number, end in enumerate(ends)]
    taken = [_taken_back(end, layout).label(f"taken_{number}") for number, end in enumerate(ends)]
    return [*_counted(whole, layout), *counts, *(taken if layout.takes_back else [])]


def _count(tier: Tier, layout: Layout) -> ColumnElement[int]:
    return tier.sum if tier.each is None else _sum(tier.each, layout)


def _sum(of_each: ColumnElement[int], layout: Layout) -> ColumnElement[int]:
    return cast(func.sum(of_each), BigInteger) if layout.is_exact else quick_sum(of_each)


def _taken_back(tier: Tier, layout: Layout) -> ColumnElement[int]:
    if tier.action is not None:
        return literal_column("0", BigInteger())
    of_each = literal_column("1", BigInteger()) if tier.each is None else tier.each
    takes_back = tier.table.c.action.in_([literal_column(str(int(action))) for action in TAKES_BACK])
    return _sum(case((takes_back, of_each), else_=literal_column("0", BigInteger())), layout)


class _Source(NamedTuple):
    """The rows that are counted."""

    tier: Tier
    rows: FromClause
    conditions: list[ColumnElement[bool]]
    time: ColumnElement[int]
    """The number of the part of time."""
    part: ColumnElement[int]
    """The number of the subject's part."""


def _source(run: RunShape, layout: Layout) -> _Source:
    tier = tier_of(run.name)
    given: list[FromClause] = []
    is_theirs, part, before = _of_subjects(tier, run, layout, given)
    is_within, time = of_time(tier, run, given, before)
    rows: FromClause = tier.table
    conditions = [is_theirs, is_within]
    if given:
        asked = reduce(lambda left, right: ordered_join(left, right, true()), given)
        join = lateral_join if run.is_scattered else seeking_join
        rows, conditions = join(asked, tier.table, and_(*conditions)), []
    return _Source(tier, rows, conditions, time, part)


def _of_subjects(
    tier: Tier, run: RunShape, layout: Layout, given: list[FromClause]
) -> tuple[ColumnElement[bool], ColumnElement[int], ColumnElement[Any]]:
    """The condition, the number of the part, and the day before which the tenant's days are folded. Adds to
    `given` what the rows are joined with.
    """
    totals = tier.table.c
    if layout.parts is Parts.GIVEN:
        subjects = asked_subjects(f"{run.name}_subjects", "part")
        those, before = with_folded(subjects, tier, run.name)
        given.append(those)
        return is_of(tier.table, subjects), subjects.c.part, before
    is_theirs = and_(totals.tenant_id == _number("tenant"), among(totals.subject_id, "subject_ids"))
    is_of_one = layout.parts is Parts.OF_ONE
    part = totals.subject_id - _number("least") if is_of_one else literal_column("0")
    return is_theirs, part, null() if tier.folded is Folded.ALIKE else folded_before()


def _number(name: str) -> ColumnElement[int]:
    return bindparam(name, type_=BigInteger())
