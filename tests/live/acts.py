"""What is subscribed to, and what people do meanwhile."""

from typing import Any

from tests.studio import Studio

URL = "ai-research-studio"
METRICS = """subscription($url: String!, $every: Int) {
  publicationMetricsChanged(url: $url, atMostEverySeconds: $every) {
    metrics { totalLikes totalViews }
    socialMetrics { followersCount }
    experienceCounts { total }
  }
}"""
PUBLIC = "subscription($url: String!) { publicationMetricsChanged(url: $url) { name } }"
ASSET = """subscription($id: ID!) { assetMetricsChanged(id: $id) {
  metrics(range: {start: "2023-06-15", end: "2023-06-15"}) { total3DViews }
} }"""


async def on_publication(studio: Studio, what: str, by: str = "stranger") -> None:
    """`what` is like, unlike, bookmark, unbookmark or share."""
    mutation = f"mutation($p: ID!) {{ {what}Publication(publicationId: $p) {{ publication {{ id }} }} }}"
    assert (await studio.ask(mutation, by, p=studio.publication)).data


async def follow_owner(studio: Studio, by: str = "stranger") -> None:
    mutation = "mutation($u: ID!) { followUser(userId: $u) { user { id } } }"
    assert (await studio.ask(mutation, by, u=studio.people["owner"].id)).data


async def publish(studio: Studio, by: str = "owner") -> None:
    mutation = """mutation($input: PublishExperienceInput!) {
      publishExperience(input: $input) { experience { id } }
    }"""
    input = {"publicationId": studio.publication, "type": "QUEST", "title": "A quest"}
    assert (await studio.ask(mutation, by, input=input)).data


async def view_asset(studio: Studio, asset: str) -> None:
    """As a browser reports it."""
    events = [{"subject": {"assetId": asset}, "action": "VIEW_3D"}]
    headers = {
        "content-type": "application/json",
        "user-agent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/145.0",
    }
    response = await studio.client.post("/collect", json=events, headers=headers)
    assert response.json()["stored"] == 1


def figures(answer: Any) -> tuple[int, int, int, int]:
    """Likes, views, followers and experiences."""
    assert "errors" not in answer, answer
    shown = answer["data"]["publicationMetricsChanged"]
    return (
        shown["metrics"]["totalLikes"],
        shown["metrics"]["totalViews"],
        shown["socialMetrics"]["followersCount"],
        shown["experienceCounts"]["total"],
    )


def codes(errors: Any) -> list[str]:
    return [error["extensions"]["code"] for error in errors]
