"""Totals of rows: of followers and the followed, and of experiences by type."""

import asyncio
from asyncio import gather
from collections import Counter
from itertools import permutations
from random import Random
from typing import Any, NamedTuple

from sqlalchemy import select, text
from sqlmodel import SQLModel
from typer.testing import CliRunner, Result

from database import Database, table_of
from ingest.row_discrepancies import mend_row_totals, row_discrepancies
from models import Experience, ExperienceTotal, ExperienceType, Follow, FollowTotal
from server.commands.cli import app
from tests.resolvers.figures import unchanged
from tests.studio import Answer, Studio

FOLLOW = "mutation($u: ID!) { followUser(userId: $u) { user { id } } }"
UNFOLLOW = "mutation($u: ID!) { unfollowUser(userId: $u) { user { id } } }"
PUBLISH = """mutation($p: ID!, $type: ExperienceType!) {
  publishExperience(input: {publicationId: $p, type: $type, title: "A title"}) { experience { id } } }"""
HEADER = "table\ttenant\tsubject\taction\tday\tdevice\tdomain\tstored\tcounted"


class Totals(NamedTuple):
    follows: dict[int, tuple[int, int]]
    """Followers and the followed of each user; who has neither is left out."""
    experiences: dict[tuple[int, int], int]


async def rows(database: Database, model: type[SQLModel]) -> list[Any]:
    async with database.snapshot() as connection:
        return list(await connection.execute(select(table_of(model))))


async def stored(database: Database) -> Totals:
    return Totals(
        {
            id: (followers, following)
            for id, followers, following in await rows(database, FollowTotal)
            if followers or following
        },
        {(id, type): count for id, type, count in await rows(database, ExperienceTotal) if count},
    )


async def counted(database: Database) -> Totals:
    followers, following = Counter[int](), Counter[int]()
    for row in await rows(database, Follow):
        followers[row.followed_id] += 1
        following[row.follower_id] += 1
    return Totals(
        {id: (followers[id], following[id]) for id in followers.keys() | following.keys()},
        Counter((row.publication_id, row.type) for row in await rows(database, Experience)),
    )


async def follow(studio: Studio, by: str, user: str) -> Answer:
    return await studio.ask(FOLLOW, by, u=studio.people[user].id)


async def unfollow(studio: Studio, by: str, user: str) -> Answer:
    return await studio.ask(UNFOLLOW, by, u=studio.people[user].id)


async def publish(studio: Studio, type: ExperienceType, by: str = "owner") -> Answer:
    return await studio.ask(PUBLISH, by, p=studio.publication, type=type.name)


async def execute(studio: Studio, *statements: str) -> None:
    async with studio.services.database.writing() as session:
        for statement in statements:
            await session.execute(text(statement))


async def command(url: str, *words: str) -> Result:
    """In a thread, because commands have an event loop of their own."""
    return await asyncio.to_thread(CliRunner().invoke, app, [*words, "--database-url", url])


async def test_whoever_follows_and_publishes_at_once_is_counted(studio: Studio) -> None:
    random = Random(7)  # noqa: S311
    pairs = list(permutations(studio.people, 2))

    for _ in range(4):
        answers = await gather(
            *(random.choice((follow, unfollow))(studio, *random.choice(pairs)) for _ in range(20)),
            *(
                publish(studio, random.choice(list(ExperienceType)), random.choice(("owner", "cocreator")))
                for _ in range(5)
            ),
        )
        assert [answer.errors for answer in answers] == [[]] * 25
        database = studio.services.database
        assert await stored(database) == await counted(database)
    assert sum((await stored(database)).experiences.values()) == 20


async def test_two_who_follow_each_other_at_once_do_not_wait_in_a_circle(studio: Studio) -> None:
    one, other = studio.people["admin"].row.id, studio.people["member"].row.id

    for _ in range(10):
        answers = await gather(follow(studio, "admin", "member"), follow(studio, "member", "admin"))
        assert [answer.errors for answer in answers] == [[], []]
        assert (await stored(studio.services.database)).follows == {one: (1, 1), other: (1, 1)}
        answers = await gather(unfollow(studio, "admin", "member"), unfollow(studio, "member", "admin"))
        assert [answer.errors for answer in answers] == [[], []]
        assert (await stored(studio.services.database)).follows == {}


async def test_many_who_follow_one_at_once_are_all_counted(studio: Studio) -> None:
    names = [f"fan{number}" for number in range(12)]
    for name in names:
        await studio.add_person(name)

    answers = await gather(*(follow(studio, name, "owner") for name in [*names, *names]))

    assert [answer.errors for answer in answers] == [[]] * 24
    followed = (await stored(studio.services.database)).follows
    assert followed == {
        studio.people["owner"].row.id: (12, 0),
        **{studio.people[name].row.id: (0, 1) for name in names},
    }


async def test_a_repeated_follow_leaves_the_totals_alone(studio: Studio) -> None:
    await follow(studio, "stranger", "owner")
    studio.clock.advance(minutes=1)

    async with unchanged(studio):
        assert (await follow(studio, "stranger", "owner")).errors == []
        assert (await unfollow(studio, "admin", "owner")).errors == []
    await unfollow(studio, "stranger", "owner")
    async with unchanged(studio):
        assert (await unfollow(studio, "stranger", "owner")).errors == []
    assert (await stored(studio.services.database)).follows == {}


async def test_every_difference_is_listed_and_mended(studio: Studio, database_url: str) -> None:
    await follow(studio, "stranger", "owner")
    await follow(studio, "stranger", "admin")
    for type in (ExperienceType.QUEST, ExperienceType.QUEST):
        await publish(studio, type)
    owner, stranger = (studio.people[name].row.id for name in ("owner", "stranger"))
    (publication,) = {row.publication_id for row in await rows(studio.services.database, Experience)}
    other = next(type for type in ExperienceType if type is not ExperienceType.QUEST)
    right = await stored(studio.services.database)
    assert await counted(studio.services.database) == right
    follows, experiences = (
        "follow_totals\t{}\tuser {}",
        f"experience_totals\towner\tpublication {publication}",
    )
    planted = {
        f"UPDATE follow_totals SET followers_count = 7 WHERE user_id = {owner}": (  # noqa: S608
            follows.format("owner", owner),
            ("7 followers, 0 following", "1 followers, 0 following"),
        ),
        f"DELETE FROM follow_totals WHERE user_id = {stranger}": (  # noqa: S608
            follows.format("stranger", stranger),
            ("-", "0 followers, 2 following"),
        ),
        "UPDATE experience_totals SET count = 1": (f"{experiences} QUEST", ("1", "2")),
        "DELETE FROM experience_totals": (f"{experiences} QUEST", ("-", "2")),
        f"INSERT INTO experience_totals VALUES ({publication}, {int(other)}, 3)": (  # noqa: S608
            f"{experiences} {other.name}",
            ("3", "-"),
        ),
    }
    for statement, found in planted.items():
        await execute(studio, statement)
        words, values = found
        listed = await command(database_url, "verify")
        assert listed.stdout.splitlines() == [HEADER, "\t".join((words, *"----", *values))], statement
        assert (listed.exit_code, listed.stderr) == (1, "Totals that differ: 1.\n")
        others = await command(database_url, "verify", "--tenant", "member")
        assert (others.exit_code, others.stdout) == (0, "")

        mended = await command(database_url, "rebuild", "--tenant", words.split("\t")[1])

        assert (mended.stdout, mended.stderr) == (f"{words.split()[1]}: 1\n", "Totals mended: 1.\n")
        assert await stored(studio.services.database) == right
        assert (await command(database_url, "verify")).stderr == "No total differs.\n"


async def test_totals_are_mended_while_people_follow(studio: Studio, database_url: str) -> None:
    names = [f"fan{number}" for number in range(8)]
    for name in names:
        await studio.add_person(name)
    await gather(*(follow(studio, name, "owner") for name in names[:4]))
    other = Database(database_url)

    for _ in range(3):
        await execute(
            studio,
            "UPDATE follow_totals SET followers_count = 100",
            "DELETE FROM follow_totals WHERE following_count = 1",
        )
        mended, *answers = await gather(
            mend_row_totals(other, None),
            *(follow(studio, name, "owner") for name in names[4:]),
            *(unfollow(studio, name, "owner") for name in names[:4]),
        )
        assert mended.total() >= 1
        assert [answer.errors for answer in answers] == [[]] * 8
        await mend_row_totals(other, None)
        assert await stored(other) == await counted(other)
        assert [row async for row in row_discrepancies(other, None)] == []
        names = [*names[4:], *names[:4]]
    await other.close()
