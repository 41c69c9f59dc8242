"""An export of another program: its files, and what the user says of them."""

from collections.abc import Sequence
from typing import NamedTuple
from zoneinfo import ZoneInfo

from base.instants import Instant, instant_in_file
from exports.parts import Part


class Export(NamedTuple):
    parts: Sequence[Part]
    zone: ZoneInfo | None = None
    """That of times without an offset, and of days that are made of hours. None if the user did not say it.
    """

    def instant(self, text: str) -> Instant:
        """Raises InvalidInstant, also for a time without an offset if there is no zone."""
        return instant_in_file(text, self.zone)
