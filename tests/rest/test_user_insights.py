"""User insights by REST."""

import json
from typing import Any

import pytest

from tests.rest.asking import as_, detail, number_of, post, uuid_of
from tests.studio import Studio

PATH = "/api/user_insights/"
WORK = {"item_id": "stuff gggg", "source_type": 1, "in_app_plays": 0, "is_individual_work": True}
TOLD = {"number_of_roles": 2, "works": [WORK]}
MADE: dict[str, Any] = {
    "has_about": False,
    "number_of_roles": 2,
    "number_of_acts": 0,
    "profile_views": 0,
    "profile_searches": 0,
    "connects": 0,
    "facebook_page_id": None,
    "twitter_handle": None,
    "instagram_handle": None,
    "insight_score": "1.00",
    "twitter_followers_count": None,
    "works": [{"item_id": "stuff gggg", "source_type": 1, "is_individual_work": True, "in_app_plays": 0}],
    "facebook_page_followers_count": None,
    "instagram_followers_count": None,
}


async def insight_id(studio: Studio, by: str) -> str:
    answer = await studio.ask("{ viewer { insight { id } } }", by)
    id: str = answer.data["viewer"]["insight"]["id"]
    return id


async def test_an_insight_is_made_and_shown_in_the_documented_order(studio: Studio) -> None:
    response = await post(studio, PATH, TOLD, "owner")

    assert response.status_code == 201
    assert list(response.json()) == ["id", *MADE]
    assert response.json() == {"id": number_of(await insight_id(studio, "owner")), **MADE}


async def test_what_is_only_read_is_ignored(studio: Studio) -> None:
    read_only = {
        "id": 7,
        "insight_score": "9.99",
        "twitter_followers_count": 4546,
        "facebook_page_followers_count": 4546,
        "instagram_followers_count": 4564,
        "works": [{**WORK, "non_app_plays": 30}],
        "unknown": {"a": 1},
    }

    response = await post(studio, PATH, {**TOLD, **read_only}, "owner")

    assert {**response.json(), "id": 0} == {"id": 0, **MADE}


@pytest.mark.parametrize("is_parts", [False, True])
async def test_a_form_says_the_same(studio: Studio, is_parts: bool) -> None:
    form = {
        "has_about": "true",
        "number_of_roles": "1",
        "number_of_acts": "8",
        "profile_views": "8",
        "profile_searches": "7",
        "connects": "2",
        "facebook_page_id": "4546477",
        "twitter_handle": "gigpro",
        "instagram_handle": "",
        "works": json.dumps([WORK, {**WORK, "source_type": 2, "in_app_plays": 30}]),
    }
    given: Any = (
        {"files": {name: (None, value) for name, value in form.items()}} if is_parts else {"data": form}
    )

    response = await studio.client.post(PATH, headers=as_(studio, "owner"), **given)

    assert response.status_code == 201, response.text
    found = response.json()
    assert {name: found[name] for name in form} == {
        "has_about": True,
        "number_of_roles": 1,
        "number_of_acts": 8,
        "profile_views": 8,
        "profile_searches": 7,
        "connects": 2,
        "facebook_page_id": 4546477,
        "twitter_handle": "gigpro",
        "instagram_handle": None,
        "works": [WORK, {**WORK, "source_type": 2, "in_app_plays": 30}],
    }


async def test_an_insight_is_read_by_any_id_of_its_user(studio: Studio) -> None:
    assert (await post(studio, PATH, TOLD, "owner")).status_code == 201
    id, token = studio.people["owner"].id, studio.token("owner")
    works = [{**MADE["works"][0], "non_app_plays": None}]

    for name in (id, uuid_of(id), f"{uuid_of(id)}/"):
        response = await studio.client.get(f"{PATH}{name}", headers={"authorization": f"Bearer {token}"})

        assert response.status_code == 200
        assert list(response.json()) == ["id", *MADE]
        assert response.json() == {
            "id": number_of(await insight_id(studio, "owner")),
            **MADE,
            "works": works,
        }


async def test_a_key_is_sent_as_a_token(studio: Studio) -> None:
    made = await studio.ask('mutation { createAuthenticationKey(input: {name: "app"}) { secret } }', "owner")
    key = {"authorization": f"Token {made.data['createAuthenticationKey']['secret']}"}

    assert (await studio.client.post(PATH, json=TOLD, headers=key)).status_code == 201
    read = await studio.client.get(f"{PATH}{studio.people['owner'].id}", headers=key)
    assert read.json()["profile_views"] == 0


async def test_others_see_everything_but_who_looked(studio: Studio) -> None:
    assert (await post(studio, PATH, TOLD, "owner")).status_code == 201

    response = await studio.client.get(f"{PATH}{studio.people['owner'].id}", headers=as_(studio, "stranger"))

    assert response.status_code == 200
    found = response.json()
    assert (found["profile_views"], found["profile_searches"], found["number_of_roles"]) == (None, None, 2)


async def test_nobody_reads_or_makes_an_insight_without_a_token(studio: Studio) -> None:
    read = await studio.client.get(f"{PATH}{studio.people['owner'].id}")
    made = [
        await studio.client.post(PATH, json=TOLD),
        await studio.client.post(PATH, data={"number_of_roles": "2"}),
        await studio.client.post(PATH, json=TOLD, headers={"authorization": "Token nonsense"}),
    ]

    assert [one.status_code for one in (read, *made)] == [401] * 4
    assert [detail(one)["code"] for one in (read, *made)] == ["UNAUTHENTICATED"] * 4
    assert read.headers["www-authenticate"] == "Token"
    assert await studio.count("user_insights") == 0


async def test_a_second_insight_conflicts_and_changes_nothing(studio: Studio) -> None:
    first = await post(studio, PATH, TOLD, "owner")
    second = await post(studio, PATH, {"number_of_roles": 5}, "owner")

    assert second.status_code == 409
    assert detail(second) == {"code": "CONFLICT"}
    read = await studio.client.get(f"{PATH}{studio.people['owner'].id}", headers=as_(studio, "owner"))
    assert read.json()["number_of_roles"] == first.json()["number_of_roles"] == 2


async def test_a_user_without_an_insight_is_not_found(studio: Studio) -> None:
    for name in (studio.people["owner"].id, "7", "nobody"):
        response = await studio.client.get(f"{PATH}{name}", headers=as_(studio, "owner"))

        assert response.status_code == 404
        assert detail(response) == {"code": "NOT_FOUND"}


@pytest.mark.parametrize(
    ("body", "argument"),
    [
        ({"number_of_roles": -1}, "number_of_roles"),
        ({"number_of_roles": "2"}, "number_of_roles"),
        ({"works": [{**WORK, "source_type": 3}]}, "works[0].source_type"),
        ({"works": [{"item_id": "x"}]}, "works[0].source_type"),
        ({"twitter_handle": "not a handle"}, "twitterHandle"),
    ],
)
async def test_a_wrong_value_makes_no_insight(studio: Studio, body: Any, argument: str) -> None:
    response = await post(studio, PATH, body, "owner")

    assert response.status_code == 400
    assert detail(response)["argument"] == argument
    assert await studio.count("user_insights") == 0


@pytest.mark.parametrize("engine", ["sqlite"])
@pytest.mark.parametrize(
    ("content_type", "content", "status"),
    [
        ("text/plain", b"{}", 415),
        ("application/json", b"{", 400),
        ("application/x-www-form-urlencoded", b"works=%5B", 400),
        ("application/x-www-form-urlencoded", b"\xff=1", 400),
        ("application/x-www-form-urlencoded", b"has_about=perhaps", 400),
        ("multipart/form-data", b"nothing", 400),
        ("application/x-www-form-urlencoded", b"a=" + b"1" * 200_000, 400),
    ],
)
async def test_a_body_that_cannot_be_read_is_refused(
    studio: Studio, content_type: str, content: bytes, status: int
) -> None:
    headers = {**as_(studio, "owner"), "content-type": content_type}

    response = await studio.client.post(PATH, content=content, headers=headers)

    assert response.status_code == status
    assert detail(response)["code"] in ("BAD_REQUEST", "BAD_USER_INPUT")
    assert await studio.count("user_insights") == 0
