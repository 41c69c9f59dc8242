"""What a statement of points depends on."""

from typing import NamedTuple

from loaders.measures import Dimension
from loaders.members import Parts
from loaders.point_times import RunShape
from models import Device

DEVICES = max(Device) + 1
"""All numbers of devices are below it."""


class Layout(NamedTuple):
    """All that a statement depends on."""

    runs: tuple[RunShape, ...]
    parts: Parts
    dimensions: frozenset[Dimension]
    of_some_domains: bool
    takes_back: bool
    is_exact: bool = False
    """Whether sums are exact from `EXACT_BELOW` on, too. That takes longer."""

    @property
    def devices(self) -> int:
        return DEVICES if self.is_by_device else 1

    @property
    def is_by_device(self) -> bool:
        return Dimension.DEVICE in self.dimensions

    @property
    def is_by_domain(self) -> bool:
        return Dimension.DOMAIN in self.dimensions

    def has_a_row_for_each_subject(self, run: RunShape) -> bool:
        """Then the totals are grouped in the order of their key, and need not be sorted. A subject has few
        points in a run of days, unless it is split by domains: these have a limit for all subjects together.
        """
        return run.is_daily and self.parts is Parts.OF_ONE and not self.is_by_domain
