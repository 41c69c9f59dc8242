"""Who asked, as it is remembered between requests."""

from collections.abc import Awaitable, Callable
from typing import TypeAlias

from auth.authentication_keys import digest
from auth.issuer import Identity
from auth.tokens import Claims
from auth.viewer import Viewer
from base.remembered import Mark, Remembered
from loaders.base import Loaders
from loaders.credentials import KeyByDigest, KeyRow

Shown: TypeAlias = Claims | Identity
"""What a token says."""


class ViewerCache:
    """The viewers of access tokens, and authentication keys, as the database has them. Outlives requests.

    They are remembered for a few seconds, and for queries only while nothing but counted events is committed,
    in this process or another one. So a user who was deleted may still report events for those seconds, but
    reads nothing. Whether a token or a key has expired is checked each time.
    """

    def __init__(self, mark: Callable[[], Mark] = lambda: None) -> None:
        """`mark` differs once something is committed. None, as by default, means that nobody knows."""
        self._mark = mark
        self._viewers: Remembered[Shown, Viewer] = Remembered()
        self._keys: Remembered[bytes, KeyRow] = Remembered()

    async def viewer(
        self, shown: Shown, read: Callable[[], Awaitable[Viewer]], *, is_reporting: bool
    ) -> Viewer:
        """`read` asks the database. `is_reporting`: whether the request does nothing but report events.
        Raises UNAUTHENTICATED.
        """
        mark = self._mark()
        viewer = self._viewers.find_older(shown) if is_reporting else self._viewers.find(shown, mark)
        if viewer is None:
            viewer = await read()
            self._viewers.keep(shown, mark, viewer)
        return viewer

    def remembered(self, claims: Claims) -> Viewer | None:
        """For a request that does nothing but report events."""
        return self._viewers.find_older(claims)

    def remembered_key(self, key: str) -> KeyRow | None:
        return self._keys.find(digest(key), self._mark())

    async def key(self, key: str, loaders: Loaders) -> KeyRow | None:
        mark, digested = self._mark(), digest(key)
        known = self._keys.find(digested, mark)
        if known is None and (known := await loaders[KeyByDigest].load(digested)):
            self._keys.keep(digested, mark, known)
        return known
