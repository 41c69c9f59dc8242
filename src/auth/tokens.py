"""Access tokens: short-lived JWTs, signed with a key that is named in them, so that keys can rotate."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import NamedTuple
from uuid import UUID, uuid4

import jwt
from cachetools import LRUCache

from base.errors import Unauthenticated

_ALGORITHM = "HS256"
_REQUIRED = ["exp", "iat", "iss", "aud", "sub"]
_MIN_SECRET_LENGTH = 32
_REMEMBERED = 10_000


class Claims(NamedTuple):
    """Public ids, as everything in a token can be read by whoever holds it."""

    user: UUID
    organization: UUID | None = None
    workspace: UUID | None = None


class AccessToken(NamedTuple):
    text: str
    expires_at: datetime


class _Read(NamedTuple):
    claims: Claims
    expires_at: float


class Signer:
    """`secrets`: the first signs; the others only verify, until what they signed has expired.

    What a token says is remembered by the token's digest, as it never changes; whether it has expired
    is asked each time.
    """

    def __init__(self, secrets: Sequence[str], *, lifetime: timedelta, issuer: str, audience: str) -> None:
        if not secrets or min(map(len, secrets)) < _MIN_SECRET_LENGTH:
            raise ValueError(f"a secret needs at least {_MIN_SECRET_LENGTH} characters")
        self._keys = {_key_id(secret): secret for secret in secrets}
        self._signing = _key_id(secrets[0])
        self._lifetime = lifetime
        self._issuer = issuer
        self._audience = audience
        self._known: LRUCache[bytes, _Read] = LRUCache(_REMEMBERED)

    def issue(self, claims: Claims, now: datetime) -> AccessToken:
        expires_at = (now + self._lifetime).replace(microsecond=0)
        payload = {
            "iss": self._issuer,
            "aud": self._audience,
            "sub": claims.user.hex,
            "iat": now,
            "exp": expires_at,
            "jti": uuid4().hex,
            "org": claims.organization.hex if claims.organization else None,
            "wsp": claims.workspace.hex if claims.workspace else None,
        }
        given = {name: value for name, value in payload.items() if value is not None}
        text = jwt.encode(given, self._keys[self._signing], _ALGORITHM, headers={"kid": self._signing})
        return AccessToken(text, expires_at)

    def read(self, text: str, now: datetime) -> Claims:
        """Raises UNAUTHENTICATED, saying whether the token has expired or is none of ours."""
        read = self._read(text)
        # By the same clock as the rest of the request.
        if read.expires_at <= now.timestamp():
            raise Unauthenticated("The access token has expired. Sign in again.")
        return read.claims

    def expiry(self, text: str) -> datetime:
        """Raises UNAUTHENTICATED where it is none of ours."""
        return datetime.fromtimestamp(self._read(text).expires_at, UTC)

    def _read(self, text: str) -> _Read:
        digest = sha256(text.encode()).digest()
        read = self._known.get(digest)
        if read is None:
            read = self._verified(text)
            self._known[digest] = read
        return read

    def _verified(self, text: str) -> _Read:
        try:
            key = self._keys[jwt.get_unverified_header(text)["kid"]]
            payload = jwt.decode(
                text,
                key,
                algorithms=[_ALGORITHM],
                issuer=self._issuer,
                audience=self._audience,
                options={"require": _REQUIRED, "verify_exp": False, "verify_iat": False},
            )
            claims = Claims(UUID(payload["sub"]), _optional(payload, "org"), _optional(payload, "wsp"))
            return _Read(claims, float(payload["exp"]))
        except (jwt.InvalidTokenError, KeyError, ValueError, TypeError, AttributeError):
            raise Unauthenticated("The access token is not valid.") from None


def _key_id(secret: str) -> str:
    return sha256(b"viewgraph key id:" + secret.encode()).hexdigest()[:12]


def _optional(payload: dict[str, str], name: str) -> UUID | None:
    return UUID(payload[name]) if name in payload else None
