"""SoundCloud: how often tracks were played.

https://developers.soundcloud.com/docs/api/guide
"""

import re
from asyncio import Lock
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from math import inf
from time import monotonic
from typing import Annotated, Any, ClassVar

import msgspec
from pydantic import SecretStr

from models import Network
from social.answers import by_status, count_of, picked
from social.calls import Calls
from social.client import FetchedCounts
from social.errors import Limited, NetworkError, Refused

ADDRESS = "https://api.soundcloud.com"
TOKENS = "https://secure.soundcloud.com/oauth/token"

_TRACK = re.compile(r"[1-9][0-9]{0,17}")
_SPARE_SECONDS = 60


class _Token(msgspec.Struct):
    access_token: Annotated[str, msgspec.Meta(pattern=r"^[!-~]+$")]
    expires_in: int = 3600
    """In seconds."""


class _Track(msgspec.Struct):
    id: int | None = None
    urn: str | None = None
    playback_count: int | None = None

    @property
    def key(self) -> str:
        return str(self.id) if self.id is not None else (self.urn or "").removeprefix("soundcloud:tracks:")


class _Tracks(msgspec.Struct):
    collection: list[Any]


class _Meta(msgspec.Struct):
    reset_time: str = ""
    """Such as 2015/06/01 09:49:40 +0000."""


class _Limit(msgspec.Struct):
    meta: _Meta


class _Limits(msgspec.Struct):
    errors: list[_Limit]


class SoundCloud:
    """Its access tokens last an hour, and it gives few of them a day. So one is kept while it lasts."""

    network: ClassVar = Network.SOUNDCLOUD
    ids_of_call: ClassVar = 50
    is_counted_by_id: ClassVar = False

    def __init__(
        self,
        client_id: str,
        client_secret: SecretStr,
        address: str | None = None,
        tokens: str | None = None,
        timer: Callable[[], float] = monotonic,
    ) -> None:
        self._client_id = client_id
        self._client_secret = client_secret
        self._address = address or ADDRESS
        self._tokens = tokens or TOKENS
        self._timer = timer
        self._token = SecretStr("")
        self._token_ends = -inf
        self._lock = Lock()

    def key(self, name: str) -> str | None:
        return name if _TRACK.fullmatch(name) else None

    async def ask(self, calls: Calls, keys: Sequence[str], fetched: FetchedCounts) -> None:
        """Tracks that are gone or private are left out of the answer."""
        token = await self._current_token(calls)
        try:
            answer = await calls.get(
                f"{self._address}/tracks",
                {
                    "ids": ",".join(keys),
                    "limit": str(self.ids_of_call),
                    "access": "playable,preview,blocked",
                    "linked_partitioning": "true",
                },
                {"authorization": f"OAuth {token.get_secret_value()}"},
                _Tracks,
                verdict=verdict,
            )
        except Refused:
            self._token_ends = -inf
            raise
        tracks = [picked(item, _Track) for item in answer.collection]
        for track in tracks:
            if track:
                fetched.add(track.key, count_of(track.playback_count))
        fetched.add_missing(keys, is_clear=None not in tracks)

    async def _current_token(self, calls: Calls) -> SecretStr:
        async with self._lock:
            if self._timer() >= self._token_ends:
                secret = self._client_secret.get_secret_value()
                basic = b64encode(f"{self._client_id}:{secret}".encode()).decode()
                token = await calls.post(
                    self._tokens,
                    {"grant_type": "client_credentials"},
                    {"authorization": f"Basic {basic}"},
                    _Token,
                )
                self._token = SecretStr(token.access_token)
                self._token_ends = self._timer() + token.expires_in - _SPARE_SECONDS
            return self._token


def verdict(status: int, headers: Mapping[str, str], body: bytes) -> NetworkError | None:
    """The body of a 429 has the time at which the limit ends."""
    wrong = by_status(status, headers, body)
    if isinstance(wrong, Limited) and wrong.wait is None:
        return Limited(str(wrong), wait=_seconds_to_reset(body))
    return wrong


def _seconds_to_reset(body: bytes) -> float | None:
    """Seconds until all limits that were reached have ended."""
    try:
        limits = msgspec.json.decode(body, type=_Limits).errors
        ends = [datetime.strptime(limit.meta.reset_time, "%Y/%m/%d %H:%M:%S %z") for limit in limits]
    except (msgspec.DecodeError, ValueError):
        return None
    return max(0.0, (max(ends) - datetime.now(UTC)).total_seconds()) if ends else None
