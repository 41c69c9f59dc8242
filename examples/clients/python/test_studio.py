import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import pytest
from gql.transport.exceptions import TransportQueryError

from studio import changes, codes, connected, dashboard, following, like, sign_in, unlike

GRAPHQL_URL = os.environ.get("GRAPHQL_URL", "http://127.0.0.1:8000/graphql")
URL = "ai-research-studio"


@pytest.fixture(scope="module")
def token() -> str:
    async def scene() -> str:
        async with connected(GRAPHQL_URL) as anybody:
            return await sign_in(anybody, "owner@demo.test", "viewgraph-demo")

    return asyncio.run(scene())


def test_the_owner_sees_the_figures(token: str) -> None:
    async def scene() -> None:
        async with connected(GRAPHQL_URL, token) as owner:
            publication = await dashboard(owner, URL)
        assert publication["name"] == "AI Research Studio"
        assert publication["metrics"] == {"totalLikes": 7, "totalComments": 7}

    asyncio.run(scene())


def test_a_stranger_is_told_by_a_code_and_still_gets_what_is_public() -> None:
    async def scene() -> None:
        async with connected(GRAPHQL_URL) as anybody:
            with pytest.raises(TransportQueryError) as denied:
                await dashboard(anybody, URL)
        assert codes(denied.value) == ["UNAUTHENTICATED"]
        assert denied.value.data is not None
        assert denied.value.data["publication"]["name"] == "AI Research Studio"
        assert denied.value.data["publication"]["metrics"] is None

    asyncio.run(scene())


def test_a_mutation_that_is_refused_raises_with_its_code(token: str) -> None:
    async def scene() -> None:
        async with connected(GRAPHQL_URL, token) as owner:
            with pytest.raises(TransportQueryError) as refused:
                await like(owner, "pub_")
        assert codes(refused.value) == ["NOT_FOUND"]

    asyncio.run(scene())


def test_what_makers_change_shows_at_once(token: str) -> None:
    async def scene() -> None:
        async with connected(GRAPHQL_URL, token) as owner:
            id = (await dashboard(owner, URL))["id"]
            await like(owner, id)
            try:
                assert (await dashboard(owner, URL))["metrics"]["totalLikes"] == 8
            finally:
                await unlike(owner, id)
            assert (await dashboard(owner, URL))["metrics"]["totalLikes"] == 7

    asyncio.run(scene())


def test_new_figures_come_by_themselves(token: str) -> None:
    async def scene() -> None:
        async with (
            connected(GRAPHQL_URL, token) as owner,
            following(GRAPHQL_URL, token) as follower,
            aclosing(changes(follower, URL)) as publications,
        ):
            id = (await dashboard(owner, URL))["id"]
            likes = [await next_likes(publications)]
            await like(owner, id)
            try:
                likes.append(await next_likes(publications))
            finally:
                await unlike(owner, id)
            likes.append(await next_likes(publications))
        assert likes == [7, 8, 7]

    asyncio.run(scene())


async def next_likes(publications: AsyncIterator[dict[str, Any]]) -> int:
    likes: int = (await asyncio.wait_for(anext(publications), 10))["metrics"]["totalLikes"]
    return likes


def test_a_subscription_that_is_refused_raises_with_its_code(token: str) -> None:
    async def scene() -> None:
        async with following(GRAPHQL_URL, token) as follower:
            with pytest.raises(TransportQueryError) as refused:
                await anext(changes(follower, "nothing"))
        assert codes(refused.value) == ["NOT_FOUND"]

    asyncio.run(scene())
