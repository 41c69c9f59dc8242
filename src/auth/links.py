"""Links that carry what they lead to and who asked for it, signed, and good for a short time.

They are signed with keys of their own, made from the same secrets: a link is no access token, and an
access token is no link, whatever issuer and audience the settings give.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from hmac import digest
from typing import Any, NamedTuple
from uuid import UUID

import jwt

from auth.tokens import Claims
from base.errors import Gone, NotFound

LIFETIME = timedelta(minutes=15)
_ALGORITHM = "HS256"
_AUDIENCE = "viewgraph report link"
_REQUIRED = ["exp", "aud", "sub"]


class Link(NamedTuple):
    claims: Claims
    """Of whoever asked."""
    question: Mapping[str, Any]


class LinkSigner:
    """`secrets`: the first signs; the others only verify."""

    def __init__(self, secrets: Sequence[str]) -> None:
        keys = [digest(secret.encode(), _AUDIENCE.encode(), "sha256") for secret in secrets]
        self._keys = {_key_id(key): key for key in keys}
        self._signing = _key_id(keys[0])

    def sign(self, link: Link, now: datetime) -> str:
        claims = link.claims
        payload = {
            "aud": _AUDIENCE,
            "sub": claims.user.hex,
            "exp": now + LIFETIME,
            "org": claims.organization.hex if claims.organization else None,
            "wsp": claims.workspace.hex if claims.workspace else None,
            "ask": link.question,
        }
        return jwt.encode(payload, self._keys[self._signing], _ALGORITHM, headers={"kid": self._signing})

    def read(self, text: str, now: datetime) -> Link:
        """Raises NOT_FOUND for what is no link of ours, with the status 410 for one that has expired."""
        try:
            key = self._keys[jwt.get_unverified_header(text)["kid"]]
            payload = jwt.decode(
                text,
                key,
                algorithms=[_ALGORITHM],
                audience=_AUDIENCE,
                options={"require": _REQUIRED, "verify_exp": False},
            )
            claims = Claims(UUID(payload["sub"]), _optional(payload["org"]), _optional(payload["wsp"]))
            link, expires_at = Link(claims, payload["ask"]), float(payload["exp"])
        except (jwt.InvalidTokenError, KeyError, ValueError, TypeError, AttributeError):
            raise NotFound("There is no such report.") from None
        if expires_at <= now.timestamp():
            raise Gone(
                "This link was good for 15 minutes and has expired. Ask for a new one.",
                reason="LINK_EXPIRED",
            )
        return link


def _key_id(key: bytes) -> str:
    return sha256(b"viewgraph link key id:" + key).hexdigest()[:12]


def _optional(hex: str | None) -> UUID | None:
    return None if hex is None else UUID(hex)
