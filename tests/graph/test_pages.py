from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete
from sqlmodel import col

from base.ids import Kind, global_id, uuid7
from models import Publication
from tests.draws import scaled
from tests.studio import START, Answer, Studio

PAGE = """query($first: Int, $after: String, $last: Int, $before: String, $orderBy: PublicationOrder) {
  publications(first: $first, after: $after, last: $last, before: $before, orderBy: $orderBy) {
    totalCount
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    edges { cursor node { id name } }
  }
}"""
FIELDS = ("CREATED_AT", "NAME")
DIRECTIONS = ("ASC", "DESC")


class Row(NamedTuple):
    created_at: datetime
    name: str
    public_id: UUID

    @property
    def id(self) -> str:
        return global_id(Kind.PUBLICATION, self.public_id)


def in_order(rows: Iterable[Row], field: str = "CREATED_AT", direction: str = "ASC") -> list[str]:
    """The ids; between equals the id itself decides."""
    place = {
        "CREATED_AT": lambda row: (row.created_at, row.public_id.bytes),
        "NAME": lambda row: ([ord(character) for character in row.name], row.public_id.bytes),
    }
    return [row.id for row in sorted(rows, key=place[field], reverse=direction == "DESC")]


async def insert_rows(studio: Studio, places: Sequence[tuple[int, str]], by: str = "stranger") -> list[Row]:
    """Publications of these minutes and names; several may have the same."""
    rows = [Row(START + timedelta(minutes=minute), name, uuid7(START)) for minute, name in places]
    async with studio.services.database.writing() as session:
        session.add_all(
            Publication(
                public_id=row.public_id,
                owner_id=studio.people[by].row.id,
                name=row.name,
                custom_url=row.public_id.hex,
                created_at=row.created_at,
            )
            for row in rows
        )
    return rows


async def remove(studio: Studio, rows: Iterable[Row]) -> None:
    public_ids = [row.public_id for row in rows]
    async with studio.services.database.writing() as session:
        await session.execute(delete(Publication).where(col(Publication.public_id).in_(public_ids)))


async def page(studio: Studio, **arguments: Any) -> dict[str, Any]:
    found: dict[str, Any] = (await studio.ask(PAGE, **arguments)).data["publications"]
    cursors = [edge["cursor"] for edge in found["edges"]]
    assert found["pageInfo"]["startCursor"] == (cursors[0] if cursors else None)
    assert found["pageInfo"]["endCursor"] == (cursors[-1] if cursors else None)
    return found


def ids(found: dict[str, Any]) -> list[str]:
    return [edge["node"]["id"] for edge in found["edges"]]


def cursors(found: dict[str, Any]) -> list[str]:
    return [edge["cursor"] for edge in found["edges"]]


def has_more(found: dict[str, Any]) -> tuple[bool, bool]:
    """After the page, and before it."""
    return found["pageInfo"]["hasNextPage"], found["pageInfo"]["hasPreviousPage"]


@pytest_asyncio.fixture
async def rows(studio: Studio) -> AsyncIterator[list[Row]]:
    """All publications there are: 25, of which many are as old, or called as, others."""
    own = Row(START, "Ai Research Studio", public_id_of(studio.publication))
    yield [own, *await insert_rows(studio, [(n // 5, f"Name {n % 4}") for n in range(24)])]


def public_id_of(id: str) -> UUID:
    return UUID(bytes=urlsafe_b64decode(id.partition("_")[2] + "=="))


# One page


async def test_the_first_20_are_shown_oldest_first_unless_told_otherwise(
    studio: Studio, rows: list[Row]
) -> None:
    found = await page(studio)

    assert ids(found) == in_order(rows)[:20]
    assert has_more(found) == (True, False)
    assert found["totalCount"] == 25


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("direction", DIRECTIONS)
async def test_a_page_is_counted_from_either_end_and_bounded_by_cursors(
    studio: Studio, rows: list[Row], field: str, direction: str
) -> None:
    order = {"field": field, "direction": direction}
    all_ids = in_order(rows, field, direction)
    of_all = await page(studio, first=100, orderBy=order)
    assert ids(of_all) == all_ids
    assert has_more(of_all) == (False, False)
    at = cursors(of_all)

    async def found(**arguments: Any) -> tuple[list[str], tuple[bool, bool]]:
        answer = await page(studio, orderBy=order, **arguments)
        assert answer["totalCount"] == 25
        return ids(answer), has_more(answer)

    assert await found(first=3) == (all_ids[:3], (True, False))
    assert await found(first=3, after=at[9]) == (all_ids[10:13], (True, True))
    assert await found(first=3, after=at[21]) == (all_ids[22:], (False, True))
    assert await found(first=3, after=at[24]) == ([], (False, True))
    assert await found(last=3) == (all_ids[22:], (False, True))
    assert await found(last=3, before=at[9]) == (all_ids[6:9], (True, True))
    assert await found(last=3, before=at[3]) == (all_ids[:3], (True, False))
    assert await found(last=3, before=at[0]) == ([], (True, False))
    assert await found(first=3, after=at[4], before=at[7]) == (all_ids[5:7], (False, True))
    assert await found(last=3, after=at[4], before=at[7]) == (all_ids[5:7], (True, False))
    assert await found(first=1, after=at[4], before=at[7]) == (all_ids[5:6], (True, True))
    assert await found(last=1, after=at[4], before=at[7]) == (all_ids[6:7], (True, True))
    assert await found(before=at[2]) == (all_ids[:2], (False, False))
    assert await found(first=3, after=at[7], before=at[4]) == ([], (False, True))


async def test_a_page_of_nothing_says_whether_there_is_more(studio: Studio, rows: list[Row]) -> None:
    assert has_more(await page(studio, first=0)) == (True, False)
    assert has_more(await page(studio, last=0)) == (False, True)
    for found in (await page(studio, first=0), await page(studio, last=0)):
        assert found["edges"] == []
        assert found["totalCount"] == len(rows)


async def test_a_list_without_objects_is_an_empty_page(studio: Studio) -> None:
    answer = await studio.ask(
        """{ user(by: {username: "stranger"}) { publications {
          totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor } edges { cursor }
        } } }"""
    )
    assert answer.data["user"]["publications"] == {
        "totalCount": 0,
        "pageInfo": {
            "hasNextPage": False,
            "hasPreviousPage": False,
            "startCursor": None,
            "endCursor": None,
        },
        "edges": [],
    }


NAMES = [
    "",
    "A",
    "Z",
    "a",
    "z",
    "É",
    "é",
    "e\u0301",
    "ß",
    "ñ",
    "Ω",
    "я",
    "あ",
    "中",
    "\ufb01",
    "\uffee",
    "🎧",
]


async def test_names_are_sorted_by_code_points_on_every_engine(studio: Studio) -> None:
    await insert_rows(studio, [(0, name) for name in reversed(NAMES)])

    async def sorted_by(direction: str) -> list[str]:
        order = {"field": "NAME", "direction": direction}
        first = await page(studio, first=9, orderBy=order)
        second = await page(studio, first=9, after=first["pageInfo"]["endCursor"], orderBy=order)
        return [edge["node"]["name"] for edge in first["edges"] + second["edges"]]

    expected = sorted([*NAMES, "Ai Research Studio"])
    assert await sorted_by("ASC") == expected
    assert await sorted_by("DESC") == expected[::-1]


# Walks


def steps(backward: bool) -> tuple[str, str, str, str]:
    if backward:
        return "last", "before", "startCursor", "hasPreviousPage"
    return "first", "after", "endCursor", "hasNextPage"


orders = st.builds(
    lambda field, direction: {"field": field, "direction": direction},
    st.sampled_from(FIELDS),
    st.sampled_from(DIRECTIONS),
)
sizes = st.lists(st.integers(1, 12), min_size=1, max_size=5)
places = st.tuples(st.integers(-1, 6), st.sampled_from(["", "Name 1", "Name 2", "Name 2a", "é", "中"]))
# Between two pages: rows to add, and which of those that are there to remove.
changes = st.lists(
    st.tuples(st.lists(places, max_size=2), st.lists(st.integers(0, 100), max_size=2)), max_size=4
)


@given(orders, st.booleans(), sizes)
@settings(
    max_examples=scaled(10), suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
async def test_a_walk_forward_or_backward_shows_every_row_once(
    studio: Studio, rows: list[Row], order: dict[str, str], backward: bool, sizes: list[int]
) -> None:
    size, cursor, end, more = steps(backward)
    expected = in_order(rows, **order)
    seen: list[str] = []
    at = None
    for number in range(len(rows) + 1):
        asked = sizes[number % len(sizes)]
        found = await page(studio, orderBy=order, **{size: asked, cursor: at})
        seen = ids(found) + seen if backward else seen + ids(found)
        at = found["pageInfo"][end]
        if not found["pageInfo"][more]:
            break
        assert len(found["edges"]) == asked
    assert seen == expected


@given(orders, st.booleans(), st.integers(1, 6), changes)
@settings(
    max_examples=scaled(10), suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
async def test_a_walk_is_not_disturbed_by_what_is_added_or_removed_meanwhile(
    studio: Studio,
    rows: list[Row],
    order: dict[str, str],
    backward: bool,
    asked: int,
    changes: list[tuple[list[tuple[int, str]], list[int]]],
) -> None:
    size, cursor, end, more = steps(backward)
    steady, ever = set(rows), set(rows)
    seen: list[str] = []
    at = None
    while True:
        found = await page(studio, orderBy=order, **{size: asked, cursor: at})
        seen = ids(found) + seen if backward else seen + ids(found)
        at = found["pageInfo"][end] or at
        if not found["pageInfo"][more]:
            break
        added, removed = changes.pop() if changes else ([], [])
        ever.update(await insert_rows(studio, added))
        leaving = {sorted(ever)[number % len(ever)] for number in removed}
        leaving = {row for row in leaving if row.id != studio.publication}
        await remove(studio, leaving)
        steady -= leaving

    assert len(seen) == len(set(seen))
    assert [id for id in in_order(ever, **order) if id in set(seen)] == seen
    assert {row.id for row in steady} <= set(seen)
    await restore(studio, rows, ever)


async def restore(studio: Studio, rows: list[Row], ever: set[Row]) -> None:
    """What the next example begins with: the fixture's rows under new ids."""
    kept = [row for row in rows if row.id == studio.publication]
    await remove(studio, ever.difference(kept))
    rows[:] = [*kept, *await insert_rows(studio, [(n // 5, f"Name {n % 4}") for n in range(24)])]


async def made(studio: Studio, mutation: str, input_type: str, payload: str, **given: Any) -> None:
    """A minute after whatever was made before."""
    studio.clock.advance(minutes=1)
    answer = await studio.ask(
        f"mutation($input: {input_type}!) {{ {mutation}(input: $input) {{ {payload} {{ id }} }} }}",
        "owner" if mutation == "publishExperience" else "admin",
        input=given,
    )
    assert answer.data


async def add_to_every_list(studio: Studio) -> None:
    """Four or more of each."""
    for number in range(4):
        name = f"Number {number}"
        await made(studio, "createOrganization", "CreateOrganizationInput", "organization", name=name)
        await made(
            *(studio, "createWorkspace", "CreateWorkspaceInput", "workspace"),
            organizationId=studio.organization,
            name=name,
        )
        await made(
            *(studio, "createAsset", "CreateAssetInput", "asset"),
            workspaceId=studio.workspaces[0],
            name=name,
        )
        await made(
            *(studio, "createPublication", "CreatePublicationInput", "publication"),
            name=name,
            customUrl=f"number-{number}",
        )
        await made(
            *(studio, "publishExperience", "PublishExperienceInput", "experience"),
            publicationId=studio.publication,
            title=name,
            type="QUEST",
        )


@pytest.mark.parametrize(
    ("around", "by"),
    [
        ("%s", "admin"),
        ('user(by: {username: "admin"}) { %s }', None),
        ('publication(url: "ai-research-studio") { %s }', None),
        ('organization(id: "ORGANIZATION") { %s }', "admin"),
        ('workspace(id: "WORKSPACE") { %s }', "admin"),
    ],
)
async def test_every_list_is_counted_from_either_end(studio: Studio, around: str, by: str | None) -> None:
    await add_to_every_list(studio)
    lists = {
        "%s": ["organizations", "publications"],
        "user": ["publications"],
        "publication": ["experiences"],
        "organization": ["workspaces", "assets"],
        "workspace": ["assets"],
    }[around.partition("(")[0]]
    at = around.replace("ORGANIZATION", studio.organization).replace("WORKSPACE", studio.workspaces[0])

    async def found(field: str, arguments: str) -> tuple[list[str], list[str], tuple[bool, bool]]:
        selected = f"""{field}({arguments}) {{
          pageInfo {{ hasNextPage hasPreviousPage }} edges {{ cursor node {{ id }} }}
        }}"""
        answer: Any = (await studio.ask(f"{{ {at % selected} }}", by)).data
        answer = answer if field in answer else next(iter(answer.values()))
        return ids(answer[field]), cursors(answer[field]), has_more(answer[field])

    for field in lists:
        all_ids, places, _ = await found(field, "first: 100")
        assert len(all_ids) >= 4
        assert await found(field, "last: 2") == (all_ids[-2:], places[-2:], (False, True))
        assert await found(field, f'last: 2, before: "{places[-1]}"') == (
            all_ids[-3:-1],
            places[-3:-1],
            (True, True),
        )
        assert await found(field, f'last: 2, after: "{places[0]}", before: "{places[2]}"') == (
            all_ids[1:2],
            places[1:2],
            (True, False),
        )


# Arguments that make no page


def refused(answer: Answer, argument: str, reason: str, path: str = "publications") -> bool:
    assert answer.errors == [("BAD_USER_INPUT", path)]
    assert answer.extensions == {"code": "BAD_USER_INPUT", "argument": argument, "reason": reason}
    return True


async def test_a_page_has_from_0_to_100_objects_and_one_end(studio: Studio) -> None:
    for arguments, argument, reason in [
        ({"first": 101}, "first", "INVALID_PAGE_SIZE"),
        ({"first": -1}, "first", "INVALID_PAGE_SIZE"),
        ({"first": 2**31 - 1}, "first", "INVALID_PAGE_SIZE"),
        ({"last": 101}, "last", "INVALID_PAGE_SIZE"),
        ({"last": -1}, "last", "INVALID_PAGE_SIZE"),
        ({"first": 1, "last": 1}, "last", "INVALID_PAGE"),
        ({"first": 0, "last": 0}, "last", "INVALID_PAGE"),
    ]:
        answer = await studio.ask(PAGE, **arguments)
        assert answer.body["data"] is None
        assert refused(answer, argument, reason)
    for one_end in ({"first": 100}, {"last": 100}, {"first": None, "last": 1}):
        assert ids(await page(studio, **one_end)) == [studio.publication]


async def test_a_nested_page_that_is_refused_leaves_its_siblings_alone(studio: Studio) -> None:
    answer = await studio.ask(
        """{ limits { maxPageSize } publication(url: "ai-research-studio") {
          experiences(first: 101) { totalCount }
        } }"""
    )
    assert answer.body["data"] == {"limits": {"maxPageSize": 100}, "publication": None}
    assert refused(answer, "first", "INVALID_PAGE_SIZE", "publication.experiences")


def encoded(*parts: Any) -> str:
    return urlsafe_b64encode(msgspec.msgpack.encode(parts)).decode().rstrip("=")


async def test_only_cursors_of_the_same_order_are_taken_as_they_were_given(studio: Studio) -> None:
    by_name = {"field": "NAME", "direction": "ASC"}
    (by_age,) = cursors(await page(studio))
    (of_name,) = cursors(await page(studio, orderBy=by_name))
    id = public_id_of(studio.publication)
    order, microseconds, text_of_id = msgspec.msgpack.decode(urlsafe_b64decode(by_age + "=="))
    assert (order, microseconds, UUID(text_of_id)) == ("created_at", 1_686_830_400_000_000, id)
    assert encoded(order, microseconds, id) == by_age

    for tampered in [
        "",
        "0",
        "garbage",
        "é",
        "\0",
        of_name,
        by_age[:-1],
        by_age + "A",
        by_age + "=",
        f" {by_age}",
        f"{by_age[:4]}.{by_age[4:]}",
        by_age.swapcase(),
        studio.publication,
        encoded(),
        encoded("created_at", microseconds),
        encoded("created_at", microseconds, id, 1),
        encoded("created_at", str(microseconds), id),
        encoded("created_at", True, id),
        encoded("created_at", 1.5, id),
        encoded("created_at", None, id),
        encoded("created_at", 2**63, id),
        encoded("created_at", -(2**62), id),
        encoded("created_at", microseconds, "1"),
        encoded("created_at", microseconds, None),
        encoded("id", microseconds, id),
    ]:
        assert refused(await studio.ask(PAGE, after=tampered), "after", "INVALID_CURSOR")
        assert refused(await studio.ask(PAGE, last=1, before=tampered), "before", "INVALID_CURSOR")
    for tampered in [by_age, encoded("name", 1, id), encoded("name", "a\0", id), encoded("name", b"a", id)]:
        answer = await studio.ask(PAGE, after=tampered, orderBy=by_name)
        assert refused(answer, "after", "INVALID_CURSOR")


async def test_a_cursor_outlives_its_row_and_holds_in_both_directions(
    studio: Studio, rows: list[Row]
) -> None:
    all_ids = in_order(rows)
    of_all = await page(studio, first=100)
    gone = next(row for row in rows if row.id in all_ids[9:15] and row.id != studio.publication)
    place = all_ids.index(gone.id)
    cursor = cursors(of_all)[place]
    await remove(studio, [gone])

    assert ids(await page(studio, first=2, after=cursor)) == all_ids[place + 1 : place + 3]
    descending = {"field": "CREATED_AT", "direction": "DESC"}
    assert ids(await page(studio, first=2, after=cursor, orderBy=descending)) == all_ids[:place][:-3:-1]


# Nested pages


async def publish(studio: Studio, publication: str, by: str, *types: str) -> list[str]:
    """One a minute, called by its type; the ids."""
    made = []
    for type in types:
        studio.clock.advance(minutes=1)
        answer = await studio.ask(
            """mutation($p: ID!, $type: ExperienceType!, $title: String!) {
              publishExperience(input: {publicationId: $p, type: $type, title: $title}) { experience { id } }
            }""",
            by,
            p=publication,
            type=type,
            title=type.title(),
        )
        made.append(answer.data["publishExperience"]["experience"]["id"])
    return made


EXPERIENCES = """query($url: String!, $first: Int, $after: String, $type: ExperienceType) {
  publication(url: $url) { experiences(first: $first, after: $after, type: $type) {
    totalCount pageInfo { hasNextPage endCursor } edges { node { id type title publishedAt } }
  } }
}"""


async def test_experiences_are_paged_through_by_type(studio: Studio) -> None:
    types = ["QUEST", "PODCAST", "QUEST", "AI_NOTE", "QUEST"]
    made = await publish(studio, studio.publication, "cocreator", *types)

    async def found(**arguments: Any) -> tuple[int, bool, list[str], str | None]:
        answer = await studio.ask(EXPERIENCES, url="ai-research-studio", **arguments)
        shown = answer.data["publication"]["experiences"]
        info = shown["pageInfo"]
        ids = [edge["node"]["id"] for edge in shown["edges"]]
        return shown["totalCount"], info["hasNextPage"], ids, info["endCursor"]

    assert (await found())[:3] == (5, False, made)
    *first, at = await found(first=2)
    assert first == [5, True, made[:2]]
    assert (await found(first=3, after=at))[:3] == (5, False, made[2:])
    *first, at = await found(first=2, type="QUEST")
    assert first == [3, True, [made[0], made[2]]]
    assert (await found(first=2, after=at, type="QUEST"))[:3] == (3, False, [made[4]])
    assert await found(type="AI_EXPERT") == (0, False, [], None)
    (node,) = (await studio.ask(EXPERIENCES, url="ai-research-studio", type="AI_NOTE")).data["publication"][
        "experiences"
    ]["edges"]
    assert node["node"] == {
        "id": made[3],
        "type": "AI_NOTE",
        "title": "Ai_Note",
        "publishedAt": "2023-06-15T12:04:00Z",
    }


async def test_every_parent_has_a_page_of_its_own(studio: Studio) -> None:
    made = {"ai-research-studio": await publish(studio, studio.publication, "owner", *["QUEST"] * 3)}
    for url, count in (("none", 0), ("one", 1), ("two", 2), ("five", 5)):
        publication = await studio.add_publication(url, "member")
        made[url] = await publish(studio, publication, "member", *["PODCAST"] * count)

    answer = await studio.ask(
        """{ publications { edges { node { customUrl experiences(first: 2) {
          totalCount pageInfo { hasNextPage } edges { node { id } }
        } } } } }"""
    )

    found = {
        edge["node"]["customUrl"]: edge["node"]["experiences"]
        for edge in answer.data["publications"]["edges"]
    }
    assert found == {
        url: {
            "totalCount": len(ids),
            "pageInfo": {"hasNextPage": len(ids) > 2},
            "edges": [{"node": {"id": id}} for id in ids[:2]],
        }
        for url, ids in made.items()
    }


async def test_a_users_publications_are_paged_through(studio: Studio) -> None:
    made = await insert_rows(studio, [(n // 2, "") for n in range(7)], by="member")
    await insert_rows(studio, [(1, "")] * 3, by="admin")
    query = """query($after: String) { user(by: {username: "member"}) {
      publications(first: 3, after: $after) {
        totalCount pageInfo { hasNextPage endCursor } edges { node { id owner { username } } }
      }
    } }"""
    seen, at = [], None
    for more in (True, True, False):
        found = (await studio.ask(query, after=at)).data["user"]["publications"]
        assert (found["totalCount"], found["pageInfo"]["hasNextPage"]) == (7, more)
        assert {edge["node"]["owner"]["username"] for edge in found["edges"]} == {"member"}
        seen += [edge["node"]["id"] for edge in found["edges"]]
        at = found["pageInfo"]["endCursor"]
    assert seen == in_order(made)
