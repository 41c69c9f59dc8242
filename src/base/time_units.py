"""Units of time, and the instant from which Unix time counts."""

from datetime import UTC, datetime, timedelta
from typing import Final

MICROSECOND: Final = timedelta(microseconds=1)
SECOND: Final = timedelta(seconds=1)
HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)
WEEK: Final = timedelta(weeks=1)
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
