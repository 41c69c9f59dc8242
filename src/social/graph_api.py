"""Errors of Meta's Graph API, for Facebook and Instagram: the code in the body says more than the status.

https://developers.facebook.com/docs/graph-api/guides/error-handling
"""

from collections.abc import Iterator, Mapping

import msgspec

from social.answers import by_status, seconds_to_wait
from social.errors import Failed, Limited, NetworkError, NoSuch, Refused

ADDRESS = "https://graph.facebook.com/v25.0"

_LIMITS = {4, 17, 32, 613, *range(80_000, 80_015)}
_REFUSALS = {10, 102, 104, 190, *range(200, 300)}
_PASSING = {1, 2}
_DAY = 24 * 60
_NO_SUCH = {(803, None), (100, 33), (21, None), (110, None), (110, 2207013), (100, 2207013)}
"""Codes with their subcodes. They mean that the object does not exist, may not be seen or has moved, or that
the user does not exist or has no professional account.
"""


class _Error(msgspec.Struct):
    code: int = 0
    error_subcode: int | None = None
    is_transient: bool = False


class _Errors(msgspec.Struct):
    error: _Error | None = None


class _Usage(msgspec.Struct):
    estimated_time_to_regain_access: int = 0
    """In minutes."""


def verdict(status: int, headers: Mapping[str, str], body: bytes) -> NetworkError | None:
    error = _error(body)
    if error is None:
        return by_status(status, headers, body)
    said = f"({status}, code {error.code})"
    if error.code in _LIMITS:
        return Limited(f"it was asked too often {said}", wait=_wait(headers))
    if error.code in _REFUSALS:
        return Refused(f"it refuses the credentials {said}")
    if (error.code, error.error_subcode) in _NO_SUCH:
        return NoSuch(f"it has no such account {said}")
    if status in (401, 403, 429):
        return by_status(status, headers, body)
    is_passing = error.is_transient or error.code in _PASSING or status >= 500
    return Failed(f"it answered an error {said}", is_passing=is_passing, wait=seconds_to_wait(headers))


def _error(body: bytes) -> _Error | None:
    try:
        return msgspec.json.decode(body, type=_Errors).error
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def _wait(headers: Mapping[str, str]) -> float | None:
    usage = max(_usages(headers.get("x-business-use-case-usage", "")), default=0)
    return 60.0 * min(usage, _DAY) if usage > 0 else seconds_to_wait(headers)


def _usages(text: str) -> Iterator[int]:
    try:
        usages = msgspec.json.decode(text.encode(), type=dict[str, list[_Usage]])
    except (msgspec.DecodeError, UnicodeError):
        return
    yield from (usage.estimated_time_to_regain_access for many in usages.values() for usage in many)
