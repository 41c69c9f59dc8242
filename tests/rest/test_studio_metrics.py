"""The dashboard of a publication by REST."""

import pytest

from tests.rest.asking import as_, detail, number_of, post
from tests.studio import Studio

PATH = "/api/v1/aistudios/metrics/"
ASKED = {"url": "ai-research-studio"}


async def test_the_dashboard_has_the_documented_fields_and_types(studio: Studio) -> None:
    id, stranger = studio.publication, studio.people["stranger"].id
    for mutation in (
        f'likePublication(publicationId: "{id}") {{ publication {{ id }} }}',
        f'sharePublication(publicationId: "{id}") {{ publication {{ id }} }}',
        f'commentOnPublication(input: {{publicationId: "{id}", body: "Good."}}) {{ comment {{ id }} }}',
        f'followUser(userId: "{studio.people["owner"].id}") {{ user {{ id }} }}',
    ):
        assert (await studio.ask(f"mutation {{ {mutation} }}", "stranger")).data
    await studio.ask(f'mutation {{ followUser(userId: "{stranger}") {{ user {{ id }} }} }}', "owner")
    published = (
        f'mutation {{ publishExperience(input: {{publicationId: "{id}", type: AI_NOTE, title: "One"}}) '
        "{ experience { id } } }"
    )
    assert (await studio.ask(published, "owner")).data
    await studio.report([{"subject": {"publicationId": id}, "action": "VIEW"}] * 3, "owner")

    response = await post(studio, PATH, ASKED, "cocreator")

    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    assert response.headers["cache-control"] == "no-store"
    assert response.json() == {
        "publication": {
            "id": number_of(id),
            "name": "Ai Research Studio",
            "custom_url": "ai-research-studio",
            "created_at": "2023-06-15T12:00:00Z",
            "allow_bookings": True,
        },
        "experience_counts": {"AI_EXPERT": 0, "AI_NOTE": 1, "QUEST": 0, "PODCAST": 0, "total": 1},
        "metrics": {
            "total_views": 3,
            "total_likes": 1,
            "total_bookmarks": 0,
            "total_shares": 1,
            "total_comments": 1,
            "total_appointments": 0,
            "monthly_active_users": 1,
        },
        "social_metrics": {"followers_count": 1, "following_count": 1},
        "generated_at": "2023-06-15T12:00:00Z",
    }


@pytest.mark.parametrize("path", [PATH, PATH.rstrip("/")])
async def test_it_is_for_makers_alone(studio: Studio, path: str) -> None:
    answers = {
        by: await post(studio, path, ASKED, by) for by in ("owner", "cocreator", "stranger", "admin", None)
    }

    assert {by: answer.status_code for by, answer in answers.items()} == {
        "owner": 200,
        "cocreator": 200,
        "stranger": 403,
        "admin": 403,
        None: 403,
    }
    assert detail(answers["stranger"]) == {"code": "FORBIDDEN"}
    assert detail(answers[None]) == {"code": "UNAUTHENTICATED"}


async def test_a_publication_that_is_not_there_is_not_found(studio: Studio) -> None:
    response = await post(studio, PATH, {"url": "nobody-made-this"}, "owner")

    assert response.status_code == 404
    assert detail(response) == {"code": "NOT_FOUND"}


@pytest.mark.parametrize(
    ("body", "argument"), [(b"", "url"), (b"{}", "url"), (b'{"url": 7}', "url"), (b"[]", "body")]
)
async def test_a_body_without_a_url_is_refused(studio: Studio, body: bytes, argument: str) -> None:
    headers = {**as_(studio, "owner"), "content-type": "application/json"}

    response = await studio.client.post(PATH, content=body, headers=headers)

    assert response.status_code == 400
    assert detail(response) == {
        "code": "BAD_USER_INPUT",
        "argument": argument,
        "reason": "INVALID_VALUE",
    }


async def test_it_takes_no_more_statements_than_graphql(studio: Studio) -> None:
    document = """query($url: String!) { publication(url: $url) {
      id name customUrl createdAt allowBookings
      experienceCounts { aiExpert aiNote quest podcast total }
      metrics { totalViews totalLikes totalBookmarks totalShares totalComments totalAppointments
        monthlyActiveUsers generatedAt }
      socialMetrics { followersCount followingCount } } }"""
    for _ in range(2):
        with studio.statements() as by_rest:
            assert (await post(studio, PATH, ASKED, "owner")).status_code == 200
        with studio.statements() as by_graphql:
            assert (await studio.ask(document, "owner", **ASKED)).data
    assert len(by_rest) == len(by_graphql)
