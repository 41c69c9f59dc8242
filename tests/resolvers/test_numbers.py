"""Numbers stay numbers: no figure turns a field into an error, however large it has become."""

from typing import Any

import pytest
from sqlalchemy import text

from base.numbers import LARGEST, LARGEST_SELF_REPORTED
from figures.scores import EVEN_WEIGHTS, MOST_SCORED, ScoreInputs, score
from tests.events import record, view
from tests.resolvers.figures import figures, unchanged
from tests.resolvers.test_insights import CREATE, READ, RECORD, UPDATE, create
from tests.studio import Studio

WORK = {"itemId": "l4WNrvVjiTw", "sourceType": "YOUTUBE", "isIndividualWork": True}


async def execute(studio: Studio, statement: str, **values: Any) -> None:
    async with studio.services.database.writing() as session:
        await session.execute(text(statement), values)


@pytest.mark.parametrize("field", ["profileViews", "profileSearches", "connects"])
async def test_a_figure_that_is_told_has_an_end(studio: Studio, field: str) -> None:
    async with unchanged(studio):
        refused = await studio.ask(CREATE % "id", "owner", input={field: LARGEST_SELF_REPORTED + 1})
    told: dict[str, Any] = {field: LARGEST_SELF_REPORTED}
    taken = await create(studio, **told)

    assert refused.extensions == {
        "code": "BAD_USER_INPUT",
        "argument": field,
        "reason": "INVALID_INSIGHT",
    }
    assert refused.body["errors"][0]["message"] == f"`{field}` is a number from 0 to 1,000,000,000,000."
    assert taken[field] == LARGEST_SELF_REPORTED


async def test_all_that_one_may_tell_and_events_beside_it_are_numbers(studio: Studio) -> None:
    works = [{**WORK, "itemId": f"work-{n}", "inAppPlays": LARGEST_SELF_REPORTED} for n in range(500)]
    most: dict[str, Any] = dict.fromkeys(
        ("profileViews", "profileSearches", "connects"), LARGEST_SELF_REPORTED
    )
    await create(studio, **most, numberOfRoles=2**31 - 1, numberOfActs=2**31 - 1, works=works)
    me = studio.people["owner"].id
    key = {"userId": me, "sourceType": "YOUTUBE", "itemId": "work-0"}
    events = [
        {"subject": {"profileUserId": me}, "action": "PROFILE_VIEW"},
        {"subject": {"work": key}, "action": "PLAY"},
    ]
    await studio.ask(RECORD, "owner", events=events)

    read = await studio.ask(READ % "insightScore profileViews works { inAppPlays }", "owner", id=me)

    insight = read.data["userInsight"]
    assert (insight["insightScore"], insight["profileViews"]) == ("10.00", LARGEST_SELF_REPORTED + 1)
    assert [work["inAppPlays"] for work in insight["works"]][:2] == [
        LARGEST_SELF_REPORTED + 1,
        LARGEST_SELF_REPORTED,
    ]


async def test_a_sum_that_outgrows_its_type_is_the_largest_there_is(
    studio: Studio, caplog: pytest.LogCaptureFixture
) -> None:
    await create(studio, profileViews=1, works=[WORK])
    me = studio.people["owner"].id
    await studio.ask(RECORD, "owner", events=[{"subject": {"profileUserId": me}, "action": "PROFILE_VIEW"}])
    await execute(studio, "UPDATE user_insights SET profile_views = :most", most=LARGEST)
    await execute(studio, "UPDATE works SET in_app_plays = :most", most=2**62)

    read = await studio.ask(READ % "profileViews works { inAppPlays } insightScore", "owner", id=me)

    assert read.data["userInsight"] == {
        "profileViews": LARGEST,
        "works": [{"inAppPlays": LARGEST}],
        "insightScore": "7.17",
    }
    assert f"A number outgrew BigInt, and is shown as {LARGEST}: {2**62}" in caplog.text


@pytest.mark.parametrize("poison", [LARGEST, 2**62, 2**63 - 1])
async def test_a_total_that_is_full_stays_so_and_fails_nobody(studio: Studio, poison: int) -> None:
    other = await studio.add_publication("another-studio", "stranger")
    await record(studio, [view("2023-06-10T10:00:00")])
    for table in ("day_totals", "month_totals", "subject_totals"):
        await execute(studio, f"UPDATE {table} SET count = :poison", poison=poison)  # noqa: S608
    studio.clock.advance(hours=1)

    await record(studio, [view("2023-06-10T11:00:00"), view("2023-06-10T12:00:00")])
    await record(studio, [view("2023-06-10T11:00:00")], by="stranger", publication=other)

    studio.clock.advance(hours=1)
    assert (await figures(studio)).views == LARGEST
    assert (await figures(studio, "stranger", url="another-studio")).views == 1


async def test_of_a_month_so_many_events_count_in_a_score(studio: Studio) -> None:
    await create(studio, works=[{**WORK, "inAppPlays": 50}], profileViews=8)
    me = studio.people["owner"].id
    key = {"userId": me, "sourceType": "YOUTUBE", "itemId": WORK["itemId"]}
    events: list[dict[str, Any]] = [
        {"subject": {"work": key}, "action": "PLAY", "occurredAt": at}
        for at in ("2023-05-15T12:00:00Z", "2023-06-15T12:00:00Z")
    ]
    events += [
        {"subject": {"profileUserId": me}, "action": action} for action in ("PROFILE_VIEW", "PROFILE_SEARCH")
    ]
    await studio.ask(RECORD, "owner", events=events)
    await execute(studio, "UPDATE month_totals SET count = 1000000")
    # Of the plays there are two months.
    await execute(studio, "UPDATE subject_totals SET count = count * 1000000")

    async def read() -> dict[str, Any]:
        fields = "profileViews insightScoreParts { reach interest } works { inAppPlays }"
        insight: dict[str, Any] = (await studio.ask(READ % fields, "owner", id=me)).data["userInsight"]
        return insight

    def parts(reach: int, interest: int) -> dict[str, str]:
        expected = score(ScoreInputs(reach, 0, interest), EVEN_WEIGHTS)
        return {"reach": str(expected.reach), "interest": str(expected.interest)}

    before = await read()
    assert before["works"] == [{"inAppPlays": 2_000_050}]
    assert before["profileViews"] == 1_000_008
    assert before["insightScoreParts"] == parts(50 + 2 * MOST_SCORED, 8 + 2 * MOST_SCORED)

    # Who tells the figure anew tells it for the score, too; what is told is not capped.
    told = {"profileViews": 9, "works": [{**WORK, "inAppPlays": 70_000}]}
    await studio.ask(UPDATE % "id", "owner", input=told)
    after = await read()
    assert (after["profileViews"], after["works"]) == (9, [{"inAppPlays": 70_000}])
    assert after["insightScoreParts"] == parts(70_000, 9 + MOST_SCORED)
    await execute(studio, "UPDATE month_totals SET count = count + 1")
    await execute(studio, "UPDATE subject_totals SET count = count + 1")
    assert (await read())["insightScoreParts"] == parts(70_000, 9 + MOST_SCORED)
