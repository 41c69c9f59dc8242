"""How often something happened to a subject: the one place that reads the totals over time.

A span is cut along the tenant's reporting time zone into whole months, whole days and what is left
at its edges. Each part is read where it is cheapest, and together they are exact.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from enum import Enum
from functools import lru_cache
from itertools import pairwise
from typing import Any, NamedTuple, Protocol, Self, TypeVar

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    FromClause,
    Select,
    SmallInteger,
    String,
    Table,
    TableValuedAlias,
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
from sqlalchemy.types import TypeEngine

from base.calendar import Piece, Pieces, Span, pieces, time_zone
from database import (
    Database,
    Statement,
    among,
    bucket_of,
    current_usage,
    ordered_join,
    rows_of,
    spans,
    table_of,
)
from loaders.base import Loader
from loaders.domains import DOMAINS, SitesKey, sites
from models import (
    TAKES_BACK,
    Action,
    Day,
    DayTotal,
    Domain,
    EngagedView,
    Event,
    Instant,
    MonthTotal,
)

DAYS = table_of(DayTotal).c
MONTHS = table_of(MonthTotal).c
EVENTS = table_of(Event).c
ENGAGED = table_of(EngagedView).c


class Dimension(Enum):
    """What a count may be split by, within one subject."""

    DEVICE = "DEVICE"
    DOMAIN = "DOMAIN"


class Measure(NamedTuple):
    """What to count, the same for every subject of a batch."""

    actions: tuple[Action, ...]
    spans: tuple[Span, ...]
    """In order; they do not overlap."""
    dimensions: frozenset[Dimension] = frozenset()
    domain: str | None = None
    """Only what came from this site, under whatever name, or from those below `*.`; None for all."""
    domain_ids: tuple[int, ...] | None = None
    """The same, as this tenant has it: found where it is read."""


class CountsKey(NamedTuple):
    tenant_id: int
    time_zone: str
    subject_id: int
    measure: Measure


class Cell(NamedTuple):
    """One count's place. `device` and `domain` are None unless split by; domain "" is none at all."""

    position: int
    action: Action
    device: int | None = None
    domain: str | None = None


Cells = dict[Cell, int]
SubjectKey = tuple[int, int]
"""Tenant and subject."""


class Counts(Loader[CountsKey, Cells]):
    """One statement for all subjects whose tenants share a reporting time zone. Absent cells are 0."""

    async def batch_load_fn(self, keys: Sequence[CountsKey]) -> list[Cells]:
        keys = await with_sites(self.database, keys)
        alike: defaultdict[tuple[str, Measure], set[SubjectKey]] = defaultdict(set)
        for key in keys:
            alike[key.time_zone, key.measure].add((key.tenant_id, key.subject_id))
        counted = {
            like: await read_counts(self.database, *like, subjects) for like, subjects in alike.items()
        }
        return [counted[key.time_zone, key.measure].get((key.tenant_id, key.subject_id), {}) for key in keys]


class ManyKey(NamedTuple):
    """Several subjects of one tenant."""

    tenant_id: int
    time_zone: str
    subject_ids: tuple[int, ...]
    measure: Measure


class CountsOfMany(Loader[ManyKey, dict[int, Cells]]):
    """By subject, for many keys alike in one statement. Subjects without any count are absent."""

    async def batch_load_fn(self, keys: Sequence[ManyKey]) -> list[dict[int, Cells]]:
        keys = await with_sites(self.database, keys)
        alike: defaultdict[tuple[str, Measure], set[SubjectKey]] = defaultdict(set)
        for key in keys:
            alike[key.time_zone, key.measure].update((key.tenant_id, id) for id in key.subject_ids)
        counted = {
            like: await read_counts(self.database, *like, subjects) for like, subjects in alike.items()
        }
        return [_of(key, counted[key.time_zone, key.measure]) for key in keys]


class SumsOfMany(Loader[ManyKey, Cells]):
    """Over all subjects of a key together, added up where they are read: a year's days of a thousand
    subjects are a million rows. Many keys alike are one statement."""

    async def batch_load_fn(self, keys: Sequence[ManyKey]) -> list[Cells]:
        keys = await with_sites(self.database, keys)
        alike: defaultdict[tuple[str, Measure], list[ManyKey]] = defaultdict(list)
        for key in keys:
            alike[key.time_zone, key.measure].append(key)
        sums: dict[ManyKey, Cells] = {}
        for like, parties in alike.items():
            counted = await read_sums(self.database, *like, parties)
            sums.update(zip(parties, counted, strict=True))
        return [sums[key] for key in keys]


class _Key(Protocol):
    @property
    def tenant_id(self) -> int: ...

    @property
    def measure(self) -> Measure: ...

    def _replace(self, *, measure: Measure) -> Self: ...


K = TypeVar("K", bound=_Key)


async def with_sites(database: Database, keys: Sequence[K]) -> Sequence[K]:
    """With the domains that each means by a site: tenants have names of their own for theirs."""
    if all(key.measure.domain is None for key in keys):
        return keys
    asked = {SitesKey(key.tenant_id, domain) for key in keys if (domain := key.measure.domain)}
    found = await sites(database, asked)
    return [
        key._replace(measure=key.measure._replace(domain_ids=found[SitesKey(key.tenant_id, domain)]))
        if (domain := key.measure.domain)
        else key
        for key in keys
    ]


def _of(key: ManyKey, counted: Mapping[SubjectKey, Cells]) -> dict[int, Cells]:
    return {id: cells for id in key.subject_ids if (cells := counted.get((key.tenant_id, id)))}


async def read_counts(
    database: Database, zone: str, measure: Measure, subjects: Collection[SubjectKey]
) -> dict[SubjectKey, Cells]:
    """`zone` is the reporting one of all the subjects' tenants."""
    return await _read(database, zone, measure, subjects, are_summed=False)


async def read_sums(
    database: Database, zone: str, measure: Measure, parties: Sequence[ManyKey]
) -> list[Cells]:
    """`zone` is the reporting one of all the parties' tenants. A subject may be in several parties."""
    subjects = [
        (party.tenant_id, id, number) for number, party in enumerate(parties) for id in party.subject_ids
    ]
    counted = await _read(database, zone, measure, subjects, are_summed=True)
    return [counted.get((party.tenant_id, number), {}) for number, party in enumerate(parties)]


async def _read(
    database: Database,
    zone: str,
    measure: Measure,
    subjects: Collection[tuple[int, int] | tuple[int, int, int]],
    *,
    are_summed: bool,
) -> dict[tuple[int, int], Cells]:
    """By tenant and subject; or summed, by tenant and party, which each of the subjects names."""
    counted: defaultdict[tuple[int, int], Cells] = defaultdict(dict)
    runs = _runs(pieces(measure.spans, time_zone(zone)), measure)
    if not runs or not subjects:
        return {}
    tenants = {tenant_id for tenant_id, *_ in subjects}
    if len(tenants) == 1 == len(measure.spans) and not are_summed:
        return await _read_span(database, runs, measure, tenants.pop(), [key[1] for key in subjects])
    rows = await database.fetch(
        counts_statement(tuple(runs), measure.dimensions, measure.domain_ids is not None, are_summed),
        tenants=list(tenants),
        subjects=list(subjects),
        actions=list(measure.actions),
        domain_ids=measure.domain_ids,
        **{name: [(start, stop) for _, start, stop in run] for name, run in runs.items()},
    )
    numbered = list(runs.values())
    for run, bucket, subject, split, count in rows:
        if bucket % 2:
            cell = Cell(numbered[run][bucket // 2].position, *split)
            cells = counted[subject]
            cells[cell] = cells.get(cell, 0) + count
    return counted


async def _read_span(
    database: Database, runs: "_Runs", measure: Measure, tenant_id: int, subject_ids: list[int]
) -> dict[SubjectKey, Cells]:
    """One span of one tenant: each run is one piece."""
    counted: defaultdict[SubjectKey, Cells] = defaultdict(dict)
    limits = {name: (run[0].start, run[0].end) for name, run in runs.items()}
    rows = await database.fetch(
        span_statement(tuple(runs), measure.dimensions, measure.domain_ids is not None),
        tenant=tenant_id,
        subject_ids=subject_ids,
        actions=list(measure.actions),
        domain_ids=measure.domain_ids,
        **{f"{name}_start": start for name, (start, _) in limits.items()},
        **{f"{name}_stop": stop for name, (_, stop) in limits.items()},
    )
    for subject_id, split, count in rows:
        cell = Cell(0, *split)
        cells = counted[tenant_id, subject_id]
        cells[cell] = cells.get(cell, 0) + count
    return counted


Member = tuple[int, int, int]
"""Tenant, subject, and the number of the part of a series to which it adds."""
Summed = tuple[int, int, int, str, int, int]
"""The number of the part; the position of the span; device and domain, -1 and "" where it is not split by
them; how often; and how often of these something was taken back."""


async def read_points(
    database: Database, zone: str, measure: Measure, members: Sequence[Member], most: int
) -> list[Summed]:
    """Actions are added up, with those that take others back. What lies in several tiers comes as several.

    Where there are more than `most` places, some of those beyond are left out.
    """
    runs = _runs(pieces(measure.spans, time_zone(zone)), measure)
    if not runs or not members:
        return []
    await current_usage().run_queue.step(len(measure.spans))
    rows = await database.fetch(
        points_statement(
            tuple(runs),
            measure.dimensions,
            measure.domain_ids is not None,
            not TAKES_BACK.keys().isdisjoint(measure.actions),
        ),
        tenants=list({tenant_id for tenant_id, *_ in members}),
        subjects=list(members),
        actions=list(measure.actions),
        domain_ids=measure.domain_ids,
        # One of each run for each place, and one for each gap between two.
        most=2 * len(runs) * (most + 1),
        **{name: [(start, stop) for _, start, stop in run] for name, run in runs.items()},
    )
    numbered = list(runs.values())
    summed: list[Summed] = []
    async for piece in current_usage().run_queue.batches(rows):
        summed += [
            (part, numbered[run][bucket // 2].position, device, domain, count, taken_back)
            for run, bucket, part, device, domain, count, taken_back in piece
            if bucket % 2
        ]
    return summed


def asked_subjects(name: str = "asked", *others: str) -> TableValuedAlias:
    """What is given as the parameter `subjects`: pairs of a tenant and a subject, with other numbers.

    Two lists instead would be searched for each tenant with each subject of all the others.
    """
    columns = dict.fromkeys(("tenant_id", "subject_id", *others), BigInteger())
    return rows_of("subjects", **columns).table_valued(*columns, name=name)


def is_of(table: Table, asked: TableValuedAlias) -> ColumnElement[bool]:
    """The tenants stand here as a list, too: by it a distributed engine knows where to look."""
    is_theirs: ColumnElement[bool] = and_(
        table.c.tenant_id == asked.c.tenant_id,
        table.c.subject_id == asked.c.subject_id,
        among(table.c.tenant_id, "tenants"),
    )
    return is_theirs


class EverKey(NamedTuple):
    tenant_id: int
    subject_id: int
    action: Action


_ASKED = asked_subjects()


class Ever(NamedTuple):
    all: int
    scored: int
    """Of each month, so many at most count in a score: anybody may report, and as often as they like."""


MOST_SCORED = 3_000
"""Of one thing that happens to one subject, in a month of the reporting time zone."""

_NEVER = Ever(0, 0)
_BY_MONTH = (
    select(MONTHS.tenant_id, MONTHS.subject_id, MONTHS.action, func.sum(MONTHS.count).label("count"))
    .select_from(ordered_join(_ASKED, table_of(MonthTotal), is_of(table_of(MonthTotal), _ASKED)))
    .where(among(MONTHS.action, "actions"))
    .group_by(MONTHS.tenant_id, MONTHS.subject_id, MONTHS.action, MONTHS.month)
    .subquery()
).c


class EverCounts(Loader[EverKey, Ever]):
    """How often something has ever happened to a subject."""

    _statement = Statement(
        select(
            _BY_MONTH.tenant_id,
            _BY_MONTH.subject_id,
            _BY_MONTH.action,
            cast(func.sum(_BY_MONTH.count), BigInteger),
            cast(
                func.sum(case((_BY_MONTH.count > MOST_SCORED, MOST_SCORED), else_=_BY_MONTH.count)),
                BigInteger,
            ),
        ).group_by(_BY_MONTH.tenant_id, _BY_MONTH.subject_id, _BY_MONTH.action),
        lambda tenant_id, subject_id, action, *counts: (
            EverKey(tenant_id, subject_id, Action(action)),
            Ever(*counts),
        ),
    )

    async def batch_load_fn(self, keys: Sequence[EverKey]) -> list[Ever]:
        counts = dict(
            await self.database.fetch(
                self._statement,
                tenants=list({key.tenant_id for key in keys}),
                subjects=list({(key.tenant_id, key.subject_id) for key in keys}),
                actions=list({key.action for key in keys}),
            )
        )
        return [counts.get(key, _NEVER) for key in keys]


class _Tier(NamedTuple):
    table: Table
    time: ColumnElement[Any]
    type: TypeEngine[Any]
    sum: ColumnElement[int]
    action: ColumnElement[int] | None = None
    """What all of its rows are, where no column says it."""


_TIERS = {
    "months": _Tier(table_of(MonthTotal), MONTHS.month, Day(), func.sum(MONTHS.count)),
    "days": _Tier(table_of(DayTotal), DAYS.day, Day(), func.sum(DAYS.count)),
    "edges": _Tier(table_of(Event), EVENTS.occurred_at, Instant(), func.count()),
    # Of edges, too: an engaged view is no event of its own.
    "engaged": _Tier(
        table_of(EngagedView),
        ENGAGED.occurred_at,
        Instant(),
        func.count(),
        literal_column(str(int(Action.ENGAGED_VIEW)), SmallInteger()),
    ),
}
_TAIL = "_tail"
_Runs = dict[str, list[Piece[Any]]]


def _runs(parts: Pieces, measure: Measure) -> _Runs:
    """What is read from each tier: in two runs, so that nobody reads through what lies between.

    Before and after whole months come days; before and after whole days come edges.
    """
    runs: _Runs = {}
    tiers = parts._asdict()
    if Action.ENGAGED_VIEW in measure.actions:
        tiers["engaged"] = parts.edges
    for tier, all_of_it in tiers.items():
        runs[tier], runs[tier + _TAIL] = _halves(all_of_it)
    return {name: run for name, run in runs.items() if run}


def _halves(run: list[Piece[Any]]) -> tuple[list[Piece[Any]], list[Piece[Any]]]:
    """Cut at the widest gap, if there is one."""
    gaps = [after.start - before.end for before, after in pairwise(run)]
    if not gaps or not (widest := max(gaps)):
        return run, []
    cut = gaps.index(widest) + 1
    return run[:cut], run[cut:]


# A report has tens of thousands of rows: a call of the enum takes ten times as long.
_ACTIONS = {int(action): action for action in Action}
_Split = tuple[Action, int | None, str | None]
_Counted = tuple[int, int, tuple[int, int], _Split, int]
"""The number of the run and of the bucket in it; whose (tenant, and subject or party); by what it is
split; how often."""


@lru_cache(maxsize=512)
def counts_statement(
    runs: tuple[str, ...], dimensions: frozenset[Dimension], of_some_domains: bool, are_summed: bool = False
) -> Statement[_Counted]:
    selects = [
        _run_select(number, run, dimensions, of_some_domains, are_summed) for number, run in enumerate(runs)
    ]
    return Statement(selects[0] if len(selects) == 1 else union_all(*selects), _counted)


@lru_cache(maxsize=512)
def points_statement(
    runs: tuple[str, ...], dimensions: frozenset[Dimension], of_some_domains: bool, takes_back: bool = False
) -> Statement[tuple[int, int, int, int, str, int, int]]:
    selects = [
        _points_select(number, run, dimensions, of_some_domains, takes_back)
        for number, run in enumerate(runs)
    ]
    every = union_all(*selects).subquery()
    # A subquery even of one: SQLite would otherwise stop to sort only when all is told.
    return Statement(select(*every.c).limit(bindparam("most", type_=BigInteger())), lambda *values: values)


def _points_select(
    number: int, name: str, dimensions: frozenset[Dimension], of_some_domains: bool, takes_back: bool
) -> Select[Any]:
    tier = _TIERS[name.removesuffix(_TAIL)]
    asked = asked_subjects(f"{name}_subjects", "part")
    totals = tier.table
    part = spans(name, tier.type).table_valued("bucket", "start", "stop", name=f"{name}_part")
    is_within = (tier.time >= part.c.start) & (tier.time < part.c.stop)
    source = ordered_join(ordered_join(asked, part, true()), totals, is_of(totals, asked) & is_within)
    bucket = bucket_of(tier.time, part.c.bucket)
    device: ColumnElement[Any] = literal(-1)
    domain: ColumnElement[Any] = literal("")
    by: _Columns = []
    if Dimension.DEVICE in dimensions:
        device = totals.c.device
        by.append(device)
    if Dimension.DOMAIN in dimensions:
        domain = func.coalesce(DOMAINS.name, "")
        by.append(DOMAINS.name)
    statement = (
        select(
            literal(number).label("run"),
            bucket.label("bucket"),
            asked.c.part.label("part"),
            device.label("device"),
            domain.label("domain"),
            cast(tier.sum, BigInteger).label("count"),
            (_taken_back(tier) if takes_back else literal(0)).label("taken_back"),
        )
        .select_from(_with_domains(source, tier, dimensions))
        .group_by(asked.c.part, bucket, *by)
    )
    return _of_what_is_asked(statement, tier, of_some_domains)


def _taken_back(tier: _Tier) -> ColumnElement[int]:
    if tier.action is not None:
        return literal(0)
    of_each = tier.table.c.count if "count" in tier.table.c else literal_column("1", BigInteger())
    takes_back = tier.table.c.action.in_([literal_column(str(int(action))) for action in TAKES_BACK])
    return cast(func.sum(case((takes_back, of_each), else_=literal_column("0"))), BigInteger)


def _counted(
    run: int, tenant_id: int, subject_id: int, bucket: int, action: int, device: int, domain: str, count: int
) -> _Counted:
    return run, bucket, (tenant_id, subject_id), _split(action, device, domain), count


def _split(action: int, device: int, domain: str) -> _Split:
    return _ACTIONS[action], device if device >= 0 else None, domain


def _run_select(
    number: int, name: str, dimensions: frozenset[Dimension], of_some_domains: bool, are_summed: bool
) -> Select[Any]:
    tier = _TIERS[name.removesuffix(_TAIL)]
    totals = tier.table.c
    asked = asked_subjects(f"{name}_subjects", *(["party"] if are_summed else []))
    counted = asked.c.party if are_summed else totals.subject_id
    part = spans(name, tier.type).table_valued("bucket", "start", "stop", name=f"{name}_part")
    is_within = (tier.time >= part.c.start) & (tier.time < part.c.stop)
    source = ordered_join(ordered_join(asked, part, true()), tier.table, is_of(tier.table, asked) & is_within)
    bucket = bucket_of(tier.time, part.c.bucket)
    shown, by = _splitting(tier, dimensions)
    statement = (
        select(literal(number), totals.tenant_id, counted, bucket, *shown)
        .select_from(_with_domains(source, tier, dimensions))
        # SQLite sorts by these one after the other: so the tenant, mostly one and the same, comes last.
        .group_by(counted, bucket, *by, totals.tenant_id)
    )
    return _of_what_is_asked(statement, tier, of_some_domains)


_CountedInSpan = tuple[int, _Split, int]
"""Whose; by what it is split; how often."""


@lru_cache(maxsize=512)
def span_statement(
    runs: tuple[str, ...], dimensions: frozenset[Dimension], of_some_domains: bool
) -> Statement[_CountedInSpan]:
    """Rows come in the order of the totals' key, so that SQLite need not sort them; and PostgreSQL knows
    how many to expect. That takes half the time of a join with what is asked."""
    selects = [_span_select(run, dimensions, of_some_domains) for run in runs]
    return Statement(
        selects[0] if len(selects) == 1 else union_all(*selects),
        lambda subject_id, action, device, domain, count: (subject_id, _split(action, device, domain), count),
    )


def _span_select(name: str, dimensions: frozenset[Dimension], of_some_domains: bool) -> Select[Any]:
    tier = _TIERS[name.removesuffix(_TAIL)]
    totals = tier.table.c
    shown, by = _splitting(tier, dimensions)
    statement = (
        select(totals.subject_id, *shown)
        .select_from(_with_domains(tier.table, tier, dimensions))
        .where(
            totals.tenant_id == bindparam("tenant", type_=BigInteger()),
            among(totals.subject_id, "subject_ids"),
            tier.time >= bindparam(f"{name}_start", type_=tier.type),
            tier.time < bindparam(f"{name}_stop", type_=tier.type),
        )
        .group_by(totals.subject_id, *by)
    )
    return _of_what_is_asked(statement, tier, of_some_domains)


_Columns = list[ColumnElement[Any]]


def _splitting(tier: _Tier, dimensions: frozenset[Dimension]) -> tuple[_Columns, _Columns]:
    """Action, device, domain and the count, as they are shown; and those by which rows are grouped."""
    totals = tier.table.c
    action: ColumnElement[Any] = totals.action if tier.action is None else tier.action
    device: ColumnElement[Any] = literal(-1)
    domain: ColumnElement[Any] = cast(null(), String)
    by: _Columns = [totals.action] if tier.action is None else []
    if Dimension.DEVICE in dimensions:
        device = totals.device
        by.append(device)
    if Dimension.DOMAIN in dimensions:
        domain = func.coalesce(DOMAINS.name, "")
        by.append(DOMAINS.name)
    return [action, device, domain, cast(tier.sum, BigInteger)], by


def _with_domains(source: FromClause, tier: _Tier, dimensions: frozenset[Dimension]) -> FromClause:
    if Dimension.DOMAIN not in dimensions:
        return source
    return source.outerjoin(table_of(Domain), DOMAINS.id == tier.table.c.domain_id)


def _of_what_is_asked(statement: Select[Any], tier: _Tier, of_some_domains: bool) -> Select[Any]:
    if tier.action is None:
        statement = statement.where(among(tier.table.c.action, "actions"))
    if of_some_domains:
        statement = statement.where(among(tier.table.c.domain_id, "domain_ids"))
    return statement
