"""The public keys of an issuer of OpenID Connect: they are read when needed, kept, and read again.

Nobody waits for them who has a token of a known key, and strangers who send tokens of unknown keys cannot
make the server ask more often than twice a minute.
"""

import logging
from asyncio import Task, create_task, shield
from collections.abc import Callable
from contextvars import Context
from datetime import datetime, timedelta
from typing import Any

import jwt
from jwt import PyJWK

from auth.web import WebError, get_json

log = logging.getLogger("viewgraph")

_CURRENT_FOR = timedelta(hours=1)
"""Keys that are older are used, and read again meanwhile: the issuer may have withdrawn one."""
_KEPT_FOR = timedelta(hours=24)
"""Keys that could not be read again for so long are used no more."""
_PAUSE = timedelta(seconds=30)
"""Between two readings, whatever becomes of the first."""
_MOST_KEYS = 100
_WELL_KNOWN = "/.well-known/openid-configuration"


class IssuerKeys:
    """Outlives requests."""

    def __init__(self, issuer: str, address: str | None, clock: Callable[[], datetime]) -> None:
        """`address`: of the key set; None if the issuer's own description says it."""
        self._issuer = issuer
        self._address = address
        self._clock = clock
        self._described: dict[str, Any] = {}
        self._keys: dict[str | None, PyJWK] = {}
        self._read_at: datetime | None = None
        self._tried_at: datetime | None = None
        self._reading: Task[None] | None = None
        self.version = 0
        """It rises each time that other keys were read."""

    def current(self) -> int | None:
        """The version; None if the keys are too old to be used. Keys that are not new are read again
        meanwhile."""
        age = self._age()
        if age > _CURRENT_FOR:
            self._begin_reading()
        return self.version if age <= _KEPT_FOR else None

    async def find(self, id: str | None) -> PyJWK | None:
        """A token that names no key is verified by the only one. None if there is no such key, or if no key
        is known."""
        if id not in self._known():
            self._begin_reading()
            if self._reading:
                # Whoever gives up does not end it for the others.
                await shield(self._reading)
        return self._known().get(id)

    async def close(self) -> None:
        if self._reading:
            self._reading.cancel()

    def _known(self) -> dict[str | None, PyJWK]:
        return self._keys if self._age() <= _KEPT_FOR else {}

    def _age(self) -> timedelta:
        return self._clock() - self._read_at if self._read_at else timedelta.max

    def _begin_reading(self) -> None:
        now = self._clock()
        if self._reading or (self._tried_at and now - self._tried_at < _PAUSE):
            return
        self._tried_at = now
        # It is part of no request.
        self._reading = Context().run(create_task, self._read())
        self._reading.add_done_callback(self._end_reading)

    def _end_reading(self, _: Task[None]) -> None:
        self._reading = None

    async def _read(self) -> None:
        try:
            described = await get_json(await self._found())
            keys = _usable(described)
        except WebError as error:
            log.warning("The keys of the issuer %s could not be read: %s", self._issuer, error)
            return
        if described != self._described:
            self.version += 1
        self._described, self._keys, self._read_at = described, keys, self._clock()

    async def _found(self) -> str:
        """The address of the key set. Raises WebError."""
        if self._address:
            return self._address
        described = await get_json(self._issuer.rstrip("/") + _WELL_KNOWN)
        if described.get("issuer") != self._issuer:
            raise WebError("its description names another issuer; set VIEWGRAPH_OIDC_ISSUER to that")
        address = described.get("jwks_uri")
        if not isinstance(address, str) or not address.startswith(("https://", "http://")):
            raise WebError("its description names no key set")
        return address


def _usable(described: dict[str, Any]) -> dict[str | None, PyJWK]:
    """The keys that sign, by their ids. Keys of kinds that are not known are left out. Raises WebError."""
    listed = described.get("keys")
    if not isinstance(listed, list):
        raise WebError("it gave no key set")
    keys: dict[str | None, PyJWK] = {}
    for one in listed[:_MOST_KEYS]:
        if not isinstance(one, dict) or one.get("use", "sig") != "sig" or one.get("kty") == "oct":
            continue
        try:
            key = PyJWK.from_dict(one)
        except (jwt.PyJWTError, ValueError, TypeError, KeyError):
            continue
        keys[key.key_id] = key
    if len(keys) == 1:
        (only,) = keys.values()
        keys[None] = only
    return keys
