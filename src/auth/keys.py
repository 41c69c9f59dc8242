"""Authentication keys: shown once, stored only as a digest."""

from hashlib import sha256
from secrets import token_urlsafe

PREFIX = "vgk_"
"""Lets a scanner for leaked secrets know one."""


def new_key() -> str:
    return PREFIX + token_urlsafe(32)


def digest(key: str) -> bytes:
    return sha256(key.encode()).digest()
