"""Passwords, hashed with argon2id in a thread: a hash takes tens of milliseconds of a core."""

from asyncio import to_thread

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

_HASHER = PasswordHasher()
_NOBODYS_HASH = _HASHER.hash("a password that nobody has")


async def hash_password(password: str) -> str:
    return await to_thread(_HASHER.hash, password)


async def is_password(password: str, known_hash: str | None) -> bool:
    """Takes as long for an account that does not exist (None) as for one that does."""
    matches = await to_thread(_matches, password, known_hash or _NOBODYS_HASH)
    return matches and known_hash is not None


def _matches(password: str, known_hash: str) -> bool:
    try:
        return _HASHER.verify(known_hash, password)
    except (VerificationError, InvalidHashError):
        return False
