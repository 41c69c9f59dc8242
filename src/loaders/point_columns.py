"""What statements of points answer: thousands of points in a few rows."""

from typing import NamedTuple


class Columns(NamedTuple):
    """All points of a run, or of one subject in it."""

    run: int
    """The number of the run."""
    part: int
    """The number of the subject's part if the row is of one subject, else 0."""
    numbers: tuple[list[int], ...]
    """The cells, the counts of all actions, and if some of these take something back, how many do.

    The cell is the number of the part of time, times the number of devices, plus the device. If the row is of
    all subjects, that is multiplied by the number of their parts, plus the number of the subject's part. In a
    run of days, parts of time are numbered from 0. In other runs they have the odd numbers from 1. If rows
    are read for whole days, the number of the day takes the place of that of the part of time.
    """
    domains: list[str] | None
    """Of each point, where "" is none; None if they are not asked for."""
    hours: tuple[list[int], ...] = ()
    """If rows are read for whole days: what was counted up to the end of each hour but the last one, later
    hours first. If some actions take something back, how many did follows in the same way.
    """
