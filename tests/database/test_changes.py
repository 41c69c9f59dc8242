from datetime import timedelta
from typing import Any

import pytest_asyncio
from sqlalchemy import select

from base.ids import uuid7
from database import Database, change_rows, table_of
from models import Tenant, User, UserInsight
from resolvers.context import Services
from tests.studio import START

INSIGHTS = table_of(UserInsight).c
COLUMNS = (INSIGHTS.id, INSIGHTS.twitter_handle, INSIGHTS.connects, INSIGHTS.twitter_refreshed_at)


@pytest_asyncio.fixture
async def database(services: Services) -> Database:
    """Three insights, of the handles a, b and c."""
    async with services.database.writing() as session:
        for id, handle in enumerate("abc", 1):
            session.add(Tenant(id=id))
            await session.flush()
            session.add(
                User(
                    id=id,
                    public_id=uuid7(START),
                    tenant_id=id,
                    email=f"{handle}@example.com",
                    username=handle,
                    created_at=START,
                )
            )
            await session.flush()
            session.add(
                UserInsight(
                    id=id, public_id=uuid7(START), user_id=id, twitter_handle=handle, created_at=START
                )
            )
    return services.database


async def changed(database: Database, rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """By id and handle: the connects and a time."""
    async with database.writing() as session:
        names = ("id", "twitter_handle"), ("connects", "twitter_refreshed_at")
        await change_rows(session, UserInsight, *names, rows)
    async with database.snapshot() as connection:
        found = await connection.execute(select(*COLUMNS).order_by(INSIGHTS.id))
    return [tuple(row) for row in found]


async def test_each_row_gets_its_own_values_in_one_statement(database: Database) -> None:
    later = START + timedelta(microseconds=1)
    seen: list[str] = []

    with database.observed(seen.append):
        rows = await changed(database, [(3, "c", 2**53 - 1, later), (1, "a", 7, START)])

    assert rows == [(1, "a", 7, START), (2, "b", 0, None), (3, "c", 2**53 - 1, later)]
    assert sum(text.startswith("UPDATE") for text in seen) == 1


async def test_a_row_that_is_not_as_it_was_is_left_alone(database: Database) -> None:
    rows = await changed(database, [(1, "b", 7, START), (9, "a", 7, START), (2, "b", 8, START)])

    assert rows == [(1, "a", 0, None), (2, "b", 8, START), (3, "c", 0, None)]


async def test_null_is_a_value(database: Database) -> None:
    await changed(database, [(1, "a", 7, START), (2, "b", 7, START)])

    rows = await changed(database, [(1, "a", 8, None), (2, "b", 8, START)])

    assert rows[:2] == [(1, "a", 8, None), (2, "b", 8, START)]


async def test_quotes_and_other_scripts_are_text(database: Database) -> None:
    handle = "o'\"[é😀"
    async with database.writing() as session:
        await change_rows(session, UserInsight, ("id",), ("twitter_handle",), [(1, handle), (2, "\\n{}")])

    assert [row[1] for row in await changed(database, [(1, handle, 5, None)])] == [handle, "\\n{}", "c"]
    assert (await changed(database, []))[0][2] == 5
