"""The statements that read the points of series: one for each set of tiers, and for each way to split.

A row has all points of a run, in columns: thousands of rows of one point each would take several times as
long. A point's cell is one number, because databases group by one number faster than by several columns.
"""

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

from database import Statement, among, bucket_of, ordered_join, packed, spans
from loaders.domains import DOMAINS
from loaders.measures import Dimension
from loaders.members import Parts
from loaders.tiers import Tier, tier_of, with_domains, with_filters
from loaders.totals import asked_subjects, is_of
from models import TAKES_BACK, Device

DEVICES = max(Device) + 1
"""All numbers of devices are below it."""

Columns = tuple[int, list[int], list[str] | None, list[int], list[int] | None]
"""The number of the run; and of each of its points: the cell; the domain; the count of all actions; how many
of these take something back. The domain is "" if there is none. What is not asked for is None.

The cell is the number of the part of time, times the number of devices, plus the device; and that times the
number of parts of the subjects, plus the number of the subject's part. In a run of days, parts of time are
numbered from 0. In other runs they have the odd numbers from 1.
"""


class RunShape(NamedTuple):
    name: str
    is_daily: bool
    """Whether each part of time is a day, and the next day follows. Then the ends of the run say all."""


class Layout(NamedTuple):
    """All that a statement depends on."""

    runs: tuple[RunShape, ...]
    parts: Parts
    dimensions: frozenset[Dimension]
    of_some_domains: bool
    takes_back: bool

    @property
    def devices(self) -> int:
        return DEVICES if self.is_by_device else 1

    @property
    def is_by_device(self) -> bool:
        return Dimension.DEVICE in self.dimensions

    @property
    def is_by_domain(self) -> bool:
        return Dimension.DOMAIN in self.dimensions


@lru_cache(maxsize=512)
def points_statement(layout: Layout) -> Statement[Columns]:
    """Its parameters are those of the members, `actions`, `domain_ids`, `most` points of each run, and for
    each run its parts of time; for days, `_start` and `_stop` after its name."""
    selects = [_packed_run(number, run, layout) for number, run in enumerate(layout.runs)]
    return Statement(selects[0] if len(selects) == 1 else union_all(*selects), lambda *columns: columns)


def _packed_run(number: int, run: RunShape, layout: Layout) -> Select[Any]:
    is_by_key = run.is_daily and layout.parts is Parts.OF_ONE
    points = (_by_key if is_by_key else _by_cell)(run, layout)
    found = points.order_by(literal_column("cell")).subquery().c
    columns: list[Any] = [
        literal(number),
        packed(found.cell),
        packed(found.domain) if layout.is_by_domain else null(),
        packed(found["count"]),
        packed(found.taken_back) if layout.takes_back else null(),
    ]
    return select(*columns)


def _by_key(run: RunShape, layout: Layout) -> Select[Any]:
    """Grouped in the order of the key of the totals, so that SQLite need not sort them. A cell has a row for
    each action. The limit stands within: SQLite sorts in half the time if it need not stop at a limit."""
    tier, rows, conditions, *_ = _source(run, layout)
    totals = tier.table.c
    devices = [totals.device] if layout.is_by_device else []
    domains = [DOMAINS.name] if layout.is_by_domain else []
    grouped = (
        select(totals.subject_id, tier.time.label("time"), *devices, *_counted(tier, layout))
        .select_from(rows)
        .where(*conditions)
        .group_by(totals.subject_id, totals.action, tier.time, *devices, *domains)
        .limit(_number("most"))
    )
    found = with_filters(grouped, tier, layout.of_some_domains).subquery().c
    cell = _cell(_days(found.time, run), found.get("device"), found.subject_id - _number("least"))
    return select(cell, *[found[column.name] for column in _counted(tier, layout)])


def _by_cell(run: RunShape, layout: Layout) -> Select[Any]:
    tier, rows, conditions, time, part = _source(run, layout)
    device = tier.table.c.device if layout.is_by_device else None
    domains = [DOMAINS.name] if layout.is_by_domain else []
    grouped = (
        select(_cell(time, device, part), *_counted(tier, layout))
        .select_from(rows)
        .where(*conditions)
        .group_by(literal_column("cell"), *domains)
    )
    points = with_filters(grouped, tier, layout.of_some_domains)
    found = points if run.is_daily else _within_parts(points, layout)
    return found.limit(_number("most"))


def _within_parts(points: Select[Any], layout: Layout) -> Select[Any]:
    """Without what lies between two parts of time."""
    found = points.subquery().c
    time = found.cell.op("/")(_number("parts")).op("/")(literal_column(str(layout.devices)))
    return select(*found).where(time.op("%")(literal_column("2")) == literal_column("1"))


def _cell(
    time: ColumnElement[int], device: ColumnElement[int] | None, part: ColumnElement[int]
) -> ColumnElement[int]:
    of_device = time if device is None else time * literal_column(str(DEVICES)) + device
    return (of_device * _number("parts") + part).label("cell")


def _counted(tier: Tier, layout: Layout) -> list[ColumnElement[Any]]:
    domain = func.coalesce(DOMAINS.name, "").label("domain")
    return [
        *([domain] if layout.is_by_domain else []),
        cast(tier.sum, BigInteger).label("count"),
        *([_taken_back(tier).label("taken_back")] if layout.takes_back else []),
    ]


def _taken_back(tier: Tier) -> ColumnElement[int]:
    if tier.action is not None:
        return literal_column("0", BigInteger())
    of_each = tier.table.c.count if "count" in tier.table.c else literal_column("1", BigInteger())
    takes_back = tier.table.c.action.in_([literal_column(str(int(action))) for action in TAKES_BACK])
    return cast(func.sum(case((takes_back, of_each), else_=literal_column("0"))), BigInteger)


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
    is_theirs, part = _of_subjects(tier, run, layout, given)
    is_within, time = _of_time(tier, run, given)
    rows: FromClause = tier.table
    conditions = [is_theirs, is_within]
    if given:
        asked = reduce(lambda left, right: ordered_join(left, right, true()), given)
        rows, conditions = ordered_join(asked, tier.table, and_(*conditions)), []
    return _Source(tier, with_domains(rows, tier, layout.dimensions), conditions, time, part)


_Conditions = tuple[ColumnElement[bool], ColumnElement[int]]


def _of_subjects(tier: Tier, run: RunShape, layout: Layout, given: list[FromClause]) -> _Conditions:
    """The condition, and the number of the part. Adds to `given` what the rows are joined with."""
    totals = tier.table.c
    if layout.parts is Parts.GIVEN:
        subjects = asked_subjects(f"{run.name}_subjects", "part")
        given.append(subjects)
        return is_of(tier.table, subjects), subjects.c.part
    is_theirs = and_(totals.tenant_id == _number("tenant"), among(totals.subject_id, "subject_ids"))
    is_of_one = layout.parts is Parts.OF_ONE
    return is_theirs, totals.subject_id - _number("least") if is_of_one else literal_column("0")


def _of_time(tier: Tier, run: RunShape, given: list[FromClause]) -> _Conditions:
    """The condition, and the number of the part of time."""
    if run.is_daily:
        return and_(tier.time >= _end(run, "start"), tier.time < _end(run, "stop")), _days(tier.time, run)
    times = spans(run.name, tier.type).table_valued("bucket", "start", "stop", name=f"{run.name}_part")
    given.append(times)
    return and_(tier.time >= times.c.start, tier.time < times.c.stop), bucket_of(tier.time, times.c.bucket)


def _days(time: ColumnElement[Any], run: RunShape) -> ColumnElement[int]:
    """Days since the start of the run."""
    return time.op("-", return_type=BigInteger())(_end(run, "start"))


def _end(run: RunShape, name: str) -> ColumnElement[Any]:
    return bindparam(f"{run.name}_{name}", type_=tier_of(run.name).type)


def _number(name: str) -> ColumnElement[int]:
    return bindparam(name, type_=BigInteger())
