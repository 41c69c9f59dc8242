"""Links to reports. They are signed JWTs that say what is asked and who asked for it, for a short time.

Their keys may come from the same secrets as the keys of access tokens, but are other keys. So a link is no
access token, and an access token is no link, whatever issuer and audience the settings give.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from hmac import digest
from typing import Any, NamedTuple

from auth.key_ring import MALFORMED, KeyRing
from auth.tokens import Claims
from base.errors import Gone, NotFound

LIFETIME = timedelta(minutes=15)
_AUDIENCE = "viewgraph report link"


class Link(NamedTuple):
    claims: Claims
    """Who asked for it."""
    question: Mapping[str, Any]


class LinkSigner:
    """The first of `secrets` signs; the others only verify."""

    def __init__(self, secrets: Sequence[str], origin: str | None = None) -> None:
        """`origin`: where links lead; None for the host that the request names."""
        self.origin = origin
        self.use(secrets)

    def use(self, secrets: Sequence[str]) -> None:
        """From now on, these are the secrets."""
        self._keys = KeyRing(
            [digest(secret.encode(), _AUDIENCE.encode(), "sha256") for secret in secrets],
            "link key",
            audience=_AUDIENCE,
            required=["exp", "aud", "sub"],
        )

    def sign(self, link: Link, now: datetime) -> str:
        return self._keys.sign({"exp": now + LIFETIME, "ask": link.question, **link.claims.payload()})

    def read(self, text: str, now: datetime) -> Link:
        """Raises NOT_FOUND for a text that is no link of ours. For an expired link its status is 410."""
        try:
            payload = self._keys.verified(text)
            link, expires_at = Link(Claims.of(payload), payload["ask"]), float(payload["exp"])
        except MALFORMED:
            raise NotFound("There is no such report.") from None
        if expires_at <= now.timestamp():
            raise Gone(
                "This link was good for 15 minutes and has expired. Ask for a new one.",
                reason="LINK_EXPIRED",
            )
        return link
