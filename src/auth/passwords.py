"""Passwords, hashed with argon2id in a thread, one at a time: each takes tens of milliseconds and 64 MB.

An account that came from another system may have a hash of that system, until its next sign-in.
"""

from asyncio import get_running_loop
from base64 import b64encode
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from secrets import token_bytes
from typing import NamedTuple, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError

from auth import foreign_hashes

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


def is_current(known_hash: str) -> bool:
    """Whether it is argon2id, and as costly as the hashes that are made here."""
    try:
        return not _HASHER.check_needs_rehash(known_hash)
    except InvalidHashError:
        return False


class Verdict(NamedTuple):
    is_right: bool
    new_hash: str | None = None
    """The hash to store in place of the known one; None if that may stay."""


async def verdict_on(password: str, known_hash: str | None) -> Verdict:
    """Takes the same time for an account that does not exist (None) as for one with a hash that was made
    here.
    """
    matches = await _in_thread(foreign_hashes.matches, known_hash or _NOBODYS_HASH, password)
    if known_hash is None or not matches:
        return Verdict(is_right=False)
    return Verdict(True, None if is_current(known_hash) else await hash_password(password))


async def _in_thread(work: Callable[..., R], *given: str) -> R:
    return await get_running_loop().run_in_executor(_THREAD, work, *given)
