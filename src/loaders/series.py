"""Counts over time that make a series. They are added up in the database: one number for each point."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from base.aliases import Aliases
from base.calendar import Bucket
from base.errors import TooManyPoints
from database import Database, current_usage
from loaders.domains import aliases_by_tenant
from loaders.measures import Dimension, Measure, with_domain_ids
from loaders.point_budget import PointBudget
from loaders.points import Member, read_points
from models import Device

_RAW = 1 << 32
"""A number that no group reaches. A key is the position of a bucket times this, plus the number of a
group."""


class Group(NamedTuple):
    """A group of a series. A value is None if the series is not split by it; `domain` is also None for
    events without a site."""

    device: Device | None = None
    domain: str | None = None
    workspace_id: int | None = None
    asset_id: int | None = None


class Point(NamedTuple):
    bucket: Bucket
    group: Group
    standing: int
    """How often something was done and not taken back."""
    taken_back: int = 0


class Series(NamedTuple):
    """The points of a series, in the order of their buckets, then device, domain, workspace and asset."""

    buckets: Sequence[Bucket]
    groups: Sequence[Group]
    places: Sequence[int]
    """For each point: the number of its bucket times the number of groups, plus the number of its group."""
    counts: Sequence[int]
    """For each point: how often something was done and not taken back."""
    taken_back: Sequence[int]
    """For each point: how often something was done there and taken back later, at any time."""

    @property
    def standing(self) -> int:
        return sum(self.counts)

    def points(self) -> Iterator[Point]:
        """The points, made one by one, because there may be many."""
        of_each = len(self.groups)
        for place, count, taken_back in zip(self.places, self.counts, self.taken_back, strict=True):
            bucket, group = divmod(place, of_each)
            yield Point(self.buckets[bucket], self.groups[group], count, taken_back)


class SeriesRequest(NamedTuple):
    """One series of some subjects of a tenant."""

    tenant_id: int
    time_zone: str
    """The tenant's reporting time zone."""
    measure: Measure
    buckets: Sequence[Bucket]
    subjects: Sequence[int]
    parts: Sequence[tuple[int, int]]
    """The workspace and the asset of each subject; 0 if the series is not split by it."""
    zero_fill: bool
    is_whole: bool
    """Whether it is not split by anything."""


async def read_series(
    database: Database, budget: PointBudget, asked: Sequence[SeriesRequest]
) -> list[Series | TooManyPoints]:
    """One statement reads all series with the same measure and time zone. A series with too many points is
    an error in its place."""
    asked = await with_domain_ids(database, asked)
    names = await _names(database, asked)
    grouped: defaultdict[tuple[str, Measure], list[int]] = defaultdict(list)
    for number, one in enumerate(asked):
        grouped[one.time_zone, one.measure].append(number)
    found: list[Series | TooManyPoints] = [Series((), (), (), (), ())] * len(asked)
    for (zone, measure), numbers in grouped.items():
        parties = [_Party(asked[number], names.get(asked[number].tenant_id)) for number in numbers]
        await _read(database, zone, measure, parties, budget.most)
        for number, party in zip(numbers, parties, strict=True):
            try:
                found[number] = await party.series(budget)
            except TooManyPoints as error:
                found[number] = error
    return found


async def _names(database: Database, asked: Sequence[SeriesRequest]) -> Mapping[int, Aliases]:
    """The aliases of each tenant whose series are split by sites."""
    tenants = {one.tenant_id for one in asked if Dimension.DOMAIN in one.measure.dimensions}
    return await aliases_by_tenant(database, tenants) if tenants else {}


async def _read(database: Database, zone: str, measure: Measure, parties: "list[_Party]", most: int) -> None:
    members: list[Member] = []
    places: list[tuple[_Party, int]] = []
    for party in parties:
        for subject, place in zip(party.asked.subjects, party.numbers(len(places)), strict=True):
            members.append((party.asked.tenant_id, subject, place))
        places.extend((party, number) for number in range(len(party.parts)))
    points = await read_points(database, zone, measure, members, most)
    async for piece in current_usage().run_queue.batches(points):
        for place, position, device, domain, count, taken_back in piece:
            party, number = places[place]
            party.add(position, (device, domain, *party.parts[number]), count, taken_back)


_Place = tuple[int, str, int, int]
"""Device, domain, workspace and asset; -1, "" and 0 if the series is not split by it."""


class _Party:
    """A series while it is read."""

    def __init__(self, asked: SeriesRequest, aliases: Aliases | None) -> None:
        self.asked = asked
        self._aliases = aliases
        self._read: set[tuple[int, _Place]] = set()
        """The points before sites are put together under their other names. Empty if there are none."""
        self.parts = list(dict.fromkeys(asked.parts))
        self._groups: dict[_Place, int] = {}
        self._counts: dict[int, int] = {}
        self._taken_back: dict[int, int] = {}

    def numbers(self, first: int) -> list[int]:
        number_of = {part: first + number for number, part in enumerate(self.parts)}
        return [number_of[part] for part in self.asked.parts]

    def add(self, position: int, place: _Place, count: int, taken_back: int) -> None:
        """`count` includes what was done and what took it back."""
        if self._aliases:
            self._read.add((position, place))
            place = (place[0], self._aliases.name_of(place[1]), *place[2:])
        group = self._groups.setdefault(place, len(self._groups))
        key = position * _RAW + group
        self._counts[key] = self._counts.get(key, 0) + count - 2 * taken_back
        if taken_back:
            self._taken_back[key] = self._taken_back.get(key, 0) + taken_back

    async def series(self, budget: PointBudget) -> Series:
        """Raises TooManyPoints, before any point is made."""
        asked = self.asked
        if asked.zero_fill and asked.is_whole:
            self._groups.setdefault((-1, "", 0, 0), 0)
        in_order = sorted(self._groups)
        buckets, groups = len(asked.buckets), len(in_order)
        points = buckets * groups if asked.zero_fill else len(self._counts)
        # If there was more to read than the limit, only a part of it was read.
        budget.take(buckets, groups, max(points, len(self._read)))
        rank = {self._groups[place]: number for number, place in enumerate(in_order)}
        counts: dict[int, int] = {}
        run_queue = current_usage().run_queue
        async for piece in run_queue.batches(self._counts.items()):
            counts |= {
                key // _RAW * groups + rank[key % _RAW]: count
                for key, count in piece
                if count or key in self._taken_back
            }
        taken_back = {
            key // _RAW * groups + rank[key % _RAW]: count for key, count in self._taken_back.items()
        }
        self._counts = {}
        places = range(buckets * groups) if asked.zero_fill else sorted(counts)
        in_place: list[int] = []
        taken: list[int] = []
        async for numbers in run_queue.batches(places):
            in_place += [counts.get(place, 0) for place in numbers]
            taken += [taken_back.get(place, 0) for place in numbers] if taken_back else [0] * len(numbers)
        return Series(asked.buckets, [_group(place) for place in in_order], places, in_place, taken)


def _group(place: _Place) -> Group:
    device, domain, workspace_id, asset_id = place
    return Group(
        Device(device) if device >= 0 else None, domain or None, workspace_id or None, asset_id or None
    )


def parts_of(
    subjects: Sequence[int], *, by_asset: bool, workspace_of: Mapping[int, int]
) -> list[tuple[int, int]]:
    """`workspace_of` is empty if the series is not split by workspaces."""
    return [(workspace_of.get(id, 0), id if by_asset else 0) for id in subjects]
