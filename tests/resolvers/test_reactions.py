from asyncio import gather
from collections.abc import Awaitable
from datetime import timedelta
from random import Random
from typing import Any

import pytest

from base.ids import Kind
from models import TAKES_BACK, Action
from tests.resolvers.figures import (
    FORBIDDEN,
    NOT_FOUND,
    SIGN_IN_FIRST,
    Figures,
    bad_input,
    contents,
    figures,
    ids_of_no,
    unchanged,
)
from tests.studio import START, Answer, Studio

COMMENT = """mutation($input: CommentInput!) { commentOnPublication(input: $input) { comment {
  id body createdAt author { username } publication { customUrl }
} } }"""
DELETE = "mutation($id: ID!) { deleteComment(id: $id) { id publication { customUrl } } }"
COMMENT_NODE = """query($id: ID!) { node(id: $id) { ... on Comment {
  id body createdAt author { username } publication { customUrl }
} } }"""
RECORD = "mutation($events: [EventInput!]!) { recordEvents(events: $events) { stored } }"
FOLLOW = "mutation($u: ID!) { followUser(userId: $u) { user { id } } }"
BOOK = "mutation($input: BookAppointmentInput!) { bookAppointment(input: $input) { appointment { id } } }"
UPDATE = (
    "mutation($input: UpdatePublicationInput!) { updatePublication(input: $input) { publication { id } } }"
)

MARKS = [("like", "likes"), ("bookmark", "bookmarks")]
each_mark = pytest.mark.parametrize(("mark", "table"), MARKS)


async def react(studio: Studio, action: str, by: str | None, publication: str | None = None) -> Answer:
    """`action` is like, unlike, bookmark, unbookmark or share."""
    mutation = (
        f"mutation($p: ID!) {{ {action}Publication(publicationId: $p) {{ publication {{ customUrl }} }} }}"
    )
    return await studio.ask(mutation, by, p=studio.publication if publication is None else publication)


async def comment(studio: Studio, by: str | None, body: str = "Well said.", **input: Any) -> Answer:
    return await studio.ask(COMMENT, by, input={"publicationId": studio.publication, "body": body, **input})


async def comment_id(studio: Studio, by: str) -> str:
    id: str = (await comment(studio, by)).data["commentOnPublication"]["comment"]["id"]
    return id


async def delete(studio: Studio, by: str | None, id: str) -> Answer:
    return await studio.ask(DELETE, by, id=id)


def within(day: str, last_day: str | None = None) -> tuple[str, str]:
    return day, last_day or day


@each_mark
async def test_a_second_time_changes_nothing(studio: Studio, mark: str, table: str) -> None:
    answer = await react(studio, mark, "stranger")
    assert answer.data == {f"{mark}Publication": {"publication": {"customUrl": "ai-research-studio"}}}

    studio.clock.advance(minutes=1)
    async with unchanged(studio):
        assert (await react(studio, mark, "stranger")).data == answer.data

    assert await figures(studio) == Figures(active=1)._replace(**{table: 1})
    assert (await studio.count(table), await studio.count("events")) == (1, 1)


@each_mark
async def test_everyone_who_is_signed_in_counts_once(studio: Studio, mark: str, table: str) -> None:
    for by in studio.people:
        for _ in range(2):
            assert (await react(studio, mark, by)).errors == []

    assert await figures(studio) == Figures(active=5)._replace(**{table: 5})
    assert (await studio.count(table), await studio.count("events")) == (5, 5)


@each_mark
async def test_what_is_taken_back_counts_no_more_and_can_be_done_again(
    studio: Studio, mark: str, table: str
) -> None:
    await react(studio, mark, "admin")
    counts = []
    for action in (mark, f"un{mark}", mark, f"un{mark}", mark):
        studio.clock.advance(minutes=1)
        answer = await react(studio, action, "owner")
        assert answer.data == {f"{action}Publication": {"publication": {"customUrl": "ai-research-studio"}}}
        counts.append((await figures(studio), await studio.count(table)))

    one = Figures(active=1)._replace(**{table: 1})
    two = Figures(active=2)._replace(**{table: 2})
    assert counts == [
        (two, 2),
        (one._replace(active=2), 1),
        (two, 2),
        (one._replace(active=2), 1),
        (two, 2),
    ]
    assert await studio.count("events") == 6


@each_mark
async def test_taking_back_what_was_not_done_changes_nothing(studio: Studio, mark: str, table: str) -> None:
    await react(studio, mark, "admin")

    async with unchanged(studio):
        answer = await react(studio, f"un{mark}", "stranger")
        assert answer.data == {f"un{mark}Publication": {"publication": {"customUrl": "ai-research-studio"}}}
    assert await studio.count(table) == 1


@each_mark
async def test_what_is_taken_back_later_leaves_the_day_on_which_it_was_done(
    studio: Studio, mark: str, table: str
) -> None:
    await react(studio, mark, "stranger")
    await react(studio, mark, "admin")
    studio.clock.advance(days=20)
    await react(studio, mark, "member")
    studio.clock.advance(days=20)
    await react(studio, f"un{mark}", "stranger")
    await react(studio, f"un{mark}", "member")

    async def standing(*range: str) -> int:
        counted: int = getattr(await figures(studio, within=within(*range)), table)
        return counted

    assert getattr(await figures(studio), table) == 1
    assert await standing("2023-06-15") == 1
    assert await standing("2023-06-15T12:00:00Z", "2023-06-15T12:00:00Z") == 1
    assert await standing("2023-06-16", "2023-07-04") == 0
    assert await standing("2023-07-05") == 0
    assert await standing("2023-07-25") == 0
    assert await standing("2023-06-01", "2023-06-30") == 1
    assert await standing("2023-07-01", "2023-07-31") == 0
    assert await standing("2023-01-01", "2023-12-31") == 1


async def test_each_share_counts(studio: Studio) -> None:
    for by in ("owner", "stranger", "stranger", "cocreator", "stranger"):
        answer = await react(studio, "share", by)
        assert answer.data == {"sharePublication": {"publication": {"customUrl": "ai-research-studio"}}}

    assert await figures(studio) == Figures(shares=5, active=3)
    assert await studio.count("events") == 5


async def test_a_comment_is_shown_as_it_was_written(studio: Studio) -> None:
    studio.clock.advance(minutes=1)
    answer = await comment(studio, "stranger", "\n Well said. \nIndeed! ")

    written = answer.data["commentOnPublication"]["comment"]
    assert (await studio.ask(COMMENT_NODE, id=written["id"])).data == {"node": written}
    del written["id"]
    assert written == {
        "body": "Well said. \nIndeed!",
        "createdAt": "2023-06-15T12:01:00Z",
        "author": {"username": "stranger"},
        "publication": {"customUrl": "ai-research-studio"},
    }
    assert await figures(studio) == Figures(comments=1, active=1)
    assert (await studio.count("comments"), await studio.count("events")) == (1, 1)


async def test_each_comment_counts_and_the_longest_fits(studio: Studio) -> None:
    longest = "é" * 5000
    for body in ("Same", "Same", longest):
        assert (await comment(studio, "admin", body)).errors == []

    assert await figures(studio) == Figures(comments=3, active=1)
    bodies = sorted(row.body for row in (await contents(studio.services.database))["comments"])
    assert bodies == ["Same", "Same", longest]


@pytest.mark.parametrize("by", ["stranger", "owner", "cocreator"])
async def test_its_author_and_the_makers_delete_a_comment(studio: Studio, by: str) -> None:
    await comment(studio, "admin")
    id = await comment_id(studio, "stranger")
    studio.clock.advance(days=40)

    answer = await delete(studio, by, id)

    assert answer.data == {
        "deleteComment": {"id": id, "publication": {"customUrl": "ai-research-studio"}},
    }
    assert (await studio.ask(COMMENT_NODE, id=id)).errors == [("NOT_FOUND", "node")]
    assert await figures(studio) == Figures(comments=1)
    assert await figures(studio, within=within("2023-06-15")) == Figures(comments=1, active=2)
    assert await figures(studio, within=within("2023-07-25")) == Figures()
    assert (await studio.count("comments"), await studio.count("events")) == (1, 3)
    async with unchanged(studio):
        assert (await delete(studio, by, id)).extensions == NOT_FOUND


async def test_a_comment_is_safe_from_everyone_else(studio: Studio) -> None:
    id = await comment_id(studio, "stranger")
    other = await studio.add_publication("other-studio", "admin")
    own = (await comment(studio, "stranger", publicationId=other)).data["commentOnPublication"]["comment"]

    async with unchanged(studio):
        assert (await delete(studio, None, id)).extensions == SIGN_IN_FIRST
        for by in ("admin", "member"):
            assert (await delete(studio, by, id)).extensions == FORBIDDEN
        for by in ("owner", "cocreator"):
            assert (await delete(studio, by, own["id"])).extensions == FORBIDDEN
        for unknown in ids_of_no(Kind.COMMENT, studio.publication):
            assert (await delete(studio, "stranger", unknown)).extensions == NOT_FOUND


async def test_a_refused_reaction_changes_nothing(studio: Studio) -> None:
    async with unchanged(studio):
        for action in ("like", "unlike", "bookmark", "unbookmark", "share"):
            assert (await react(studio, action, None)).extensions == SIGN_IN_FIRST
            for id in ids_of_no(Kind.PUBLICATION, studio.people["owner"].id):
                assert (await react(studio, action, "stranger", id)).extensions == NOT_FOUND
        assert (await comment(studio, None)).extensions == SIGN_IN_FIRST
        for id in ids_of_no(Kind.PUBLICATION, studio.people["owner"].id):
            assert (await comment(studio, "stranger", publicationId=id)).extensions == NOT_FOUND
        for body, reason in (("", "EMPTY"), (" \n ", "EMPTY"), ("a\0", "EMPTY"), ("é" * 5001, "TOO_LONG")):
            assert (await comment(studio, "stranger", body)).extensions == bad_input("body", reason)


@pytest.mark.parametrize("by", ["owner", "cocreator"])
async def test_what_a_maker_does_is_seen_at_once(studio: Studio, by: str) -> None:
    seen = [await figures(studio)]
    for action in ("like", "bookmark", "share", "unlike", "unbookmark"):
        await react(studio, action, by)
        seen.append(await figures(studio))
    id = await comment_id(studio, by)
    seen.append(await figures(studio))
    await delete(studio, by, id)
    seen.append(await figures(studio))

    assert seen == [
        Figures(),
        Figures(likes=1, active=1),
        Figures(likes=1, bookmarks=1, active=1),
        Figures(likes=1, bookmarks=1, shares=1, active=1),
        Figures(bookmarks=1, shares=1, active=1),
        Figures(shares=1, active=1),
        Figures(shares=1, comments=1, active=1),
        Figures(shares=1, active=1),
    ]


@pytest.mark.parametrize("range", [None, ("2023-06-01", "2023-06-30")])
async def test_what_others_do_is_seen_at_once(studio: Studio, range: tuple[str, str] | None) -> None:
    assert await figures(studio, within=range) == Figures()
    for action in ("like", "bookmark", "share"):
        await react(studio, action, "stranger")
    await comment(studio, "stranger")

    assert await figures(studio, within=range) == Figures(
        likes=1, bookmarks=1, shares=1, comments=1, active=1
    )


async def test_what_happens_to_one_publication_leaves_the_figures_of_others(studio: Studio) -> None:
    other = await studio.add_publication("other-studio", "owner")
    await react(studio, "like", "stranger", other)
    await comment(studio, "admin", publicationId=other)

    assert await figures(studio) == Figures()
    assert await figures(studio, url="other-studio") == Figures(likes=1, comments=1, active=2)


async def test_people_are_active_for_30_days_of_24_hours(studio: Studio) -> None:
    await react(studio, "like", "owner")
    await react(studio, "share", "stranger")
    studio.clock.advance(days=30)
    assert (await figures(studio)).active == 2
    await react(studio, "share", "owner")
    studio.clock.advance(hours=1)
    assert (await figures(studio)).active == 1


async def test_taking_something_back_is_no_activity(studio: Studio) -> None:
    id = await comment_id(studio, "stranger")
    for action in ("like", "bookmark"):
        await react(studio, action, "stranger")
    studio.clock.advance(days=29)
    for action in ("unlike", "unbookmark"):
        await react(studio, action, "stranger")
    await delete(studio, "owner", id)
    assert await figures(studio) == Figures(active=1)

    studio.clock.advance(days=1, seconds=1)
    await react(studio, "share", "admin")
    studio.clock.advance(hours=1)
    assert await figures(studio) == Figures(shares=1, active=1)


@each_mark
async def test_one_user_at_once_from_many_places_counts_once(studio: Studio, mark: str, table: str) -> None:
    answers = await gather(*(react(studio, mark, "stranger") for _ in range(15)))

    assert [answer.errors for answer in answers] == [[]] * 15
    assert await figures(studio) == Figures(active=1)._replace(**{table: 1})
    assert (await studio.count(table), await studio.count("events")) == (1, 1)

    answers = await gather(*(react(studio, f"un{mark}", "stranger") for _ in range(15)))
    studio.clock.advance(hours=1)
    assert [answer.errors for answer in answers] == [[]] * 15
    assert await figures(studio) == Figures(active=1)
    assert (await studio.count(table), await studio.count("events")) == (0, 2)


async def test_a_comment_deleted_by_two_at_once_is_taken_back_once(studio: Studio) -> None:
    for _ in range(5):
        id = await comment_id(studio, "stranger")
        answers = await gather(*(delete(studio, by, id) for by in ("stranger", "owner", "cocreator")))
        assert {code for answer in answers for code, _ in answer.errors} <= {"NOT_FOUND"}
        assert any(not answer.errors for answer in answers)

    assert await figures(studio) == Figures(active=1)
    assert (await studio.count("comments"), await studio.count("events")) == (0, 10)


async def test_makers_and_others_at_once_never_stand_in_each_others_way(studio: Studio) -> None:
    """Rows that are locked in different orders would be a deadlock in PostgreSQL."""
    random = Random(7)  # noqa: S311
    ids = [studio.publication, *[await studio.add_publication(f"studio-{n}", "owner") for n in range(5)]]
    for id in ids[1:]:
        await studio.add_co_creator("cocreator", id)

    kinds = random.choices(_KINDS, k=150)
    for start in (0, 50, 100):
        calls = [_something(studio, random, kinds[hour], ids, hour) for hour in range(start, start + 50)]
        assert [error for answer in await gather(*calls) for error in answer.errors] == []

    studio.clock.advance(hours=1)
    rows = await contents(studio.services.database)
    for publication in rows["publications"]:
        events = [row for row in rows["events"] if row.subject_id == publication.id]

        def left(table: str, of: int = publication.id) -> int:
            return sum(row.publication_id == of for row in rows[table])

        shown = await figures(studio, url=publication.custom_url)
        assert shown == Figures(
            views=kinds.count("record"),
            likes=left("likes"),
            bookmarks=left("bookmarks"),
            shares=sum(row.action == Action.SHARE for row in events),
            comments=left("comments"),
            appointments=left("appointments"),
            active=len({row.user_id for row in events if row.action not in TAKES_BACK} - {None}),
        )
    assert sum(row.action == Action.SHARE for row in rows["events"]) == kinds.count("share")


_KINDS = (
    *("like", "unlike", "bookmark", "unbookmark", "share"),
    *("comment", "record", "record", "follow", "book", "update"),
)


def _something(studio: Studio, random: Random, kind: str, ids: list[str], hour: int) -> Awaitable[Answer]:
    by, id = random.choice(list(studio.people)), random.choice(ids)
    match kind:
        case "comment":
            return comment(studio, by, publicationId=id)
        case "record":
            maker = random.choice(["owner", "cocreator"])
            events = [
                {"subject": {"publicationId": each}, "action": "VIEW", "domain": f"{number}.example.com"}
                for number, each in enumerate(random.sample(ids, len(ids)))
            ]
            return studio.ask(RECORD, maker, events=events)
        case "follow":
            return studio.ask(FOLLOW, "owner", u=studio.people[random.choice(["admin", "member"])].id)
        case "book":
            start = START + timedelta(days=1, hours=hour)
            slot = {"startsAt": start.isoformat(), "endsAt": (start + timedelta(hours=1)).isoformat()}
            return studio.ask(BOOK, by, input={"publicationId": studio.publication, **slot})
        case "update":
            return studio.ask(UPDATE, "owner", input={"id": id, "customUrl": f"url-{hour}"})
        case _:
            return react(studio, kind, by, id)


async def test_of_several_mutations_one_that_fails_takes_none_of_the_others_along(
    studio: Studio,
) -> None:
    answer = await studio.ask(
        """mutation($p: ID!) {
          likePublication(publicationId: $p) { publication { id } }
          sharePublication(publicationId: "pub_nothing") { publication { id } }
          bookmarkPublication(publicationId: $p) { publication { id } }
        }""",
        "stranger",
        p=studio.publication,
    )

    assert answer.errors == [("NOT_FOUND", "sharePublication")]
    done = {"publication": {"id": studio.publication}}
    assert answer.body["data"] == {
        "likePublication": done,
        "sharePublication": None,
        "bookmarkPublication": done,
    }
    assert (await studio.count("likes"), await studio.count("bookmarks")) == (1, 1)
