"""How often something happened to subjects, over time."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from base.calendar import Piece, signed_pieces, time_zone
from database import Database
from loaders.base import Loader, Loaders
from loaders.count_statements import CountedAs, Split, counts_statement, span_statement, split_as
from loaders.measures import Cell, Cells, Measure, TenantSubject, with_domain_ids
from loaders.tiers import HOURS_TIER, Runs, limits_of, runs_of, tier_of


class CountsKey(NamedTuple):
    """Several subjects of one tenant."""

    tenant_id: int
    time_zone: str
    subject_ids: tuple[int, ...]
    measure: Measure


class CountsBySubject(Loader[CountsKey, dict[int, Cells]]):
    """One statement reads all subjects whose tenants share a reporting time zone. Subjects without any count
    are absent, and so are cells of 0.
    """

    def __init__(self, loaders: Loaders) -> None:
        super().__init__(loaders)
        self._today = loaders.now.date()

    async def batch_load_fn(self, keys: Sequence[CountsKey]) -> list[dict[int, Cells]]:
        keys = await with_domain_ids(self.database, keys)
        grouped: defaultdict[tuple[str, Measure], set[TenantSubject]] = defaultdict(set)
        for key in keys:
            grouped[key.time_zone, key.measure].update((key.tenant_id, id) for id in key.subject_ids)
        counted = {
            shared: await read_counts(self.database, *shared, subjects, self._today)
            for shared, subjects in grouped.items()
        }
        return [_of(key, counted[key.time_zone, key.measure]) for key in keys]


def _of(key: CountsKey, counted: Mapping[TenantSubject, Cells]) -> dict[int, Cells]:
    return {id: cells for id in key.subject_ids if (cells := counted.get((key.tenant_id, id)))}


async def read_counts(
    database: Database, zone: str, measure: Measure, subjects: Collection[TenantSubject], today: date
) -> dict[TenantSubject, Cells]:
    """`zone` is the reporting time zone of all the subjects' tenants. `today` is in UTC."""
    counted: defaultdict[TenantSubject, Cells] = defaultdict(dict)
    reporting_zone = time_zone(zone)
    runs = runs_of(signed_pieces(measure.spans, reporting_zone), reporting_zone, measure, today)
    if not runs or not subjects:
        return {}
    tenants = {tenant_id for tenant_id, _ in subjects}
    has_single_pieces = len(measure.spans) == 1 and all(len(run) == 1 for run in runs.values())
    if len(tenants) == 1 and has_single_pieces:
        return await _read_span(database, runs, measure, tenants.pop(), [id for _, id in subjects])
    rows = await database.fetch(
        counts_statement(tuple(runs), measure.dimensions, measure.domain_ids is not None),
        tenants=list(tenants),
        subjects=list(subjects),
        actions=list(measure.actions),
        domain_ids=measure.domain_ids,
        **{name: limits_of(name, run) for name, run in runs.items()},
    )
    numbered = list(runs.values())
    for run, bucket, subject, split, count in rows:
        if bucket % 2:
            _count(counted[subject], numbered[run][bucket // 2], split, count)
    return _without_nothing(counted, runs)


async def _read_span(
    database: Database, runs: Runs, measure: Measure, tenant_id: int, subject_ids: list[int]
) -> dict[TenantSubject, Cells]:
    """Counts of one span of one tenant. Each run has one piece."""
    counted: defaultdict[TenantSubject, Cells] = defaultdict(dict)
    limits = {name: run[0][1:3] for name, run in runs.items()}
    rows = await database.fetch(
        span_statement(tuple(runs), measure.dimensions, measure.domain_ids is not None),
        tenant=tenant_id,
        subject_ids=subject_ids,
        actions=list(measure.actions),
        domain_ids=measure.domain_ids,
        **{f"{name}_start": start for name, (start, _) in limits.items()},
        **{f"{name}_stop": stop for name, (_, stop) in limits.items()},
        **{name: limits_of(name, run) for name, run in runs.items() if tier_of(name) is HOURS_TIER},
    )
    pieces = [piece for (piece,) in runs.values()]
    signed: dict[CountedAs, list[tuple[Cell, int]]] = {}
    for subject_id, counted_as, count in rows:
        # All subjects have the same few cells.
        if counted_as not in signed:
            run, action, device, domain = counted_as
            signed[counted_as] = _signed_cells(pieces[run], split_as(action, device, domain))
        cells = counted[tenant_id, subject_id]
        for cell, sign in signed[counted_as]:
            cells[cell] = cells.get(cell, 0) + sign * count
    return _without_nothing(counted, runs)


def _count(cells: Cells, piece: Piece[Any], split: Split, count: int) -> None:
    if piece.position is not None:
        cell = Cell(piece.position, *split)
        cells[cell] = cells.get(cell, 0) + count
    if piece.taken_from is not None:
        cell = Cell(piece.taken_from, *split)
        cells[cell] = cells.get(cell, 0) - count


def _signed_cells(piece: Piece[Any], split: Split) -> list[tuple[Cell, int]]:
    """To which cells a count is added, and from which it is subtracted."""
    signs = (piece.position, 1), (piece.taken_from, -1)
    return [(Cell(position, *split), sign) for position, sign in signs if position is not None]


def _without_nothing(counted: dict[TenantSubject, Cells], runs: Runs) -> dict[TenantSubject, Cells]:
    """Without cells of which all was taken again. While old days are forgotten, more may be taken than there
    is: a day goes in several steps."""
    if all(piece.taken_from is None for run in runs.values() for piece in run):
        return counted
    return {
        subject: {cell: count for cell, count in cells.items() if count > 0}
        for subject, cells in counted.items()
    }
