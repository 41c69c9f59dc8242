from asyncio import gather
from typing import Any

import pytest

from base.ids import Kind
from tests.resolvers.figures import (
    CONFLICT,
    FORBIDDEN,
    NOT_FOUND,
    SIGN_IN_FIRST,
    URL,
    bad_input,
    contents,
    ids_of_no,
    unchanged,
    winners,
)
from tests.studio import Answer, Studio

CREATE = """mutation($input: CreatePublicationInput!) { createPublication(input: $input) { publication {
  name customUrl createdAt allowBookings owner { username } coCreators { username }
} } }"""
UPDATE = """mutation($input: UpdatePublicationInput!) { updatePublication(input: $input) { publication {
  name customUrl allowBookings
} } }"""
INVITE = """mutation($p: ID!, $u: ID!) {
  inviteCoCreator(publicationId: $p, userId: $u) { invitation { id } }
}"""
ACCEPT = """mutation($id: ID!) {
  acceptInvitation(id: $id) { publication { coCreators { username } } }
}"""
REMOVE = """mutation($p: ID!, $u: ID!) {
  removeCoCreator(publicationId: $p, userId: $u) { publication { coCreators { username } } }
}"""
PUBLISH = """mutation($input: PublishExperienceInput!) { publishExperience(input: $input) {
  experience { id type title publishedAt }
} }"""
NODE = "query($id: ID!) { node(id: $id) { ... on Experience { id type title publishedAt } } }"
EXPERIENCES = """query($url: String!) { publication(url: $url) {
  experiences { totalCount edges { node { type title } } }
} }"""
COUNTS = """query($url: String!) { publication(url: $url) {
  experienceCounts { aiExpert aiNote quest podcast total }
} }"""
FOUND = "query($url: String!) { publication(url: $url) { id customUrl } }"
GENERATED = "query($url: String!) { publication(url: $url) { metrics { generatedAt } } }"

NAMES = [
    ("", bad_input("name", "EMPTY")),
    (" \t\n", bad_input("name", "EMPTY")),
    ("a\0b", bad_input("name", "EMPTY")),
    ("n" * 201, bad_input("name", "TOO_LONG")),
]
URLS = [
    (url, bad_input("customUrl", "INVALID_CUSTOM_URL"))
    for url in (
        "",
        "ab",
        "u" * 101,
        "Studio",
        "-studio",
        "studio-",
        "a_b",
        "a b",
        "studio\n",
        "stüdio",
        " abc",
    )
]


async def create(studio: Studio, by: str | None, **input: Any) -> Answer:
    return await studio.ask(CREATE, by, input={"name": "Small Models", "customUrl": "small-models", **input})


async def update(studio: Studio, by: str | None, **input: Any) -> Answer:
    return await studio.ask(UPDATE, by, input={"id": studio.publication, **input})


async def invite(studio: Studio, by: str | None, user: str, publication: str | None = None) -> Answer:
    id = studio.people[user].id if user in studio.people else user
    return await studio.ask(INVITE, by, p=studio.publication if publication is None else publication, u=id)


async def add(studio: Studio, user: str) -> Answer:
    """The answer to the user who accepts."""
    invited = await invite(studio, "owner", user)
    return await studio.ask(ACCEPT, user, id=invited.data["inviteCoCreator"]["invitation"]["id"])


async def remove(studio: Studio, by: str | None, user: str, publication: str | None = None) -> Answer:
    id = studio.people[user].id if user in studio.people else user
    return await studio.ask(REMOVE, by, p=studio.publication if publication is None else publication, u=id)


async def publish(studio: Studio, by: str | None, **input: Any) -> Answer:
    given = {"publicationId": studio.publication, "type": "QUEST", "title": "A quest", **input}
    return await studio.ask(PUBLISH, by, input=given)


def co_creators(answer: Answer) -> list[str]:
    ((_, payload),) = answer.data.items()
    return [user["username"] for user in payload["publication"]["coCreators"]]


async def test_whoever_makes_a_publication_owns_it(studio: Studio) -> None:
    answer = await create(studio, "stranger", name="  Small Models\n")

    assert answer.data["createPublication"]["publication"] == {
        "name": "Small Models",
        "customUrl": "small-models",
        "createdAt": "2023-06-15T12:00:00Z",
        "allowBookings": False,
        "owner": {"username": "stranger"},
        "coCreators": [],
    }
    assert await studio.count("publications") == 2
    assert (await studio.ask(GENERATED, "stranger", url="small-models")).data == {
        "publication": {"metrics": {"generatedAt": "2023-06-15T12:00:00Z"}}
    }


async def test_the_longest_and_the_shortest_names_fit(studio: Studio) -> None:
    longest = await create(studio, "owner", name="ñ" * 200, customUrl="u" * 100, allowBookings=True)
    shortest = await create(studio, "owner", name="n", customUrl="4-2")

    made = [answer.data["createPublication"]["publication"] for answer in (longest, shortest)]
    assert [(row["name"], row["customUrl"], row["allowBookings"]) for row in made] == [
        ("ñ" * 200, "u" * 100, True),
        ("n", "4-2", False),
    ]


async def test_a_refused_publication_is_not_made(studio: Studio) -> None:
    async with unchanged(studio):
        assert (await create(studio, None)).extensions == SIGN_IN_FIRST
        assert (await create(studio, "owner", customUrl=URL)).extensions == CONFLICT
        assert (await create(studio, "stranger", customUrl=URL)).extensions == CONFLICT
        for name, refusal in NAMES:
            assert (await create(studio, "owner", name=name)).extensions == refusal
        for url, refusal in URLS:
            assert (await create(studio, "owner", customUrl=url)).extensions == refusal


async def test_of_several_who_want_one_custom_url_at_once_one_gets_it(studio: Studio) -> None:
    for number in range(5):
        answers = await gather(
            *(
                create(studio, by, customUrl=f"wanted-{number}")
                for by in ("owner", "stranger", "admin", "member")
            )
        )

        assert winners(answers) == 1
    assert await studio.count("publications") == 6


@pytest.mark.parametrize("by", ["owner", "cocreator"])
async def test_a_maker_changes_a_publication(studio: Studio, by: str) -> None:
    answer = await update(studio, by, name=" New Name ", customUrl="new-name", allowBookings=False)

    changed = {"name": "New Name", "customUrl": "new-name", "allowBookings": False}
    assert answer.data["updatePublication"]["publication"] == changed
    found = [(await studio.ask(FOUND, by, url=url)).data["publication"] for url in (URL, "new-name")]
    # The former URL leads there, too.
    assert found == [{"id": studio.publication, "customUrl": "new-name"}] * 2


async def test_what_is_left_out_stays_as_it_is(studio: Studio) -> None:
    whole = {"name": "Ai Research Studio", "customUrl": URL, "allowBookings": True}

    answer = await update(studio, "owner")
    assert answer.data["updatePublication"]["publication"] == whole
    answer = await update(studio, "owner", name="Other")
    assert answer.data["updatePublication"]["publication"] == {**whole, "name": "Other"}
    answer = await update(studio, "owner", customUrl=URL)
    assert answer.data["updatePublication"]["publication"] == {**whole, "name": "Other"}
    answer = await update(studio, "owner", allowBookings=False)
    assert answer.data["updatePublication"]["publication"] == {
        "name": "Other",
        "customUrl": URL,
        "allowBookings": False,
    }


async def test_a_refused_change_changes_nothing(studio: Studio) -> None:
    await studio.add_publication("other-studio", "stranger")

    async with unchanged(studio):
        assert (await update(studio, None, name="Mine")).extensions == SIGN_IN_FIRST
        for by in ("stranger", "admin", "member"):
            assert (await update(studio, by, name="Mine")).extensions == FORBIDDEN
        for id in ids_of_no(Kind.PUBLICATION, studio.people["owner"].id):
            assert (await update(studio, "owner", id=id, name="Mine")).extensions == NOT_FOUND
        taken = await update(studio, "owner", name="Other", customUrl="other-studio", allowBookings=False)
        assert taken.extensions == CONFLICT
        for name, refusal in NAMES:
            assert (await update(studio, "owner", name=name, allowBookings=False)).extensions == refusal
        for url, refusal in URLS:
            assert (await update(studio, "owner", customUrl=url, name="Other")).extensions == refusal


async def test_co_creators_stand_in_the_order_in_which_they_joined(studio: Studio) -> None:
    studio.clock.advance(minutes=1)
    assert co_creators(await add(studio, "stranger")) == ["cocreator", "stranger"]
    studio.clock.advance(minutes=1)
    assert co_creators(await add(studio, "admin")) == ["cocreator", "stranger", "admin"]
    assert co_creators(await remove(studio, "owner", "cocreator")) == ["stranger", "admin"]
    studio.clock.advance(minutes=1)
    assert co_creators(await add(studio, "cocreator")) == ["stranger", "admin", "cocreator"]
    assert await studio.count("co_creators") == 3


async def test_a_co_creator_sees_the_figures_from_joining_until_leaving(studio: Studio) -> None:
    async def sees() -> bool:
        return not (await studio.ask(GENERATED, "stranger", url=URL)).errors

    assert not await sees()
    await add(studio, "stranger")
    assert await sees()
    assert co_creators(await remove(studio, "stranger", "stranger")) == ["cocreator"]
    assert not await sees()
    await add(studio, "stranger")
    assert co_creators(await remove(studio, "owner", "stranger")) == ["cocreator"]
    assert not await sees()


async def test_a_refused_co_creator_is_not_invited(studio: Studio) -> None:
    async with unchanged(studio):
        assert (await invite(studio, None, "stranger")).extensions == SIGN_IN_FIRST
        for by in ("cocreator", "stranger", "admin"):
            assert (await invite(studio, by, "stranger")).extensions == FORBIDDEN
        assert (await invite(studio, "owner", "cocreator")).extensions == CONFLICT
        own = await invite(studio, "owner", "owner")
        assert own.extensions == bad_input("userId", "OWNER_IS_NO_CO_CREATOR")
        for id in ids_of_no(Kind.PUBLICATION, studio.people["owner"].id):
            assert (await invite(studio, "owner", "stranger", id)).extensions == NOT_FOUND
        for id in ids_of_no(Kind.USER, studio.publication):
            assert (await invite(studio, "owner", id)).extensions == NOT_FOUND


async def test_whoever_is_invited_and_accepts_several_times_at_once_joins_once(studio: Studio) -> None:
    answers = await gather(*(invite(studio, "owner", "stranger") for _ in range(5)))
    assert winners(answers) == 1
    (id,) = [answer.data["inviteCoCreator"]["invitation"]["id"] for answer in answers if not answer.errors]
    answers = await gather(*(studio.ask(ACCEPT, "stranger", id=id) for _ in range(5)))

    assert sorted(answer.errors for answer in answers) == [[], *[[("NOT_FOUND", "acceptInvitation")]] * 4]
    assert await studio.count("co_creators") == 2
    assert await studio.count("invitations") == 0


async def test_a_refused_removal_leaves_the_co_creators(studio: Studio) -> None:
    await add(studio, "admin")

    async with unchanged(studio):
        assert (await remove(studio, None, "cocreator")).extensions == SIGN_IN_FIRST
        for by in ("admin", "stranger"):
            assert (await remove(studio, by, "cocreator")).extensions == FORBIDDEN
        for by, user in (("owner", "stranger"), ("owner", "owner"), ("stranger", "stranger")):
            assert (await remove(studio, by, user)).extensions == NOT_FOUND
        for id in ids_of_no(Kind.PUBLICATION, studio.people["owner"].id):
            assert (await remove(studio, "owner", "cocreator", id)).extensions == NOT_FOUND
        for id in ids_of_no(Kind.USER, studio.publication):
            assert (await remove(studio, "owner", id)).extensions == NOT_FOUND


async def test_experiences_are_counted_by_type_and_listed_in_order(studio: Studio) -> None:
    types = ["PODCAST", "QUEST", "QUEST", "AI_NOTE", "AI_EXPERT", "PODCAST", "PODCAST"]
    for number, type_ in enumerate(types):
        studio.clock.advance(minutes=1)
        by = ("owner", "cocreator")[number % 2]
        answer = await publish(studio, by, type=type_, title=f" Number {number} ")
        experience = answer.data["publishExperience"]["experience"]
        assert (await studio.ask(NODE, id=experience["id"])).data["node"] == experience
        assert {name: value for name, value in experience.items() if name != "id"} == {
            "type": type_,
            "title": f"Number {number}",
            "publishedAt": f"2023-06-15T12:0{number + 1}:00Z",
        }

    listed = (await studio.ask(EXPERIENCES, url=URL)).data["publication"]["experiences"]
    assert listed["totalCount"] == 7
    assert [tuple(edge["node"].values()) for edge in listed["edges"]] == [
        (type_, f"Number {number}") for number, type_ in enumerate(types)
    ]
    counts = (await studio.ask(COUNTS, "owner", url=URL)).data["publication"]["experienceCounts"]
    assert counts == {"aiExpert": 1, "aiNote": 1, "quest": 2, "podcast": 3, "total": 7}


@pytest.mark.parametrize("by", ["owner", "cocreator"])
async def test_what_a_maker_publishes_is_seen_at_once(studio: Studio, by: str) -> None:
    for quests in range(3):
        counts = (await studio.ask(COUNTS, "owner", url=URL)).data["publication"]["experienceCounts"]
        assert counts == {"aiExpert": 0, "aiNote": 0, "quest": quests, "podcast": 0, "total": quests}
        await publish(studio, by)


async def test_a_refused_experience_is_not_published(studio: Studio) -> None:
    async with unchanged(studio):
        assert (await publish(studio, None)).extensions == SIGN_IN_FIRST
        for by in ("stranger", "admin"):
            assert (await publish(studio, by)).extensions == FORBIDDEN
        for id in ids_of_no(Kind.PUBLICATION, studio.people["owner"].id):
            assert (await publish(studio, "owner", publicationId=id)).extensions == NOT_FOUND
        for title, reason in (("", "EMPTY"), ("  ", "EMPTY"), ("\0", "EMPTY"), ("t" * 201, "TOO_LONG")):
            refused = await publish(studio, "owner", title=title)
            assert refused.extensions == bad_input("title", reason)


@pytest.mark.parametrize("by", ["owner", "cocreator"])
async def test_every_change_of_a_maker_makes_the_figures_anew(studio: Studio, by: str) -> None:
    async def generated_at() -> str:
        answer = await studio.ask(GENERATED, "owner", url=URL)
        at: str = answer.data["publication"]["metrics"]["generatedAt"]
        return at

    assert await generated_at() == "2023-06-15T12:00:00Z"
    studio.clock.advance(minutes=1)
    assert await generated_at() == "2023-06-15T12:00:00Z"
    await update(studio, by, name="Other")
    assert await generated_at() == "2023-06-15T12:01:00Z"
    studio.clock.advance(minutes=1)
    await publish(studio, by)
    assert await generated_at() == "2023-06-15T12:02:00Z"
    studio.clock.advance(minutes=1)
    await remove(studio, by, "cocreator")
    assert await generated_at() == "2023-06-15T12:03:00Z"


async def test_two_makers_change_a_publication_at_once_and_both_changes_stand(studio: Studio) -> None:
    for number in range(5):
        answers = await gather(
            update(studio, "owner", name=f"Name {number}"),
            update(studio, "cocreator", customUrl=f"url-{number}"),
            publish(studio, "owner", title=f"By the owner {number}"),
            publish(studio, "cocreator", title=f"By the co-creator {number}"),
        )
        assert [answer.errors for answer in answers] == [[], [], [], []]
        whole = (await update(studio, "owner")).data["updatePublication"]["publication"]
        assert whole == {"name": f"Name {number}", "customUrl": f"url-{number}", "allowBookings": True}

    assert len((await contents(studio.services.database))["experiences"]) == 10
