"""Password hashes that other systems made: argon2, bcrypt, and PBKDF2 as Django writes it.

Whoever tries to sign in makes the server compute such a hash. So the work that one may ask for is bounded.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Callable
from typing import Final, NamedTuple

import bcrypt
from argon2 import PasswordHasher, extract_parameters
from argon2.exceptions import InvalidHashError, VerificationError

LONGEST: Final = 255
"""In characters."""
_MOST_MEMORY: Final = 256 * 1024
"""Of argon2, in KiB."""
_MOST_WORK: Final = 1024 * 1024
"""Of argon2, in KiB over all passes."""
_MOST_LANES: Final = 16
_LEAST_ROUNDS: Final = 4
_MOST_ROUNDS: Final = 14
"""Of bcrypt, as a power of two."""
_MOST_ITERATIONS: Final = 2_000_000
"""Of PBKDF2."""
_BCRYPT_BYTES: Final = 72
"""bcrypt has always ignored what a password has beyond them."""

_ARGON2: Final = re.compile(r"(?:argon2)?(\$argon2(?:id|i|d)\$[!-~]+)", re.ASCII)
"""Django writes the name in front of a hash of argon2 or bcrypt."""
_BCRYPT: Final = re.compile(
    r"(?:bcrypt\$|(?P<sha>bcrypt_sha256\$))?(?P<hash>\$2[aby]\$(?P<rounds>\d\d)\$[./A-Za-z0-9]{53})", re.ASCII
)
_PBKDF2: Final = re.compile(
    r"pbkdf2_sha256\$(?P<iterations>\d{1,10})\$(?P<salt>[^$\x00-\x1f]+)\$(?P<digest>[A-Za-z0-9+/]{43}=)",
    re.ASCII,
)
_HASHER: Final = PasswordHasher()


class InvalidHash(ValueError):
    """The message says why. It has nothing of the hash in it."""


class _Format(NamedTuple):
    pattern: re.Pattern[str]
    check: Callable[[re.Match[str]], None]
    """Raises InvalidHash."""
    matches: Callable[[re.Match[str], bytes], bool]


def checked_hash(text: str) -> str:
    """A hash that a sign-in can be checked against, as it was given. Raises InvalidHash."""
    if len(text) > LONGEST:
        raise InvalidHash(f"a password hash has {LONGEST} characters at most")
    format_, found = _recognised(text)
    if not format_ or not found:
        raise InvalidHash("the password hash is none of argon2, bcrypt and pbkdf2_sha256, or is not complete")
    format_.check(found)
    return text


def matches(text: str, password: str) -> bool:
    """False, too, for a hash that is not recognised."""
    format_, found = _recognised(text)
    return format_ is not None and found is not None and format_.matches(found, password.encode())


def _recognised(text: str) -> tuple[_Format, re.Match[str]] | tuple[None, None]:
    for format_ in _FORMATS:
        if found := format_.pattern.fullmatch(text):
            return format_, found
    return None, None


def _check_argon2(found: re.Match[str]) -> None:
    try:
        cost = extract_parameters(found[1])
    except (InvalidHashError, ValueError):
        raise InvalidHash("the hash of argon2 is not complete") from None
    if (
        not 1 <= cost.memory_cost <= _MOST_MEMORY
        or not 1 <= cost.parallelism <= _MOST_LANES
        or not 1 <= cost.time_cost * cost.memory_cost <= _MOST_WORK
    ):
        raise InvalidHash(
            f"argon2 may take {_MOST_MEMORY:,} KiB, {_MOST_WORK:,} KiB over all passes, "
            f"and {_MOST_LANES} lanes at most"
        )


def _matches_argon2(found: re.Match[str], password: bytes) -> bool:
    try:
        return _HASHER.verify(found[1], password)
    except (VerificationError, InvalidHashError):
        return False


def _check_bcrypt(found: re.Match[str]) -> None:
    if not _LEAST_ROUNDS <= int(found["rounds"]) <= _MOST_ROUNDS:
        raise InvalidHash(f"bcrypt may have a cost from {_LEAST_ROUNDS} to {_MOST_ROUNDS}")


def _matches_bcrypt(found: re.Match[str], password: bytes) -> bool:
    if found["sha"]:
        password = hashlib.sha256(password).hexdigest().encode()
    try:
        return bcrypt.checkpw(password[:_BCRYPT_BYTES], found["hash"].encode())
    except ValueError:
        return False


def _check_pbkdf2(found: re.Match[str]) -> None:
    if not 1 <= int(found["iterations"]) <= _MOST_ITERATIONS:
        raise InvalidHash(f"PBKDF2 may have {_MOST_ITERATIONS:,} iterations at most")


def _matches_pbkdf2(found: re.Match[str], password: bytes) -> bool:
    made = hashlib.pbkdf2_hmac("sha256", password, found["salt"].encode(), int(found["iterations"]))
    return hmac.compare_digest(made, base64.b64decode(found["digest"]))


_FORMATS: Final = (
    _Format(_ARGON2, _check_argon2, _matches_argon2),
    _Format(_BCRYPT, _check_bcrypt, _matches_bcrypt),
    _Format(_PBKDF2, _check_pbkdf2, _matches_pbkdf2),
)
