"""What a report says, in whatever format."""

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime
from enum import Enum
from typing import Any, NamedTuple

from base.calendar import DateInterval
from figures.assets import ASSETS, IN_SCHEMA, AssetTotals
from figures.figure import Column, Figure, Figures
from figures.folds import of_all

Value = int | float

SHOWN: Figures = tuple(figure for figure in ASSETS if figure.column)
"""The figures that reports show, in this order."""
RANKED: Figures = tuple(figure for figure in SHOWN if figure in IN_SCHEMA)
"""The figures of a ranking, which are those of the API."""


def column_of(figure: Figure[Any]) -> Column:
    """The column of a figure that reports show."""
    assert figure.column
    return figure.column


def cells(figures: Figures, totals: AssetTotals) -> tuple[Value, ...]:
    return tuple([figure.of(totals) for figure in figures])


class ReportRows(Enum):
    """What the table of assets has a row for."""

    DEVICES = "Device"
    """Each asset and each kind of device."""
    DAYS = "Day"
    """Each asset and each day."""

    @property
    def columns(self) -> tuple[str, ...]:
        """The headings of the table. The third says what the row is about beside the asset."""
        figures = (column_of(figure).heading for figure in SHOWN)
        return ("Asset", "Workspace", self.value, *figures, "Asset id")


class AssetLine(NamedTuple):
    """An asset on one kind of device, or on one day."""

    asset: str
    workspace: str
    part: str | date
    """The name of the device, or the day. It is an empty text if nothing happened to the asset."""
    totals: AssetTotals
    asset_id: str


def columns_of(lines: Sequence[AssetLine]) -> list[Sequence[Any]]:
    """What the lines have in each column of the table."""
    assets, workspaces, parts, totals, ids = zip(*lines, strict=True) if lines else ([], [], [], [], [])
    return [assets, workspaces, parts, *(list(of_all(figure.fold)(totals)) for figure in SHOWN), ids]


class Period(NamedTuple):
    """A day or a month of the asked time zone."""

    first_day: date
    is_partial: bool
    views_3d: int
    views_ar: int


class RankedLine(NamedTuple):
    rank: int
    asset: str
    totals: AssetTotals

    def cells(self) -> tuple[str | Value, ...]:
        """The rank and the name, then the figures of RANKED."""
        return (self.rank, self.asset, *cells(RANKED, self.totals))


class Detail(NamedTuple):
    """One line about what was asked for."""

    label: str
    text: str


class Report(NamedTuple):
    name: str
    """The name of the organization, workspace or asset."""
    first_day: date
    last_day: date
    """The first and the last day that the range touches, in the asked time zone."""
    details: tuple[Detail, ...]
    made_at: datetime
    rows: ReportRows
    lines: tuple[AssetLine, ...]
    devices: tuple[tuple[str, AssetTotals], ...]
    interval: DateInterval
    """How long a period is: DAY or MONTH."""
    periods: tuple[Period, ...]
    """All periods that the range touches, in order."""
    top: tuple[RankedLine, ...]

    def total(self) -> tuple[Value, ...]:
        """The totals of all assets, in the order of SHOWN."""
        total: AssetTotals = Counter()
        for _, totals in self.devices:
            total.update(totals)
        return cells(SHOWN, total)
