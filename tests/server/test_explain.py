"""`viewgraph explain`, as operators type it, over what a server counted."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import delete, text, update
from sqlmodel import col
from typer.testing import CliRunner, Result

from base.ids import uuid7
from models import Device, Event, Tenant
from server.commands.cli import app
from tests.events import record, set_time_zone, view
from tests.studio import Studio

UNSEEN = "This command does not see its memory."
NOT_KEPT = "No server keeps this figure: it is read for each request."
SUBTRACTED = "A count below 0 is of time that is not in the range: it is subtracted from a whole day."
AGREE = "Totals and raw events agree."


async def explain(studio: Studio, *words: str) -> Result:
    """In a thread, because commands have an event loop of their own."""
    url = studio.services.database.url.render_as_string(hide_password=False)
    return await asyncio.to_thread(CliRunner().invoke, app, ["explain", *words, "--database-url", url])


async def told(studio: Studio, *words: str) -> list[str]:
    result = await explain(studio, *words)
    assert (result.exit_code, result.stderr) == (0, ""), result.output
    return [" ".join(line.split()) for line in result.stdout.splitlines()]


async def refused(studio: Studio, *words: str) -> str:
    result = await explain(studio, *words)
    assert (result.exit_code, result.stdout) == (1, "")
    return result.stderr


async def execute(studio: Studio, statement: str) -> None:
    async with studio.services.database.writing() as session:
        await session.execute(text(statement))


@asynccontextmanager
async def unchanged(studio: Studio, *tables: str) -> AsyncIterator[None]:
    before = [await studio.count(table) for table in tables]
    yield
    assert [await studio.count(table) for table in tables] == before


VIEWS = [
    view("2023-04-30T20:30:00"),
    view("2023-05-01T00:00:00", device=Device.MOBILE.name),
    view("2023-05-15T12:00:00", device=Device.MOBILE.name),
    view("2023-05-31T23:59:59"),
    view("2023-06-01T08:00:00"),
    view("2023-06-02T08:00:00"),
    view("2023-06-03T21:59:59"),
    view("2023-06-03T22:00:00"),
]


async def test_a_range_is_told_by_its_months_days_and_edges(studio: Studio) -> None:
    await record(studio, VIEWS)
    asked = ("--from", "2023-04-30T22:00:00", "--to", "2023-06-03", "--time-zone", "Europe/Berlin")

    async with unchanged(studio, "events", "day_totals", "month_totals", "active_users"):
        lines = await told(studio, studio.publication, "totalViews", *asked)

    answer = await studio.ask(
        """query($range: DateRange!) { publication(url: "ai-research-studio") {
          metrics(range: $range, timeZone: "Europe/Berlin") { totalViews }
        } }""",
        "owner",
        range={"start": "2023-04-30T22:00:00", "end": "2023-06-03"},
    )
    assert answer.data["publication"]["metrics"] == {"totalViews": 7}
    assert lines == [
        "totalViews of the publication ai-research-studio: 7",
        "It is VIEW.",
        "The tenant is owner, whose days are those of UTC.",
        "The range is from 2023-04-30T20:00:00Z up to 2023-06-03T22:00:00Z, not included.",
        "",
        "table from up to action rows count raw events",
        "events 2023-04-30T20:00:00Z 2023-05-01T00:00:00Z VIEW 1 1 1",
        "month_totals 2023-05 2023-06 VIEW 2 3 3",
        "day_totals 2023-06-01 2023-06-04 VIEW 3 4 4",
        "events 2023-06-03T22:00:00Z 2023-06-04T00:00:00Z VIEW 1 -1 -1",
        "",
        SUBTRACTED,
        AGREE,
        "Servers cache it for publication 1 at revision 2 and 8 events: that is its state now.",
        f"A server does not use what it cached for another revision or number of events. {UNSEEN}",
    ]


async def test_the_days_are_those_of_the_reporting_time_zone(studio: Studio) -> None:
    await set_time_zone(studio, "owner", "America/New_York")
    await record(studio, VIEWS)

    lines = await told(
        studio, "ai-research-studio", "totalViews", "--from", "2023-05-31", "--to", "2023-06-02"
    )

    assert lines[2] == "The tenant is owner, whose days are those of America/New_York."
    assert lines[6:-4] == [
        "events 2023-05-31T00:00:00Z 2023-05-31T04:00:00Z - 0 0 0",
        "day_totals 2023-05-31 2023-06-03 VIEW 3 3 3",
        "events 2023-06-03T00:00:00Z 2023-06-03T04:00:00Z - 0 0 0",
    ]


async def test_what_was_taken_back_is_told_apart(studio: Studio) -> None:
    like = "mutation($id: ID!) { likePublication(publicationId: $id) { publication { id } } }"
    for name in ("stranger", "member", "admin"):
        await studio.ask(like, name, id=studio.publication)
    await studio.ask(like.replace("like", "unlike", 1), "member", id=studio.publication)

    lines = await told(studio, studio.publication, "totalLikes")
    assert lines[:2] == ["totalLikes of the publication ai-research-studio: 2", "It is LIKE - UNLIKE."]
    assert lines[5:9] == [
        "subject_totals - - LIKE 1 3 3",
        "subject_totals - - UNLIKE 1 1 1",
        "",
        "Taken back: 1.",
    ]
    assert (await told(studio, studio.publication, "takenBack.likes"))[0].endswith(": 1")


async def test_a_total_that_is_wrong_is_found(studio: Studio) -> None:
    await record(studio, VIEWS)
    await execute(studio, "UPDATE day_totals SET count = count + 5")

    lines = await told(studio, studio.publication, "totalViews", "--from", "2023-06-01", "--to", "2023-06-02")

    assert lines[0].endswith(": 12")
    assert lines[6] == "day_totals 2023-06-01 2023-06-03 VIEW 2 12 2"
    assert lines[8] == "Totals and raw events differ: see `viewgraph verify`."


async def test_days_whose_events_are_gone_are_not_compared(studio: Studio) -> None:
    await record(studio, VIEWS)
    async with studio.services.database.writing() as session:
        await session.execute(update(Tenant).values(pruned_before=date(2023, 6, 1)))
        await session.execute(delete(Event).where(col(Event.occurred_at) < datetime(2023, 6, 1, tzinfo=UTC)))

    result = await explain(
        studio, studio.publication, "totalViews", "--from", "2023-05-01", "--to", "2023-06-02"
    )

    assert (result.exit_code, result.stderr) == (
        0,
        "owner: days before 2023-06-01 were pruned, and their raw events cannot be compared.\n",
    )
    lines = [" ".join(line.split()) for line in result.stdout.splitlines()]
    assert lines[0].endswith(": 5")
    assert lines[6:9] == [
        "month_totals 2023-05 2023-06 VIEW 2 3 -",
        "day_totals 2023-06-01 2023-06-03 VIEW 2 2 2",
        "",
    ]


async def test_active_users_are_told_by_their_rows_or_with_a_range_by_events(studio: Studio) -> None:
    studio.clock.to_now()
    ids = [studio.people[name].id for name in ("stranger", "member")]
    now = studio.clock.now.isoformat().removesuffix("+00:00")
    before = "2023-06-01T08:00:00"
    await record(studio, [view(now, user_id=ids[0]), view(now, user_id=ids[0]), view(now, user_id=ids[1])])
    await record(studio, [view(before, user_id=id) for id in (ids[0], ids[0], ids[1])])

    of_now = await told(studio, studio.publication, "monthlyActiveUsers")
    assert of_now[0].endswith(": 2")
    assert of_now[1] == "It is distinct users of VIEW + LIKE + BOOKMARK + SHARE + COMMENT + BOOK in 30 days."
    assert of_now[5].startswith("active_users ")
    assert of_now[5].endswith(" - - 2 2 2")
    of_june = await told(
        studio, studio.publication, "monthlyActiveUsers", "--from", "2023-06-01", "--to", "2023-06-02"
    )
    assert of_june[6] == "events 2023-05-04T00:00:00Z 2023-06-03T00:00:00Z - 3 2 2"


async def test_visitors_are_told_by_sketches_and_by_whom_events_name(studio: Studio) -> None:
    named = [{**view("2023-06-02T08:00:00"), "visitor": f"visitor {number % 3}"} for number in range(5)]
    known = [view("2023-06-03T10:00:00", user_id=studio.people["stranger"].id)]
    await record(studio, [*named, *known, view("2023-06-02T09:00:00")])

    lines = await told(
        studio, studio.publication, "uniqueVisitors", "--from", "2023-06-01", "--to", "2023-06-03T11:59:59"
    )

    assert lines[0].endswith(": 4")
    assert lines[6:11] == [
        "visitor_sketches 2023-06-01 2023-06-03 - 1 - -",
        "events 2023-06-03T00:00:00Z 2023-06-03T12:00:00Z - 1 1 -",
        "",
        "Estimated: 4, between 4 and 4; signed in: 1.",
        "Named by raw events: 1 signed in, 3 others.",
    ]


async def _with_assets(studio: Studio) -> list[str]:
    """Two views of the first asset with three interactions, the second view at an edge; one of the second."""
    assets = [await studio.add_asset("Chair"), await studio.add_asset("Lamp", workspace=1)]
    first, second = (str(uuid7(studio.clock.now)) for _ in range(2))

    def event(asset: int, action: str, at: str, view_id: str | None = None) -> dict[str, Any]:
        return {
            "subject": {"assetId": assets[asset]},
            "action": action,
            "occurredAt": at,
            "viewId": view_id,
        }

    await studio.report(
        [
            event(0, "VIEW_3D", "2023-06-01T10:00:00Z", first),
            event(0, "INTERACTION", "2023-06-01T10:00:05Z", first),
            event(0, "INTERACTION", "2023-06-02T00:00:05Z", first),
            event(0, "VIEW_3D", "2023-06-02T10:00:00Z", second),
            event(0, "INTERACTION", "2023-06-02T10:00:05Z", second),
            event(1, "VIEW_3D", "2023-06-02T11:00:00Z"),
            event(1, "AR_SCAN", "2023-06-02T11:00:01Z"),
        ]
    )
    return assets


RANGE = ("--from", "2023-06-01", "--to", "2023-06-02T11:59:59")


async def test_engaged_views_are_told_at_their_first_interaction(studio: Studio) -> None:
    asset, _ = await _with_assets(studio)

    lines = await told(studio, asset, "userEngagement", *RANGE)

    assert lines == [
        f"userEngagement of the asset {asset}: 2",
        "It is ENGAGED_VIEW.",
        f"The tenant is {studio.organization}, whose days are those of UTC.",
        "The range is from 2023-06-01T00:00:00Z up to 2023-06-02T12:00:00Z, not included.",
        "",
        "table from up to action rows count raw events",
        "day_totals 2023-06-01 2023-06-02 ENGAGED_VIEW 1 1 1",
        "engaged_views 2023-06-02T00:00:00Z 2023-06-02T12:00:00Z ENGAGED_VIEW 1 1 1",
        "",
        AGREE,
        NOT_KEPT,
    ]
    average = await told(studio, asset, "avgNumberInteractions", *RANGE)
    assert average[:2] == [
        f"avgNumberInteractions of the asset {asset}: 1.5",
        "It is Interactions / userEngagement.",
    ]
    assert average[6:10] == [
        "day_totals 2023-06-01 2023-06-02 INTERACTION 1 1 1",
        "day_totals 2023-06-01 2023-06-02 ENGAGED_VIEW 1 1 1",
        "events 2023-06-02T00:00:00Z 2023-06-02T12:00:00Z INTERACTION 2 2 2",
        "engaged_views 2023-06-02T00:00:00Z 2023-06-02T12:00:00Z ENGAGED_VIEW 1 1 1",
    ]


async def test_the_assets_of_a_workspace_or_an_organization_are_told_together(studio: Studio) -> None:
    await _with_assets(studio)

    of_all = await told(studio, studio.organization, "total3DViews", *RANGE)
    of_one = await told(studio, studio.workspaces[1], "totalARViews", *RANGE)

    assert of_all[0] == f"total3DViews of all assets of {studio.organization} (2): 3"
    assert of_all[6:8] == [
        "day_totals 2023-06-01 2023-06-02 VIEW_3D 1 1 1",
        "events 2023-06-02T00:00:00Z 2023-06-02T12:00:00Z VIEW_3D 2 2 2",
    ]
    assert of_one[:2] == [
        f"totalARViews of all assets of {studio.workspaces[1]} (1): 1",
        "It is AR_CLICK + AR_SCAN.",
    ]


async def test_what_a_user_told_is_a_part_of_the_figure(studio: Studio) -> None:
    owner, alone = studio.people["owner"].id, {"isIndividualWork": True}
    made = await studio.ask(
        """mutation($input: UserInsightInput!) { createUserInsight(input: $input) { userInsight { id } } }""",
        "owner",
        input={
            "profileViews": 1000,
            "works": [
                {"itemId": "dQw4w9WgXcQ", "sourceType": "YOUTUBE", "inAppPlays": 10, **alone},
                {"itemId": "12345", "sourceType": "SOUNDCLOUD", "inAppPlays": 20, **alone},
            ],
        },
    )
    assert not made.errors
    work = {"userId": owner, "sourceType": "SOUNDCLOUD", "itemId": "12345"}
    await studio.report(
        [
            {"subject": {"profileUserId": owner}, "action": "PROFILE_VIEW"},
            {"subject": {"work": work}, "action": "PLAY"},
            {"subject": {"work": work}, "action": "PLAY"},
        ],
        "owner",
    )

    viewed = await told(studio, owner, "profileViews")
    assert viewed[0] == "profileViews of the profile of owner: 1,001"
    assert viewed[5:] == [
        "subject_totals - - PROFILE_VIEW 1 1 1",
        "",
        "Told by the user, and in the figure: 1,000.",
        AGREE,
        NOT_KEPT,
    ]
    played = await told(studio, owner, "inAppPlays")
    assert [line for line in played if line.startswith("inAppPlays")] == [
        "inAppPlays of the work YOUTUBE dQw4w9WgXcQ of owner: 10",
        "inAppPlays of the work SOUNDCLOUD 12345 of owner: 22",
    ]


async def test_what_cannot_be_explained_is_told_in_one_line(studio: Studio) -> None:
    asset = await studio.add_asset("Chair")
    publication = studio.publication

    assert await refused(studio, "no-such-url", "totalViews") == "There is no such publication.\n"
    assert await refused(studio, f"ast_{publication[4:]}", "total3DViews", *RANGE) == (
        "There is no such asset.\n"
    )
    assert await refused(studio, f"com_{publication[4:]}", "totalViews") == (
        "Figures are of publications, users, assets, workspaces and organizations.\n"
    )
    assert await refused(studio, studio.people["owner"].id, "profileViews") == (
        "owner has no insight, so there is no figure of it.\n"
    )
    assert await refused(studio, asset, "totalLikes", *RANGE) == (
        f"There is no figure `totalLikes` of the asset {asset}. There are: total3DViews, totalARViews, "
        "userEngagement, avgNumberInteractions, uniqueVisitors.\n"
    )
    assert await refused(studio, asset, "total3DViews") == (
        "Figures of assets need a range: give --from and --to.\n"
    )
    assert await refused(studio, publication, "totalViews", "--from", "2023-06-01") == (
        "--from and --to go together.\n"
    )
    assert await refused(studio, publication, "totalViews", *RANGE, "--time-zone", "Mars/Olympus") == (
        "'Mars/Olympus' is no IANA time zone name, such as Europe/Paris.\n"
    )


@pytest.mark.parametrize(("start", "end"), [("2023-06-02", "2023-06-01"), ("1970-01-01", "2023-06-01")])
async def test_a_range_is_held_to_the_limits_that_queries_have(studio: Studio, start: str, end: str) -> None:
    answer = await studio.ask(
        """query($range: DateRange!) { publication(url: "ai-research-studio") {
          metrics(range: $range) { totalViews }
        } }""",
        "owner",
        range={"start": start, "end": end},
    )
    (error,) = answer.body["errors"]

    said = await refused(studio, studio.publication, "totalViews", "--from", start, "--to", end)

    assert said == f"{error['message']}\n"
