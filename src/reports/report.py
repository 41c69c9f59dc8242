"""What a report says, however it is written down."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import NamedTuple

from base.calendar import DateInterval

Value = int | float


class Counted(NamedTuple):
    views_3d: int = 0
    clicks: int = 0
    """AR views by click."""
    scans: int = 0
    """AR views by scan."""
    engaged: int = 0
    """3D views with at least one interaction."""
    interactions: int = 0

    @property
    def views_ar(self) -> int:
        return self.clicks + self.scans

    @property
    def interactions_per_engaged_view(self) -> float:
        return self.interactions / self.engaged if self.engaged else 0.0

    def values(self) -> tuple[Value, ...]:
        """In the order of FIGURES."""
        return (
            self.views_3d,
            self.clicks,
            self.scans,
            self.views_ar,
            self.engaged,
            self.interactions,
            self.interactions_per_engaged_view,
        )


FIGURES = (
    "3D views",
    "AR views by click",
    "AR views by scan",
    "AR views",
    "Engaged views",
    "Interactions",
    "Interactions per engaged view",
)
MEANINGS = (
    ("3D views", "How often an asset was shown on a page."),
    ("AR views by click", "How often somebody went from the page to augmented reality."),
    ("AR views by scan", "How often somebody scanned a code that leads to augmented reality."),
    ("AR views", "By click and by scan together."),
    ("Engaged views", "3D views with at least one interaction; each is counted once, at its first."),
    ("Interactions", "How often somebody turned, zoomed or otherwise touched an asset."),
    ("Interactions per engaged view", "Interactions divided by engaged views; 0 without any."),
)
ASSET_COLUMNS = ("Asset", "Workspace", "Device", *FIGURES, "Asset id")


class AssetLine(NamedTuple):
    """An asset on one kind of device; without a device where nothing happened to it."""

    asset: str
    workspace: str
    device: str
    counted: Counted
    asset_id: str

    def cells(self) -> tuple[str | Value, ...]:
        """In the order of ASSET_COLUMNS."""
        return (self.asset, self.workspace, self.device, *self.counted.values(), self.asset_id)


class Period(NamedTuple):
    """A day or a month of the asked time zone."""

    first_day: date
    is_partial: bool
    views_3d: int
    views_ar: int


class RankedLine(NamedTuple):
    rank: int
    asset: str
    views_3d: int
    views_ar: int
    engaged: int
    interactions_per_engaged_view: float


class Detail(NamedTuple):
    """One line of what was asked for."""

    label: str
    text: str


class Report(NamedTuple):
    name: str
    """Of the organization, workspace or asset."""
    first_day: date
    last_day: date
    """Of the range, in the asked time zone; both are touched by it."""
    details: tuple[Detail, ...]
    made_at: datetime
    lines: tuple[AssetLine, ...]
    devices: tuple[tuple[str, Counted], ...]
    interval: DateInterval
    """Of the periods: DAY or MONTH."""
    periods: tuple[Period, ...]
    """All that the range touches, in order."""
    top: tuple[RankedLine, ...]

    @property
    def total(self) -> Counted:
        return summed(counted for _, counted in self.devices)


def summed(many: Iterable[Counted]) -> Counted:
    total = Counted()
    for one in many:
        total = Counted(*(a + b for a, b in zip(total, one, strict=True)))
    return total
