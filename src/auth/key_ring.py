"""Keys that sign JWTs. A JWT names the key that signed it, so that keys can rotate."""

from collections.abc import Mapping, Sequence
from typing import Any

import jwt

from base.key_ids import key_id

_ALGORITHM = "HS256"
MALFORMED = (jwt.InvalidTokenError, KeyError, ValueError, TypeError, AttributeError)
"""The errors of reading a text that no key of the ring signed, or that has another shape."""


class KeyRing:
    """The first key signs. The others only verify what they signed before, until that has expired."""

    def __init__(
        self,
        keys: Sequence[bytes],
        name: str,
        *,
        required: Sequence[str],
        audience: str,
        issuer: str | None = None,
    ) -> None:
        """`name` is part of the keys' ids. A payload must have all of `required`."""
        self._keys = {key_id(name, key): key for key in keys}
        self._signing = key_id(name, keys[0])
        self._audience = audience
        self._required = [*required]
        self._issuer = issuer

    def sign(self, payload: Mapping[str, Any]) -> str:
        return jwt.encode(
            {"aud": self._audience, **payload},
            self._keys[self._signing],
            _ALGORITHM,
            headers={"kid": self._signing},
        )

    def verified(self, text: str) -> Mapping[str, Any]:
        """The payload, which may have expired. Raises one of MALFORMED."""
        payload: dict[str, Any] = jwt.decode(
            text,
            self._keys[jwt.get_unverified_header(text)["kid"]],
            algorithms=[_ALGORITHM],
            audience=self._audience,
            options={"require": self._required, "verify_exp": False, "verify_iat": False},
            issuer=self._issuer,
        )
        return payload
