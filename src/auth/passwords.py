"""Passwords, hashed with argon2id in a thread, one at a time: each takes tens of milliseconds and 64 MB.

An account that came from another system may have a hash of that system, until its next sign-in.
"""

import os
import sys
from asyncio import get_running_loop
from base64 import b64encode
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from secrets import token_bytes
from threading import get_native_id
from typing import NamedTuple, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError

from auth import foreign_hashes

R = TypeVar("R")

_NICENESS = 10
_SALT_BYTES = 16
_HASH_BYTES = 32


def _stand_back() -> None:
    """Lets the event loop have a processor first: argon2 uses as many as it can. Its threads inherit this."""
    if sys.platform == "linux":
        # There, a thread has a niceness of its own. Some sandboxes forbid the call.
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, get_native_id(), _NICENESS)


_THREAD = ThreadPoolExecutor(1, "password", _stand_back)


class Verdict(NamedTuple):
    is_right: bool
    new_hash: str | None = None
    """The hash to store in place of the known one; None if that may stay."""


class Passwords:
    """`hasher` says how costly hashes are that are made here."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._nobodys_hash = _nobodys_hash(self._hasher)

    async def hash(self, password: str) -> str:
        return await in_thread(self._hasher.hash, password)

    def is_current(self, known_hash: str) -> bool:
        """Whether it is argon2id, and as costly as the hashes that are made here."""
        try:
            return not self._hasher.check_needs_rehash(known_hash)
        except InvalidHashError:
            return False

    async def verdict_on(self, password: str, known_hash: str | None) -> Verdict:
        """Takes the same time for an account that does not exist (None) as for one with a hash that was made
        here.
        """
        matches = await in_thread(foreign_hashes.matches, known_hash or self._nobodys_hash, password)
        if known_hash is None or not matches:
            return Verdict(is_right=False)
        return Verdict(True, None if self.is_current(known_hash) else await self.hash(password))


def _nobodys_hash(hasher: PasswordHasher) -> str:
    """A hash of no known password. It is not made by hashing one, because that would slow down each start."""
    salt, digest = (b64encode(token_bytes(size)).decode().rstrip("=") for size in (_SALT_BYTES, _HASH_BYTES))
    cost = f"m={hasher.memory_cost},t={hasher.time_cost},p={hasher.parallelism}"
    return f"$argon2id$v=19${cost}${salt}${digest}"


async def in_thread(work: Callable[..., R], *given: str) -> R:
    return await get_running_loop().run_in_executor(_THREAD, work, *given)
