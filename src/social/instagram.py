"""Instagram's Graph API, business discovery: how many follow a professional account.

https://developers.facebook.com/docs/instagram-platform/instagram-graph-api/reference/ig-user/business_discovery
"""

import re
from collections.abc import Sequence
from typing import ClassVar

import msgspec
from pydantic import SecretStr

from models import Network
from social import graph_api
from social.answers import count_of
from social.calls import Calls
from social.client import FetchedCounts
from social.errors import NoSuch

_HANDLE = re.compile(r"[A-Za-z0-9_.]{1,30}")


class _Account(msgspec.Struct):
    followers_count: int | None = None


class _Discovery(msgspec.Struct):
    business_discovery: _Account


class Instagram:
    network: ClassVar = Network.INSTAGRAM
    ids_of_call: ClassVar = 1
    is_counted_by_id: ClassVar = True

    def __init__(self, user_id: str, access_token: SecretStr, address: str | None = None) -> None:
        """`user_id` is the number of the professional account that asks."""
        self._user_id = user_id
        self._token = access_token
        self._address = address or graph_api.ADDRESS

    def key(self, name: str) -> str | None:
        return name.lower() if _HANDLE.fullmatch(name) else None

    async def ask(self, calls: Calls, keys: Sequence[str], fetched: FetchedCounts) -> None:
        for key in keys:
            # No character of a handle has a meaning in this expression.
            fields = f"business_discovery.username({key}){{followers_count}}"
            try:
                answer = await calls.get(
                    f"{self._address}/{self._user_id}",
                    {"fields": fields},
                    {"authorization": f"Bearer {self._token.get_secret_value()}"},
                    _Discovery,
                    verdict=graph_api.verdict,
                )
            except NoSuch:
                fetched.gone.add(key)
            else:
                fetched.add(key, count_of(answer.business_discovery.followers_count))
