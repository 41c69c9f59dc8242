"""Access tokens: short-lived JWTs."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, NamedTuple, Self
from uuid import UUID, uuid4

from cachetools import LRUCache

from auth.key_ring import MALFORMED, KeyRing
from base.errors import Unauthenticated

_MIN_SECRET_LENGTH = 32
_REMEMBERED = 10_000


class Claims(NamedTuple):
    """The user, organization and workspace that a JWT is for. The ids are public ones, because everybody who
    holds a JWT can read it.
    """

    user: UUID
    organization: UUID | None = None
    workspace: UUID | None = None

    def payload(self) -> dict[str, str | None]:
        return {
            "sub": self.user.hex,
            "org": self.organization.hex if self.organization else None,
            "wsp": self.workspace.hex if self.workspace else None,
        }

    @classmethod
    def of(cls, payload: Mapping[str, Any]) -> Self:
        """Raises one of MALFORMED."""
        organization, workspace = payload.get("org"), payload.get("wsp")
        return cls(
            UUID(payload["sub"]),
            None if organization is None else UUID(organization),
            None if workspace is None else UUID(workspace),
        )


class AccessToken(NamedTuple):
    text: str
    expires_at: datetime


class _Read(NamedTuple):
    claims: Claims
    expires_at: float


class Signer:
    """The first of `secrets` signs. The others only verify what they signed before, until that has expired.

    What a token says never changes, so it is remembered by the token's digest. Whether the token has expired
    is checked each time.
    """

    def __init__(self, secrets: Sequence[str], *, lifetime: timedelta, issuer: str, audience: str) -> None:
        if not secrets or min(map(len, secrets)) < _MIN_SECRET_LENGTH:
            raise ValueError(f"a secret needs at least {_MIN_SECRET_LENGTH} characters")
        self._keys = KeyRing(
            [secret.encode() for secret in secrets],
            "key",
            audience=audience,
            required=["exp", "iat", "iss", "aud", "sub"],
            issuer=issuer,
        )
        self._lifetime = lifetime
        self._issuer = issuer
        self._known: LRUCache[bytes, _Read] = LRUCache(_REMEMBERED)

    def issue(self, claims: Claims, now: datetime) -> AccessToken:
        expires_at = (now + self._lifetime).replace(microsecond=0)
        who = {name: value for name, value in claims.payload().items() if value is not None}
        payload = {"iss": self._issuer, "iat": now, "exp": expires_at, "jti": uuid4().hex, **who}
        return AccessToken(self._keys.sign(payload), expires_at)

    def read(self, text: str, now: datetime) -> Claims:
        """Raises UNAUTHENTICATED; the error says whether the token has expired or is none of ours."""
        read = self._read(text)
        # This uses the same clock as the rest of the request.
        if read.expires_at <= now.timestamp():
            raise Unauthenticated("The access token has expired. Sign in again.")
        return read.claims

    def expiry(self, text: str) -> datetime:
        """Raises UNAUTHENTICATED if it is none of ours."""
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
            payload = self._keys.verified(text)
            return _Read(Claims.of(payload), float(payload["exp"]))
        except MALFORMED:
            raise Unauthenticated("The access token is not valid.") from None
