from typing import Any

import pytest

from tests.studio import Studio

FIELDS = """id hasAbout numberOfRoles numberOfActs profileViews profileSearches connects facebookPageId
  twitterHandle instagramHandle insightScore insightScoreParts { reach activity interest }
  works { itemId sourceType isIndividualWork inAppPlays nonAppPlays }"""
CREATE = "mutation($input: UserInsightInput!) { createUserInsight(input: $input) { userInsight { %s } } }"
UPDATE = "mutation($input: UserInsightInput!) { updateUserInsight(input: $input) { userInsight { %s } } }"
READ = "query($id: ID!) { userInsight(userId: $id) { %s } }"
RECORD = "mutation($events: [EventInput!]!) { recordEvents(events: $events) { stored duplicates dropped } }"


async def create(studio: Studio, by: str = "owner", **told: Any) -> dict[str, Any]:
    answer = await studio.ask(CREATE % FIELDS, by, input=told)
    insight: dict[str, Any] = answer.data["createUserInsight"]["userInsight"]
    return insight


async def test_a_user_has_one_insight(studio: Studio) -> None:
    await create(studio, numberOfRoles=1)

    answer = await studio.ask(CREATE % "id", "owner", input={"numberOfRoles": 9})

    assert answer.code == "CONFLICT"
    assert await studio.count("user_insights") == 1
    read = await studio.ask(READ % "numberOfRoles", "owner", id=studio.people["owner"].id)
    assert read.data["userInsight"]["numberOfRoles"] == 1


async def test_nobody_tells_anything_anonymously(studio: Studio) -> None:
    for mutation in (CREATE, UPDATE):
        answer = await studio.ask(mutation % "id", input={"numberOfRoles": 1})

        assert answer.code == "UNAUTHENTICATED"
    assert await studio.count("user_insights") == 0


async def test_what_is_left_out_of_an_update_stays(studio: Studio) -> None:
    before = await create(studio, numberOfRoles=1, connects=3, twitterHandle="gigpro")

    answer = await studio.ask(UPDATE % FIELDS, "owner", input={"numberOfRoles": 4, "hasAbout": True})

    after = answer.data["updateUserInsight"]["userInsight"]
    scored = {key: after[key] for key in ("insightScore", "insightScoreParts")}
    assert after == {**before, "numberOfRoles": 4, "hasAbout": True, **scored}


async def test_an_insight_that_is_not_there_cannot_be_updated_or_read(studio: Studio) -> None:
    updated = await studio.ask(UPDATE % "id", "owner", input={"numberOfRoles": 1})
    read = await studio.ask(READ % "id", "owner", id=studio.people["owner"].id)
    user = await studio.ask("{ viewer { insight { id } } }", "owner")

    assert (updated.code, read.code) == ("NOT_FOUND", "NOT_FOUND")
    assert read.body["data"] == {"userInsight": None}
    assert user.data == {"viewer": {"insight": None}}


async def test_profile_views_and_searches_are_for_oneself(studio: Studio) -> None:
    id = (await create(studio, profileViews=8, profileSearches=7, connects=2))["id"]
    fields = "connects profileViews profileSearches"

    for path, query, variables in (
        ("userInsight", READ % fields, {"id": studio.people["owner"].id}),
        ("node", f"query($id: ID!) {{ node(id: $id) {{ ... on UserInsight {{ {fields} }} }} }}", {"id": id}),
    ):
        own = await studio.ask(query, "owner", **variables)
        strangers = await studio.ask(query, "stranger", **variables)
        anonymous = await studio.ask(query, **variables)

        assert own.data[path] == {"connects": 2, "profileViews": 8, "profileSearches": 7}
        for answer, code in ((strangers, "FORBIDDEN"), (anonymous, "UNAUTHENTICATED")):
            assert answer.body["data"][path] == {
                "connects": 2,
                "profileViews": None,
                "profileSearches": None,
            }
            assert answer.errors == [(code, f"{path}.profileSearches"), (code, f"{path}.profileViews")]


async def test_events_raise_the_figures_once(studio: Studio) -> None:
    work = {"itemId": "l4WNrvVjiTw", "sourceType": "YOUTUBE", "isIndividualWork": True, "inAppPlays": 7}
    await create(studio, profileViews=8, works=[work])
    me = studio.people["owner"].id
    key = {"userId": me, "sourceType": "YOUTUBE", "itemId": "l4WNrvVjiTw"}
    events = [
        {"subject": {"profileUserId": me}, "action": "PROFILE_VIEW", "id": f"00000000-0000-4000-8000-{n:012}"}
        for n in range(3)
    ]
    events += [{"subject": {"profileUserId": me}, "action": "PROFILE_SEARCH"}]
    events += [{"subject": {"work": key}, "action": "PLAY"}, {"subject": {"work": key}, "action": "PLAY"}]

    first = await studio.ask(RECORD, "owner", events=events)
    again = await studio.ask(RECORD, "owner", events=events[:3])

    assert first.data["recordEvents"] == {"stored": 6, "duplicates": 0, "dropped": 0}
    assert again.data["recordEvents"] == {"stored": 0, "duplicates": 3, "dropped": 0}
    read = await studio.ask(READ % "profileViews profileSearches works { inAppPlays }", "owner", id=me)
    assert read.data["userInsight"] == {
        "profileViews": 11,
        "profileSearches": 1,
        "works": [{"inAppPlays": 9}],
    }


async def test_a_figure_that_is_told_anew_is_what_later_events_add_to(studio: Studio) -> None:
    await create(studio)
    me = studio.people["owner"].id
    view = {"subject": {"profileUserId": me}, "action": "PROFILE_VIEW"}
    await studio.ask(RECORD, "owner", events=[view, view])

    told = await studio.ask(UPDATE % "profileViews", "owner", input={"profileViews": 100})
    await studio.ask(RECORD, "owner", events=[view])

    assert told.data["updateUserInsight"]["userInsight"] == {"profileViews": 100}
    read = await studio.ask(READ % "profileViews", "owner", id=me)
    assert read.data["userInsight"] == {"profileViews": 101}


async def test_works_are_replaced_as_a_whole(studio: Studio) -> None:
    def work(item: str, plays: int = 0) -> dict[str, Any]:
        return {
            "itemId": item,
            "sourceType": "YOUTUBE",
            "isIndividualWork": True,
            "inAppPlays": plays,
        }

    await create(studio, works=[work("aaaaaaaaaaa", 1), work("bbbbbbbbbbb", 2)])

    answer = await studio.ask(
        UPDATE % "works { itemId inAppPlays }",
        "owner",
        input={"works": [work("bbbbbbbbbbb", 5), work("ccccccccccc")]},
    )

    assert answer.data["updateUserInsight"]["userInsight"]["works"] == [
        {"itemId": "bbbbbbbbbbb", "inAppPlays": 5},
        {"itemId": "ccccccccccc", "inAppPlays": 0},
    ]


@pytest.mark.parametrize(
    ("told", "argument"),
    [
        ({"numberOfRoles": -1}, "numberOfRoles"),
        ({"connects": -1}, "connects"),
        ({"facebookPageId": 0}, "facebookPageId"),
        ({"twitterHandle": "sixteen_letters_"}, "twitterHandle"),
        ({"twitterHandle": "a b"}, "twitterHandle"),
        ({"instagramHandle": "a..b"}, "instagramHandle"),
        ({"instagramHandle": ".a"}, "instagramHandle"),
        (
            {"works": [{"itemId": " ", "sourceType": "YOUTUBE", "isIndividualWork": True}]},
            "works.0.itemId",
        ),
        (
            {"works": [{"itemId": "a", "sourceType": "YOUTUBE", "isIndividualWork": True}] * 2},
            "works",
        ),
    ],
)
async def test_what_no_network_has_is_refused(studio: Studio, told: dict[str, Any], argument: str) -> None:
    answer = await studio.ask(CREATE % "id", "owner", input=told)

    assert answer.extensions == {
        "code": "BAD_USER_INPUT",
        "argument": argument,
        "reason": "INVALID_INSIGHT",
    }
    assert await studio.count("user_insights") == 0


async def test_what_only_the_networks_can_tell_is_no_input(studio: Studio) -> None:
    answer = await studio.ask(CREATE % "id", "owner", input={"insightScore": "9.00"})

    assert answer.code == "BAD_USER_INPUT"


async def test_fifty_insights_take_no_more_statements_than_one(studio: Studio) -> None:
    ids = []
    for number in range(50):
        await studio.add_person(f"maker{number}")
        work = {"itemId": f"work{number}", "sourceType": "YOUTUBE", "isIndividualWork": True}
        await create(studio, f"maker{number}", numberOfRoles=number, works=[work])
        ids.append(studio.people[f"maker{number}"].id)
    query = """query($ids: [ID!]!) { nodes(ids: $ids) { ... on User { insight {
      user { username } insightScore works { itemId inAppPlays } } } } }"""

    with studio.statements() as for_one:
        await studio.ask(query, ids=ids[:1])
    with studio.statements() as for_fifty:
        answer = await studio.ask(query, ids=ids)

    assert len(for_one) == 6
    # Those who waited for a turn may ask together for what they asked for one after the other.
    assert len(for_fifty) <= 6
    assert [node["insight"]["works"][0]["itemId"] for node in answer.data["nodes"]] == [
        f"work{number}" for number in range(50)
    ]
