"""Access tokens: short-lived JWTs."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from hmac import digest
from typing import Any, NamedTuple, Self
from uuid import UUID, uuid4

from cachetools import LRUCache

from auth.key_ring import MALFORMED, KeyRing
from base.errors import Unauthenticated

_MIN_SECRET_LENGTH = 32
_REMEMBERED = 10_000
_TICKET = "viewgraph stream ticket"
_TICKET_SECONDS = 60


class Claims(NamedTuple):
    """The user, organization and workspace that a JWT is for. The ids are public ones, because everybody who
    holds a JWT can read it.
    """

    user: UUID
    organization: UUID | None = None
    workspace: UUID | None = None
    generation: int = 0
    """The user's generation of tokens when it was issued. The tokens of an older one have ended."""
    sign_in: UUID | None = None
    """The sign-in from which it comes."""

    def payload(self) -> dict[str, str | int | None]:
        return {
            "sub": self.user.hex,
            "org": self.organization.hex if self.organization else None,
            "wsp": self.workspace.hex if self.workspace else None,
            "gen": self.generation,
            "sid": self.sign_in.hex if self.sign_in else None,
        }

    @classmethod
    def of(cls, payload: Mapping[str, Any]) -> Self:
        """Raises one of MALFORMED."""
        organization, workspace = payload.get("org"), payload.get("wsp")
        # Older versions named no sign-in.
        sign_in = payload.get("sid") or payload.get("jti")
        return cls(
            UUID(payload["sub"]),
            None if organization is None else UUID(organization),
            None if workspace is None else UUID(workspace),
            int(payload.get("gen", 0)),
            None if sign_in is None else UUID(sign_in),
        )


class AccessToken(NamedTuple):
    text: str
    expires_at: datetime


class _Read(NamedTuple):
    claims: Claims
    expires_at: float


class Signer:
    """The first of `secrets` signs. The others only verify: what they signed before, or will sign next.

    What a token says never changes, so it is remembered by the token's digest. Whether the token has expired
    is checked each time.
    """

    def __init__(self, secrets: Sequence[str], *, lifetime: timedelta, issuer: str, audience: str) -> None:
        self.lifetime = lifetime
        self._issuer = issuer
        self._audience = audience
        self._known: LRUCache[bytes, _Read] = LRUCache(_REMEMBERED)
        self.use(secrets)

    def use(self, secrets: Sequence[str]) -> None:
        """From now on, these are the secrets."""
        if not secrets or min(map(len, secrets)) < _MIN_SECRET_LENGTH:
            raise ValueError(f"a secret needs at least {_MIN_SECRET_LENGTH} characters")
        self._known.clear()
        self._keys = KeyRing(
            [secret.encode() for secret in secrets],
            "key",
            audience=self._audience,
            required=["exp", "iat", "iss", "aud", "sub"],
            issuer=self._issuer,
        )
        self._tickets = KeyRing(
            [digest(secret.encode(), _TICKET.encode(), "sha256") for secret in secrets],
            "ticket key",
            audience=_TICKET,
            required=["exp", "aud", "sub", "until"],
        )

    def issue(self, claims: Claims, now: datetime, until: datetime | None = None) -> AccessToken:
        """`until`: when it expires, if that is before its usual end."""
        expires_at = min(now + self.lifetime, until or now + self.lifetime).replace(microsecond=0)
        who = {name: value for name, value in claims.payload().items() if value is not None}
        own = uuid4().hex
        payload = {"iss": self._issuer, "iat": now, "exp": expires_at, "jti": own, "sid": own, **who}
        return AccessToken(self._keys.sign(payload), expires_at)

    def issue_ticket(self, claims: Claims, now: datetime, until: datetime | None) -> AccessToken:
        """A ticket opens a stream in the next minute. `until`: when the credentials of its owner expire, and
        with them the stream.
        """
        expires_at = (now + timedelta(seconds=_TICKET_SECONDS)).replace(microsecond=0)
        until = until or now + self.lifetime
        payload = {"exp": expires_at, "until": until.timestamp(), **claims.payload()}
        return AccessToken(self._tickets.sign(payload), expires_at)

    def token_for_ticket(self, text: str, now: datetime) -> str:
        """A token for the stream. No client sees it. Raises UNAUTHENTICATED."""
        try:
            payload = self._tickets.verified(text)
            claims, until = Claims.of(payload), datetime.fromtimestamp(float(payload["until"]), UTC)
            expires_at = float(payload["exp"])
        except MALFORMED:
            raise Unauthenticated("The ticket is not valid.") from None
        if expires_at <= now.timestamp():
            raise Unauthenticated("The ticket was good for a minute and has expired. Ask for a new one.")
        return self.issue(claims, now, until).text

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
        key = sha256(text.encode()).digest()
        read = self._known.get(key)
        if read is None:
            read = self._verified(text)
            self._known[key] = read
        return read

    def _verified(self, text: str) -> _Read:
        try:
            payload = self._keys.verified(text)
            return _Read(Claims.of(payload), float(payload["exp"]))
        except MALFORMED:
            raise Unauthenticated("The access token is not valid.") from None
