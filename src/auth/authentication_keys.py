"""Authentication keys. They are shown once, and stored only as a digest."""

from hashlib import sha256
from secrets import token_urlsafe

PREFIX = "vgk_"
"""By it, a scanner for leaked secrets knows a key."""


def new_key() -> str:
    return PREFIX + token_urlsafe(32)


def digest(key: str) -> bytes:
    return sha256(key.encode()).digest()
