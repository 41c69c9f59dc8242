"""Reads series: one statement for all that are about the same time."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from math import inf
from typing import Final

from base.aliases import Aliases
from base.calendar import DateInterval, Timeline
from base.errors import TooManyPoints
from database import Database
from loaders.domains import aliases_by_tenant
from loaders.measures import Dimension, Measure, with_domain_ids
from loaders.members import Member, members_of
from loaders.parties import Part, Party
from loaders.point_budget import PointBudget
from loaders.point_layout import DEVICES
from loaders.points import Read, read_points
from loaders.series import Series, SeriesRequest
from loaders.series_ahead import PointsKey, PointsOfRow

_FEW_CELLS: Final = 1_000
"""If there may be no more of them, each subject is read by itself."""
_LONG: Final = (DateInterval.WEEK, DateInterval.MONTH)


async def read_series(
    database: Database, budget: PointBudget, known: PointsOfRow, asked: Sequence[SeriesRequest], today: date
) -> list[Series | TooManyPoints]:
    """One statement reads all series with the same measure, timeline and time zone. A series with too many
    points is an error in its place. `today` is in UTC.
    """
    asked = await with_domain_ids(database, asked)
    names = await _names(database, asked)
    grouped: defaultdict[tuple[str, Measure, Timeline], list[int]] = defaultdict(list)
    for number, one in enumerate(asked):
        grouped[one.time_zone, one.measure, one.timeline].append(number)
    found: dict[int, Series | TooManyPoints] = {}
    for shared, numbers in grouped.items():
        parties = [Party(asked[number], names.get(asked[number].tenant_id)) for number in numbers]
        unknown = [party for party in parties if not _is_known(known, party)]
        await _read(database, *shared, unknown, budget.most, today)
        for number, party in zip(numbers, parties, strict=True):
            try:
                found[number] = await party.series(budget)
            except TooManyPoints as error:
                found[number] = error
    return [found[number] for number in range(len(asked))]


def _is_known(known: PointsOfRow, party: Party) -> bool:
    """Adds to the party what was read with the row of its subject, if it was."""
    asked = party.asked
    if len(asked.subjects) != 1:
        return False
    key = PointsKey(asked.tenant_id, asked.subjects[0], asked.time_zone, asked.measure, asked.timeline)
    read = known.taken(key)
    if read:
        party.add(read, {0: party.parts[0]})
    return read is not None


async def _names(database: Database, asked: Sequence[SeriesRequest]) -> Mapping[int, Aliases]:
    """The aliases of each tenant whose series are split by sites."""
    tenants = {one.tenant_id for one in asked if Dimension.DOMAIN in one.measure.dimensions}
    return await aliases_by_tenant(database, tenants) if tenants else {}


async def _read(
    database: Database,
    zone: str,
    measure: Measure,
    timeline: Timeline,
    parties: Sequence[Party],
    most: int,
    today: date,
) -> None:
    """Adds to each party what is its own."""
    given: list[Member] = []
    owners: list[tuple[Party, Part]] = []
    for party in parties:
        asked, first = party.asked, len(owners)
        numbers = party.numbers(first)
        given += [(asked.tenant_id, *member) for member in zip(asked.subjects, numbers, strict=True)]
        owners += [(party, part) for part in party.parts]
    if not given:
        return
    members = members_of(given, are_few=_cells(given, timeline, measure) <= min(_FEW_CELLS, most))
    owner_of = {number: owners[part] for number, part in members.numbers.items()}
    part_of = {number: part for number, (_, part) in owner_of.items()}
    party_of = {number: party for number, (party, _) in owner_of.items()}
    for read in await read_points(database, zone, timeline, measure, members, most, today):
        for party, own in _shares(read, party_of):
            party.add(own, part_of)


def _cells(given: Sequence[Member], timeline: Timeline, measure: Measure) -> float:
    """How many there may be if each subject is read by itself. Days would then come in a row for each."""
    if Dimension.DOMAIN in measure.dimensions or timeline.cut.interval not in _LONG:
        return inf
    return len(given) * len(timeline) * (DEVICES if Dimension.DEVICE in measure.dimensions else 1)


def _shares(read: Read, party_of: Mapping[int, Party]) -> Iterator[tuple[Party, Read]]:
    """What of it belongs to each party."""
    if not read.cells:
        return
    parties = {party_of[read.first_part]} if read.parts == 1 else set(party_of.values())
    if len(parties) == 1:
        yield parties.pop(), read
        return
    shares: defaultdict[Party, list[int]] = defaultdict(list)
    for place, cell in enumerate(read.cells):
        shares[party_of[read.part_of(cell)]].append(place)
    for party, places in shares.items():
        yield party, read.only(places)
