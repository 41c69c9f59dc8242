"""YouTube Data API v3: how often videos were viewed.

https://developers.google.com/youtube/v3/docs/videos/list
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import msgspec
from pydantic import SecretStr

from models import Network
from social.answers import by_status, count_of, picked
from social.calls import Calls
from social.client import FetchedCounts
from social.errors import Limited, NetworkError, Refused

ADDRESS = "https://www.googleapis.com/youtube/v3"

_VIDEO = re.compile(r"[A-Za-z0-9_-]{11}")
_LIMITS = {"quotaExceeded", "dailyLimitExceeded", "rateLimitExceeded", "userRateLimitExceeded"}


class _Statistics(msgspec.Struct):
    viewCount: int | str | None = None


class _Video(msgspec.Struct):
    id: str
    statistics: _Statistics


class _Videos(msgspec.Struct):
    items: list[Any]
    """Each is read by itself, so that a wrong one spoils no other."""


class _Reason(msgspec.Struct):
    reason: str = ""


class _Error(msgspec.Struct):
    errors: list[_Reason] = []
    details: list[_Reason] = []


class _Errors(msgspec.Struct):
    error: _Error


class YouTube:
    network: ClassVar = Network.YOUTUBE
    ids_of_call: ClassVar = 50
    is_counted_by_id: ClassVar = False

    def __init__(self, api_key: SecretStr, address: str | None = None) -> None:
        self._key = api_key
        self._address = address or ADDRESS

    def key(self, name: str) -> str | None:
        return name if _VIDEO.fullmatch(name) else None

    async def ask(self, calls: Calls, keys: Sequence[str], fetched: FetchedCounts) -> None:
        """Videos that are gone or private are left out of the answer."""
        answer = await calls.get(
            f"{self._address}/videos",
            {"part": "statistics", "id": ",".join(keys), "fields": "items(id,statistics/viewCount)"},
            # If the key were in the address, it would be in every log of addresses.
            {"x-goog-api-key": self._key.get_secret_value()},
            _Videos,
            verdict=_verdict,
        )
        videos = [picked(item, _Video) for item in answer.items]
        for video in videos:
            if video:
                fetched.add(video.id, count_of(video.statistics.viewCount))
        fetched.add_missing(keys, is_clear=None not in videos)


def _verdict(status: int, headers: Mapping[str, str], body: bytes) -> NetworkError | None:
    """A 403 may also say that the quota is used up, and a 400 that the key is wrong."""
    reasons = _reasons(body) if status in (400, 403) else set()
    if reasons & _LIMITS:
        return Limited(f"its quota is spent ({status})")
    if "API_KEY_INVALID" in reasons:
        return Refused(f"it refuses the credentials ({status})")
    return by_status(status, headers, body)


def _reasons(body: bytes) -> set[str]:
    try:
        error = msgspec.json.decode(body, type=_Errors).error
    except (msgspec.DecodeError, UnicodeDecodeError):
        return set()
    return {one.reason for one in (*error.errors, *error.details)}
