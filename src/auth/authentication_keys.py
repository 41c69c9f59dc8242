"""Authentication keys. They are shown once, and stored only as a digest."""

from hashlib import sha256
from secrets import token_urlsafe

PREFIX = "vgk_"
"""Scanners for leaked secrets know a key by it."""


def new_key() -> str:
    return PREFIX + token_urlsafe(32)


def digest(key: str) -> bytes:
    return sha256(key.encode()).digest()
