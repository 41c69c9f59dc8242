"""Passwords, hashed with argon2id in a thread, one at a time: each takes tens of milliseconds and 64 MB."""

from asyncio import get_running_loop
from base64 import b64encode
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from secrets import token_bytes
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

R = TypeVar("R")

_THREAD = ThreadPoolExecutor(1, "password")
_HASHER = PasswordHasher()
_SALT_BYTES = 16
_HASH_BYTES = 32


def _nobodys_hash() -> str:
    """A hash of no known password. It is not made by hashing one, because that would slow down each start."""
    salt, digest = (b64encode(token_bytes(size)).decode().rstrip("=") for size in (_SALT_BYTES, _HASH_BYTES))
    cost = f"m={_HASHER.memory_cost},t={_HASHER.time_cost},p={_HASHER.parallelism}"
    return f"$argon2id$v=19${cost}${salt}${digest}"


_NOBODYS_HASH = _nobodys_hash()


async def hash_password(password: str) -> str:
    return await _in_thread(_HASHER.hash, password)


async def is_password(password: str, known_hash: str | None) -> bool:
    """Takes the same time for an account that does not exist (None) as for one that does."""
    matches = await _in_thread(_matches, password, known_hash or _NOBODYS_HASH)
    return matches and known_hash is not None


async def _in_thread(work: Callable[..., R], *given: str) -> R:
    return await get_running_loop().run_in_executor(_THREAD, work, *given)


def _matches(password: str, known_hash: str) -> bool:
    try:
        return _HASHER.verify(known_hash, password)
    except (VerificationError, InvalidHashError):
        return False
