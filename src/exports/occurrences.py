"""Seeds of ids for events that have no ids of their own, made from what the events say."""

from datetime import UTC
from hashlib import blake2b

from cachetools import LRUCache

from exports.found import Event

_REMEMBERED = 100_000


class Seeds:
    """The same event gets the same seed from every export that it is in.

    Events that are alike in all that is known are told apart by how often they came before in the same file.
    If there are more than 100,000 others between two of them, they are one: exports are sorted by
    time, so these would not be of the same instant.
    """

    def __init__(self, source: str) -> None:
        self._source = source
        self._file = ""
        self._counts: LRUCache[bytes, int] = LRUCache(_REMEMBERED)

    def of(self, event: Event) -> bytes:
        if event.id is not None:
            return self._digest("id", event.id)
        if event.place.file != self._file:
            self._file = event.place.file
            self._counts.clear()
        at = event.at.astimezone(UTC).isoformat()
        digest = self._digest("", at, event.name, event.path, event.host or "", event.mark)
        count = self._counts[digest] = self._counts.get(digest, 0) + 1
        return self._digest(digest.hex(), str(count))

    def _digest(self, *texts: str) -> bytes:
        return blake2b("\0".join((self._source, *texts)).encode("utf-8", "replace"), digest_size=16).digest()
