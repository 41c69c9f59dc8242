"""Facebook's Graph API: how many follow a page.

https://developers.facebook.com/docs/graph-api/reference/page
"""

import re
from collections.abc import Sequence
from typing import Any, ClassVar

import msgspec
from pydantic import SecretStr

from models import Network
from social import graph_api
from social.answers import count_of, picked
from social.calls import Calls
from social.client import FetchedCounts
from social.errors import NoSuch

_PAGE = re.compile(r"[1-9][0-9]{0,18}")


class _Page(msgspec.Struct):
    followers_count: int | None = None


class Facebook:
    network: ClassVar = Network.FACEBOOK
    ids_of_call: ClassVar = 50
    is_counted_by_id: ClassVar = True

    def __init__(self, access_token: SecretStr, address: str | None = None) -> None:
        self._token = access_token
        self._address = address or graph_api.ADDRESS

    def key(self, name: str) -> str | None:
        return name if _PAGE.fullmatch(name) else None

    async def ask(self, calls: Calls, keys: Sequence[str], fetched: FetchedCounts) -> None:
        """One page that does not exist spoils the whole call. Then it asks for halves, until that page is
        alone.
        """
        try:
            await self._ask(calls, keys, fetched)
        except NoSuch:
            if len(keys) == 1:
                fetched.gone.add(keys[0])
                return
            middle = len(keys) // 2
            await self.ask(calls, keys[:middle], fetched)
            await self.ask(calls, keys[middle:], fetched)

    async def _ask(self, calls: Calls, keys: Sequence[str], fetched: FetchedCounts) -> None:
        answer = await calls.get(
            f"{self._address}/",
            {"ids": ",".join(keys), "fields": "followers_count"},
            {"authorization": f"Bearer {self._token.get_secret_value()}"},
            dict[str, Any],
            cost=len(keys),
            verdict=graph_api.verdict,
        )
        for key, item in answer.items():
            page = picked(item, _Page)
            fetched.add(key, count_of(page.followers_count) if page else None)
        fetched.add_missing(keys, is_clear=True)
