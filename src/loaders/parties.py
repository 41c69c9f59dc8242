"""A series while it is read."""

from collections.abc import Mapping

from base.aliases import Aliases
from loaders.cell_patterns import Pattern, pattern_of
from loaders.numbered_points import Points, merged
from loaders.point_budget import PointBudget
from loaders.point_numbers import numbers_of
from loaders.points import Key, Read
from loaders.series import Group, Series, SeriesRequest
from models import Device

Part = tuple[int, int]
"""A workspace and an asset; 0 if the series is not split by it."""
_Place = tuple[int, str, int, int]
"""Device, domain, workspace and asset; -1, "" and 0 if the series is not split by it."""
_WHOLE: _Place = -1, "", 0, 0


class Party:
    def __init__(self, asked: SeriesRequest, aliases: Aliases | None) -> None:
        self.asked = asked
        self.parts: list[Part] = list(dict.fromkeys(asked.parts))
        self._aliases = aliases
        self._reads: list[tuple[Read, Pattern | None, dict[Key, _Place]]] = []
        """With the group of each key in it."""

    def numbers(self, first: int) -> list[int]:
        """The part of each subject, numbered from `first`."""
        number_of = {part: first + number for number, part in enumerate(self.parts)}
        return [number_of[part] for part in self.asked.parts]

    def add(self, read: Read, part_of: Mapping[int, Part]) -> None:
        pattern = pattern_of(read)
        keys = pattern.groups if pattern else read.groups()
        self._reads.append((read, pattern, {key: self._place(read, key, part_of) for key in keys}))

    def _place(self, read: Read, key: Key, part_of: Mapping[int, Part]) -> _Place:
        device, domain, part = read.split(key)
        return (device, self._aliases.name_of(domain) if self._aliases else domain, *part_of[part])

    async def series(self, budget: PointBudget) -> Series:
        """Raises TooManyPoints, before zeros are filled in."""
        asked = self.asked
        places = {place for *_, place_of in self._reads for place in place_of.values()}
        in_order = sorted(places | {_WHOLE} if asked.zero_fill and asked.is_whole else places)
        is_signed = any(read.is_signed for read, *_ in self._reads)
        is_cut = any(read.is_cut for read, *_ in self._reads)
        buckets = len(asked.timeline)
        read = await self._numbered({place: number for number, place in enumerate(in_order)})
        points = await merged(read, buckets * len(in_order))
        # Only as many were read as there may be points. Sites that share a name were read one by one, and so
        # was what is subtracted.
        most_read = sum(len(one.numbers) for one in read) if self._aliases or is_cut else 0
        if is_signed:
            points, in_order = _without_nothing(points, in_order)
        groups = len(in_order)
        all_of_them = buckets * groups if asked.zero_fill else len(points.numbers)
        budget.take(buckets, groups, max(all_of_them, most_read))
        shown = await points.filled(buckets * groups) if asked.zero_fill else points.without_nothing()
        return Series(
            asked.timeline,
            [_group(place) for place in in_order],
            shown.numbers,
            shown.counts,
            # Bytes are numbers, too, and these are zeros.
            bytes(len(shown.counts)) if shown.taken_back is None else shown.taken_back,
        )

    async def _numbered(self, rank: Mapping[_Place, int]) -> list[Points]:
        """All that was read."""
        found: list[Points] = []
        for read, pattern, place_of in self._reads:
            rank_of = {key: rank[place] for key, place in place_of.items()}
            points = pattern.points(read, rank_of, len(rank)) if pattern else None
            if points is None:
                numbers = await numbers_of(read, rank_of, len(rank))
                points = Points.of(numbers, read.counts, read.taken_back)
            found.append(points)
        self._reads.clear()
        return found


def _without_nothing(points: Points, places: list[_Place]) -> tuple[Points, list[_Place]]:
    """Without points of which all was subtracted, and without the groups that then have none. While old days
    are forgotten, more may be subtracted than there is: a day goes in several steps."""
    left = points.not_below_nothing().without_nothing()
    all_of_them = len(places)
    ranks = {number % all_of_them for number in left.numbers}
    kept = [rank for rank, place in enumerate(places) if rank in ranks or place == _WHOLE]
    new = {rank: number for number, rank in enumerate(kept)}
    numbers = [number // all_of_them * len(kept) + new[number % all_of_them] for number in left.numbers]
    return left._replace(numbers=numbers), [places[rank] for rank in kept]


def _group(place: _Place) -> Group:
    device, domain, workspace_id, asset_id = place
    return Group(
        Device(device) if device >= 0 else None, domain or None, workspace_id or None, asset_id or None
    )
