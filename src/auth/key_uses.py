"""When authentication keys were last used, to the hour. It is written once an hour, however many requests
come with a key.
"""

from datetime import datetime

from cachetools import LRUCache
from sqlalchemy import LargeBinary, bindparam, or_, update

from database import Database, table_of
from models import AuthenticationKey, Instant

_KEYS = table_of(AuthenticationKey)
_REMEMBERED = 100_000
_HOUR = bindparam("hour", type_=Instant())
_USED = (
    update(_KEYS)
    .where(
        _KEYS.c.digest == bindparam("used", type_=LargeBinary()),
        or_(_KEYS.c.last_used_at.is_(None), _KEYS.c.last_used_at < _HOUR),
    )
    .values(last_used_at=_HOUR)
)


class KeyUses:
    """Outlives requests. Uses are in memory until they are written."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._noted: LRUCache[bytes, datetime] = LRUCache(_REMEMBERED)
        """The last hour of each key, by the key's digest."""
        self._unwritten: dict[bytes, datetime] = {}

    def note(self, digest: bytes, now: datetime) -> None:
        hour = now.replace(minute=0, second=0, microsecond=0)
        if self._noted.get(digest) != hour:
            self._noted[digest] = self._unwritten[digest] = hour

    async def write(self) -> None:
        """What could not be written is kept for the next time."""
        # In one order, so that two workers never wait for each other's rows for ever.
        used = sorted(self._unwritten.items())
        if not used:
            return
        self._unwritten = {}
        try:
            # No answer is made anew for it: one that shows a use late is right again within a minute.
            async with self._database.writing(is_change=False) as session:
                connection = await session.connection()
                await connection.execute(_USED, [{"used": digest, "hour": hour} for digest, hour in used])
        except BaseException:
            self._unwritten = {**dict(used), **self._unwritten}
            raise
