"""The subjects of series, and how the counts of several subjects are put together."""

from collections.abc import Sequence
from enum import Enum
from typing import Any, NamedTuple

Member = tuple[int, int, int]
"""The tenant, the subject, and the number of the part of a series that the subject counts in."""

_WIDEST = 1 << 40
"""Subjects whose ids are further apart are not numbered by their ids: a cell would not fit into 64 bits."""


class Parts(Enum):
    """How a statement finds the part of a subject. The first two serve one tenant alone, and are quicker."""

    OF_ONE = "OF_ONE"
    """Each subject by itself. Its number is its id, less the least id."""
    OF_ALL = "OF_ALL"
    """All subjects together are the only part, which has the number 0."""
    GIVEN = "GIVEN"
    """The numbers are given. A subject may be in several parts."""


class Members(NamedTuple):
    parts: Parts
    given: Sequence[Member]
    least: int
    """The least id of a subject."""
    limit: int
    """All numbers of parts in the statement are below it."""
    numbers: dict[int, int]
    """The number of each part, by its number in the statement."""

    def arguments(self) -> dict[str, Any]:
        """The parameters of a statement."""
        if self.parts is Parts.GIVEN:
            tenants = list({tenant_id for tenant_id, *_ in self.given})
            return {"tenants": tenants, "subjects": list(self.given), "parts": self.limit}
        return {
            "tenant": self.given[0][0],
            "subject_ids": [subject_id for _, subject_id, _ in self.given],
            "members": [(subject_id,) for _, subject_id, _ in self.given],
            "least": self.least,
            "parts": self.limit,
        }


def members_of(given: Sequence[Member], *, are_few: bool = False) -> Members:
    """`given` are the subjects of one statement; parts are numbered from 0. `are_few`: whether subjects of
    one part may be read one by one, because they have few points. To add these up takes less than a statement
    that finds the part of each row.
    """
    ids = {subject_id for _, subject_id, _ in given}
    parts = {part for *_, part in given}
    least, most = min(ids), max(ids)
    if len({tenant_id for tenant_id, *_ in given}) == 1 and len(ids) == len(given):
        if parts == {0} and len(given) > 1:
            return Members(Parts.OF_ALL, given, 0, 1, {0: 0})
        if (are_few or len(parts) == len(given)) and most - least < _WIDEST:
            numbers = {subject_id - least: part for _, subject_id, part in given}
            return Members(Parts.OF_ONE, given, least, most - least + 1, numbers)
    return Members(Parts.GIVEN, given, 0, max(parts) + 1, {part: part for part in parts})
