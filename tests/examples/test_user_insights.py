"""The two examples of the API that user insights replace, as documents that anyone can send."""

import json
from pathlib import Path
from typing import Any

from sqlalchemy import update
from sqlmodel import col

from models import SourceType, UserInsight, Work
from tests.studio import Studio

EXAMPLES = Path(__file__).parents[2] / "examples" / "user-insights"


def document(name: str) -> str:
    return (EXAMPLES / f"{name}.graphql").read_text()


async def test_a_new_insight_has_what_was_told_and_zeros_and_nulls(studio: Studio) -> None:
    variables = json.loads((EXAMPLES / "create.variables.json").read_text())

    answer = await studio.ask(document("create"), "owner", **variables)

    assert answer.data["createUserInsight"]["userInsight"] == {
        "hasAbout": False,
        "numberOfRoles": 2,
        "numberOfActs": 0,
        "profileViews": 0,
        "profileSearches": 0,
        "connects": 0,
        "facebookPageId": None,
        "twitterHandle": None,
        "instagramHandle": None,
        # 10 log(1 + 3) / log(101) of the activity alone, a third of the score.
        "insightScore": "1.00",
        "twitterFollowersCount": None,
        "facebookPageFollowersCount": None,
        "instagramFollowersCount": None,
        "works": [
            {
                "itemId": "stuff gggg",
                "sourceType": "YOUTUBE",
                "isIndividualWork": True,
                "inAppPlays": 0,
            }
        ],
    }


async def test_an_insight_is_read_field_by_field(studio: Studio) -> None:
    await tell(studio)
    await hear_from_the_networks(studio)

    answer = await studio.ask(document("read"), "owner", userId=studio.people["owner"].id)

    insight = answer.data["userInsight"]
    assert insight.pop("id").startswith("ins_")
    assert insight == {
        "hasAbout": False,
        "numberOfRoles": 1,
        "numberOfActs": 8,
        "profileViews": 8,
        "profileSearches": 7,
        "connects": 2,
        "facebookPageId": 4546477,
        "twitterHandle": "gigpro",
        "instagramHandle": "gigpro",
        # The mean of 5.92 for reach, 5.38 for activity and 2.51 for interest.
        "insightScore": "4.61",
        "twitterFollowersCount": 4546,
        "works": [
            {
                "itemId": "l4WNrvVjiTw",
                "sourceType": "YOUTUBE",
                "isIndividualWork": True,
                "inAppPlays": 7,
                "nonAppPlays": 30,
            },
            {
                "itemId": "l4WNrvVjiTw",
                "sourceType": "SOUNDCLOUD",
                "isIndividualWork": False,
                "inAppPlays": 30,
                "nonAppPlays": 230,
            },
        ],
        "facebookPageFollowersCount": 4546,
        "instagramFollowersCount": 4564,
    }


async def tell(studio: Studio) -> None:
    works: list[dict[str, Any]] = [
        {"itemId": "l4WNrvVjiTw", "sourceType": "YOUTUBE", "isIndividualWork": True, "inAppPlays": 7},
        {"itemId": "l4WNrvVjiTw", "sourceType": "SOUNDCLOUD", "isIndividualWork": False, "inAppPlays": 30},
    ]
    answer = await studio.ask(
        document("create"),
        "owner",
        input={
            "numberOfRoles": 1,
            "numberOfActs": 8,
            "profileViews": 8,
            "profileSearches": 7,
            "connects": 2,
            "facebookPageId": 4546477,
            "twitterHandle": "@gigpro",
            "instagramHandle": "gigpro",
            "works": works,
        },
    )
    assert answer.data


async def hear_from_the_networks(studio: Studio) -> None:
    """What only the networks can tell, as a refresh leaves it."""
    async with studio.services.database.writing() as session:
        await session.execute(
            update(UserInsight).values(
                twitter_followers_count=4546,
                facebook_page_followers_count=4546,
                instagram_followers_count=4564,
            )
        )
        for source, plays in ((SourceType.YOUTUBE, 30), (SourceType.SOUNDCLOUD, 230)):
            of_source = col(Work.source_type) == source
            await session.execute(update(Work).where(of_source).values(non_app_plays=plays))
