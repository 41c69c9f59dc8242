"""Tokens that somebody else signs: an issuer of OpenID Connect."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, NamedTuple

import jwt
from cachetools import LRUCache
from jwt import PyJWK

from auth.issuer_keys import IssuerKeys
from base.errors import Unauthenticated

ALGORITHMS = frozenset(f"{family}{bits}" for family in ("RS", "PS", "ES") for bits in (256, 384, 512)) | {
    "EdDSA"
}
"""Those with a public key. Whoever knows it can sign nothing."""
LEEWAY = timedelta(seconds=60)
"""How far the issuer's clock may be from ours."""
_TYPES = {"jwt", "at+jwt"}
"""Other tokens of an issuer, such as those that tell of a sign-out, sign nobody in."""
_LONGEST = 16_384
"""In characters."""
_LONGEST_NAME = 255
_REMEMBERED = 10_000
_OPTIONS: Any = {
    "require": ["exp", "iat", "iss", "aud", "sub"],
    # Times are held to the clock of the request.
    "verify_exp": False,
    "verify_iat": False,
    "verify_nbf": False,
    "enforce_minimum_key_length": True,
}


class Identity(NamedTuple):
    """An account at an issuer, as a token of it says."""

    issuer: str
    subject: str
    issued_at: datetime
    expires_at: datetime
    email: str | None = None
    """Only if the issuer says that it is the account's."""
    username: str | None = None
    name: str | None = None


class _Read(NamedTuple):
    identity: Identity
    not_before: float
    version: int
    """Of the keys: a key may be withdrawn before the token expires."""


class IssuerSettings(NamedTuple):
    issuer: str
    """The `iss` of its tokens."""
    audiences: Sequence[str]
    """One of them is among the `aud` of a token."""
    key_set: str | None = None
    """The address of its keys. None if its description says it."""


class Issuer:
    """What a token says never changes, so it is remembered by the token's digest, for as long as the issuer
    has the same keys. Whether it has expired is checked each time.
    """

    def __init__(self, settings: IssuerSettings, clock: Callable[[], datetime]) -> None:
        self.name = settings.issuer
        self._audiences = list(settings.audiences)
        self._keys = IssuerKeys(settings.issuer, settings.key_set, clock)
        self._known: LRUCache[bytes, _Read] = LRUCache(_REMEMBERED)

    async def read(self, text: str, now: datetime) -> Identity:
        """Raises UNAUTHENTICATED; the error says what is wrong with the token."""
        digest = sha256(text.encode()).digest()
        read = self._known.get(digest)
        if read is None or read.version != self._keys.current():
            read = self._known[digest] = await self._verified(text)
        identity = read.identity
        if identity.expires_at + LEEWAY <= now:
            raise Unauthenticated("The access token has expired. Get a new one from its issuer.")
        if max(identity.issued_at.timestamp(), read.not_before) > (now + LEEWAY).timestamp():
            raise Unauthenticated("The access token is not valid yet: the clock of its issuer is ahead.")
        return identity

    async def close(self) -> None:
        await self._keys.close()

    async def _verified(self, text: str) -> _Read:
        algorithm, key = await self._key_of(text)
        try:
            payload = jwt.decode(
                text,
                key.key,
                algorithms=[algorithm],
                audience=self._audiences,
                issuer=self.name,
                options=_OPTIONS,
            )
            return _Read(_identity(payload), float(payload.get("nbf", 0)), self._keys.version)
        except jwt.InvalidAudienceError:
            raise Unauthenticated("The access token is meant for another audience.") from None
        except jwt.InvalidIssuerError:
            raise Unauthenticated("The access token is of an issuer that is not trusted here.") from None
        except (jwt.PyJWTError, ValueError, TypeError, OverflowError, OSError):
            raise _not_valid() from None

    async def _key_of(self, text: str) -> tuple[str, PyJWK]:
        """The algorithm that the token names, and the key. Raises UNAUTHENTICATED."""
        header = _header(text)
        algorithm, id = header.get("alg"), header.get("kid")
        is_kind = str(header.get("typ", "JWT")).lower().removeprefix("application/") in _TYPES
        if not is_kind or not (id is None or isinstance(id, str)) or "crit" in header:
            raise _not_valid()
        if algorithm not in ALGORITHMS:
            raise _not_valid()
        key = await self._keys.find(id)
        if key is None:
            raise Unauthenticated(
                "The key of the access token is not known, or the issuer's keys cannot be read at the "
                "moment. If the token is new, try again in half a minute."
            )
        return algorithm, key


def is_foreign(text: str) -> bool:
    """Whether it is a JWT that was signed otherwise than our own."""
    try:
        return _header(text).get("alg") in ALGORITHMS
    except Unauthenticated:
        return False


def _header(text: str) -> Mapping[str, Any]:
    if len(text) > _LONGEST:
        raise _not_valid()
    try:
        return jwt.get_unverified_header(text)
    except (jwt.PyJWTError, ValueError):
        raise _not_valid() from None


def _identity(payload: Mapping[str, Any]) -> Identity:
    """Raises ValueError, among others, for a payload of another shape."""
    subject = payload["sub"]
    if not isinstance(subject, str) or not 1 <= len(subject) <= _LONGEST_NAME or "\x00" in subject:
        raise ValueError
    is_verified = payload.get("email_verified") is True
    return Identity(
        payload["iss"],
        subject,
        datetime.fromtimestamp(float(payload["iat"]), UTC),
        datetime.fromtimestamp(float(payload["exp"]), UTC),
        _text(payload, "email") if is_verified else None,
        _text(payload, "preferred_username") or _text(payload, "nickname"),
        _text(payload, "name"),
    )


def _text(payload: Mapping[str, Any], name: str) -> str | None:
    value = payload.get(name)
    return value.strip() or None if isinstance(value, str) and "\x00" not in value else None


def _not_valid() -> Unauthenticated:
    return Unauthenticated("The access token is not valid.")
