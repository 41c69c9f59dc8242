"""X API v2: how many follow a user.

https://docs.x.com/x-api/users/get-users-by-usernames
"""

import re
from collections.abc import Sequence
from typing import Any, ClassVar

import msgspec
from pydantic import SecretStr

from models import Network
from social.answers import count_of, picked
from social.calls import Calls
from social.client import FetchedCounts

ADDRESS = "https://api.x.com/2"

_HANDLE = re.compile(r"[A-Za-z0-9_]{1,15}")


class _Metrics(msgspec.Struct):
    followers_count: int | None = None


class _User(msgspec.Struct):
    username: str
    public_metrics: _Metrics


class _Problem(msgspec.Struct):
    """The user is gone or suspended."""

    value: str
    type: str


class _Users(msgspec.Struct):
    data: list[Any] = []
    errors: list[Any] = []


class X:
    network: ClassVar = Network.X
    ids_of_call: ClassVar = 100
    is_counted_by_id: ClassVar = False

    def __init__(self, bearer_token: SecretStr, address: str | None = None) -> None:
        self._token = bearer_token
        self._address = address or ADDRESS

    def key(self, name: str) -> str | None:
        return name.lower() if _HANDLE.fullmatch(name) else None

    async def ask(self, calls: Calls, keys: Sequence[str], fetched: FetchedCounts) -> None:
        answer = await calls.get(
            f"{self._address}/users/by",
            {"usernames": ",".join(keys), "user.fields": "public_metrics"},
            {"authorization": f"Bearer {self._token.get_secret_value()}"},
            _Users,
        )
        for item in answer.data:
            if user := picked(item, _User):
                fetched.add(user.username.lower(), count_of(user.public_metrics.followers_count))
        for item in answer.errors:
            problem = picked(item, _Problem)
            if problem and problem.type.endswith("/resource-not-found"):
                fetched.gone.add(problem.value.lower())
        fetched.add_missing(keys, is_clear=False)
