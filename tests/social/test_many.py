"""Ten thousand users, and what it takes to refresh them."""

from typing import Any

import pytest
from sqlalchemy import insert, text

from base.ids import uuid7
from database import Database, table_of
from models import NEVER, Network, SourceType, Tenant, User, UserInsight, Work
from resolvers.context import Services
from social.refresh import Outcome
from tests.memory import traced
from tests.social.conftest import Web
from tests.social.sites import Request
from tests.studio import Clock

VIDEOS, TRACKS = 3, 2
"""Of each user."""


async def add_users(database: Database, clock: Clock, count: int) -> None:
    numbers = range(1, count + 1)
    async with database.writing() as session:
        await session.execute(insert(table_of(Tenant)), [{"id": n, "time_zone": "UTC"} for n in numbers])
        await session.execute(
            insert(table_of(User)),
            [
                {
                    "id": n,
                    "public_id": uuid7(clock.now),
                    "tenant_id": n,
                    "email": f"{n}@example.com",
                    "username": f"user{n}",
                    "created_at": clock.now,
                }
                for n in numbers
            ],
        )
        asked = {f"{account}_asked_at": NEVER for account in ("twitter", "facebook_page", "instagram")}
        counts = dict.fromkeys(
            ("number_of_roles", "number_of_acts", "connects", "profile_views", "profile_searches"), 0
        )
        await session.execute(
            insert(table_of(UserInsight)),
            [
                {
                    "id": n,
                    "public_id": uuid7(clock.now),
                    "user_id": n,
                    "has_about": False,
                    "created_at": clock.now,
                    "twitter_handle": f"User{n}",
                    "facebook_page_id": 1_000_000 + n,
                    "instagram_handle": None if n % 10 else f"user.{n}",
                    **asked,
                    **counts,
                }
                for n in numbers
            ],
        )
        await session.execute(
            insert(table_of(Work)),
            [
                {
                    "insight_id": n,
                    "source_type": source,
                    "item_id": f"video{5 * n + place:06}"
                    if source is SourceType.YOUTUBE
                    else str(5 * n + place),
                    "is_individual_work": True,
                    "in_app_plays": 0,
                    "asked_at": NEVER,
                }
                for n in numbers
                for source, places in ((SourceType.YOUTUBE, VIDEOS), (SourceType.SOUNDCLOUD, TRACKS))
                for place in range(places)
            ],
        )


class Numbers(dict[str, int]):
    """Every id is known, and its figure is the number in it."""

    def __contains__(self, _: object) -> bool:
        return True

    def __missing__(self, id: str) -> int:
        return int(id.strip("viderous._"))


async def stored(database: Database) -> list[Any]:
    """How many figures of each network there are, and how many of them are wrong."""
    wrong = {
        "non_app_plays": "non_app_plays <> CAST(replace(item_id, 'video', '') AS bigint)",
        "twitter_followers_count": "twitter_followers_count <> id",
        "facebook_page_followers_count": "facebook_page_followers_count <> facebook_page_id",
        "instagram_followers_count": "instagram_followers_count <> id",
    }
    statements = [
        f"SELECT count({count}), count(CASE WHEN {wrong[count]} THEN 1 END) FROM {table}"  # noqa: S608
        for count, table in (
            ("non_app_plays", f"works WHERE source_type = {SourceType.YOUTUBE:d}"),
            ("non_app_plays", f"works WHERE source_type = {SourceType.SOUNDCLOUD:d}"),
            ("twitter_followers_count", "user_insights"),
            ("facebook_page_followers_count", "user_insights"),
            ("instagram_followers_count", "user_insights"),
        )
    ]
    async with database.snapshot() as connection:
        return [tuple((await connection.execute(text(statement))).one()) for statement in statements]


def know_all(web: Web) -> None:
    for network in Network:
        web.of(network).known = Numbers()


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_ten_thousand_users_take_as_many_calls_as_they_must(
    services: Services, web: Web, clock: Clock
) -> None:
    await add_users(services.database, clock, 10_000)
    know_all(web)
    clock.advance(hours=1)

    outcomes = await web.refresher(services).refresh()

    assert web.calls() == [30_000 // 50, 20_000 // 50, 10_000 // 100, 10_000 // 50, 1_000]
    assert outcomes == [
        Outcome(Network.YOUTUBE, refreshed=30_000, calls=600),
        Outcome(Network.SOUNDCLOUD, refreshed=20_000, calls=400),
        Outcome(Network.X, refreshed=10_000, calls=100),
        # It counts pages.
        Outcome(Network.FACEBOOK, refreshed=10_000, calls=10_000),
        # Each account is a call of its own, so that a tenth of the users have one here.
        Outcome(Network.INSTAGRAM, refreshed=1_000, calls=1_000),
    ]
    assert await stored(services.database) == [(30_000, 0), (20_000, 0), (10_000, 0), (10_000, 0), (1_000, 0)]


async def test_two_thousand_users_take_as_many_calls_as_they_must(
    services: Services, web: Web, clock: Clock
) -> None:
    await add_users(services.database, clock, 2_010)
    know_all(web)
    clock.advance(hours=1)
    networks = [network for network in Network if network is not Network.INSTAGRAM]
    seen: list[str] = []

    with services.database.observed(seen.append):
        outcomes = await web.refresher(services).refresh(networks)

    assert [one.refreshed for one in outcomes] == [6_030, 4_020, 2_010, 2_010]
    # Pages of 1,000: each is cut into calls by itself.
    assert web.calls() == [6 * 20 + 1, 4 * 20 + 1, 2 * 10 + 1, 2 * 20 + 1, 0]
    assert (await stored(services.database))[:4] == [(6_030, 0), (4_020, 0), (2_010, 0), (2_010, 0)]
    pages = 7 + 5 + 3 + 3
    assert sum("UPDATE works" in one or "UPDATE user_insights" in one for one in seen) == pages
    assert sum("asked_at <" in one and "LIMIT" in one for one in seen) == pages + 4


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_memory_does_not_grow_with_the_number_of_users(
    services: Services, web: Web, clock: Clock
) -> None:
    async def peak(users: int) -> int:
        clock.advance(hours=1)
        with traced() as memory:
            (outcome,) = await web.refresher(services).refresh([Network.X])
            assert outcome.refreshed == users
            return memory.highest

    async def forget(_: Request) -> None:
        web.x.requests.clear()

    async def rename(statement: str) -> None:
        async with services.database.writing() as session:
            await session.execute(text(statement))

    know_all(web)
    web.x.before_answer = forget
    await add_users(services.database, clock, 8_000)
    await rename("UPDATE user_insights SET twitter_handle = NULL WHERE id > 2000")
    await peak(2_000)
    small = await peak(2_000)
    await rename("UPDATE user_insights SET twitter_handle = 'user' || id")

    # Of one page. Objects that wait for the garbage collector are no part of it, but counted.
    assert await peak(8_000) < 2 * small
