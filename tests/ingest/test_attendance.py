"""Signed-in people of folded days, by the answers of the server: they are those of raw events."""

import asyncio
from datetime import date
from typing import Any

import pytest
from sqlalchemy import select, text

from base.attendance import hours_of, users_in
from base.calendar import AFTER_LAST_DAY, FIRST_DAY
from base.ids import uuid7
from base.time_units import DAY
from database import table_of
from ingest.deletions.work import delete_buried
from ingest.fold_claims import Busy
from ingest.folding import fold, fold_all
from ingest.prune import prune
from ingest.rebuild import Rebuilt, rebuild
from ingest.tenants import tenants_with_events
from ingest.verify import Verification
from models import Attendance
from tests.commands import done
from tests.events import set_time_zone
from tests.interrupted import Interrupted
from tests.studio import SECRET, Studio

FIGURES = """query($id: ID!, $range: DateRange!, $zone: TimeZone) {
  organization(id: $id) { metrics(range: $range, timeZone: $zone) { uniqueVisitors { signedIn } } } }"""
TOP = """query($id: ID!, $range: DateRange!) {
  organization(id: $id) { metrics(range: $range) { topAssets(first: 5) {
    asset { name metrics(range: $range) { uniqueVisitors { signedIn } } } } } } }"""
ACTIVE = """query($range: DateRange) { publication(url: "ai-research-studio") {
  metrics(range: $range) { monthlyActiveUsers uniqueVisitors { signedIn } } } }"""
REMOVE = """mutation($s: EventSubject!, $ids: [ID!]!) {
  removeEvents(subject: $s, eventIds: $ids) { removed } }"""
DAYS = {"start": "2023-06-10", "end": "2023-06-12"}
PEOPLE = ("owner", "cocreator", "stranger", "member")


def came(asset: str, who: str, at: str, **more: Any) -> dict[str, Any]:
    return {
        "subject": {"assetId": asset},
        "action": "VIEW_3D",
        "occurredAt": f"2023-06-{at}Z",
        "who": who,
        **more,
    }


async def report(studio: Studio, events: list[dict[str, Any]], by: str = "admin") -> None:
    await studio.report(
        [
            {**{k: v for k, v in one.items() if k != "who"}, "userId": studio.people[one["who"]].id}
            for one in events
        ],
        by,
    )


async def furnished(studio: Studio) -> tuple[str, str]:
    """Two assets: three people on the 10th, two on the 11th, one on the 12th."""
    lamp, chair = await studio.add_asset("Lamp"), await studio.add_asset("Chair")
    await report(
        studio,
        [
            came(lamp, "owner", "10T07:10:00"),
            came(lamp, "owner", "10T07:50:00"),
            came(chair, "cocreator", "10T23:30:00"),
            came(chair, "stranger", "10T00:00:00"),
            came(lamp, "owner", "11T21:59:59"),
            came(chair, "owner", "11T22:00:00"),
            came(chair, "cocreator", "12T18:29:59"),
        ],
    )
    return lamp, chair


async def signed_in(studio: Studio, start: str, end: str, zone: str = "UTC") -> int:
    answer = await studio.ask(
        FIGURES, "admin", id=studio.organization, range={"start": start, "end": end}, zone=zone
    )
    number: int = answer.data["organization"]["metrics"]["uniqueVisitors"]["signedIn"]
    return number


async def answers(studio: Studio) -> list[int]:
    """Of whole days in several zones, of hours, and of parts of hours."""
    asked = [
        *(("2023-06-10", "2023-06-12", zone) for zone in ("UTC", "Europe/Berlin", "Asia/Kolkata")),
        *(("2023-06-11", "2023-06-11", zone) for zone in ("UTC", "Europe/Berlin", "Asia/Kolkata")),
        ("2023-06-10T07:00:00Z", "2023-06-10T07:59:59Z", "UTC"),
        ("2023-06-10T07:20:00Z", "2023-06-10T23:29:59Z", "UTC"),
        ("2023-06-10T00:00:01Z", "2023-06-11T21:59:59Z", "UTC"),
        ("2023-06-10T23:00:00Z", "2023-06-12T17:59:59Z", "UTC"),
    ]
    return [await signed_in(studio, *one) for one in asked]


BEFORE = [3, 3, 3, 1, 2, 1, 1, 1, 2, 2]


async def tenant_of(studio: Studio) -> int:
    """The organization's."""
    async with studio.services.database.snapshot() as connection:
        found = await connection.scalar(text("SELECT tenant_id FROM organizations"))
    return int(found)


async def stored(studio: Studio) -> dict[tuple[int, int, date], dict[str, list[int]]]:
    """By kind, subject and day: the hours of each person."""
    names = {studio.people[name].row.id: name for name in PEOPLE}
    async with studio.services.database.snapshot() as connection:
        rows = (await connection.execute(select(table_of(Attendance)))).all()
    return {
        (kind, subject, day): {names[id]: hours_of(people, id) for id in users_in(people)}
        for _, kind, subject, day, people in rows
    }


async def wrong(studio: Studio) -> list[Any]:
    found = []
    for id, name in (await tenants_with_events(studio.services.database)).items():
        verification = Verification(studio.services.database, id, name, FIRST_DAY, AFTER_LAST_DAY)
        found += [row async for row in verification.rows()]
    return found


async def fold_each(studio: Studio) -> None:
    await fold_all(studio.services.database, studio.clock)


async def delete_each(studio: Studio) -> None:
    studio.clock.advance(seconds=10)
    services = studio.services
    await delete_buried(services.database, services.topics, services.clock)


async def test_answers_of_folded_days_are_those_of_raw_events(studio: Studio) -> None:
    lamp, chair = await furnished(studio)
    assert await answers(studio) == BEFORE
    top = await studio.ask(TOP, "admin", id=studio.organization, range=DAYS)

    await fold_each(studio)

    assert await answers(studio) == BEFORE
    assert (await studio.ask(TOP, "admin", id=studio.organization, range=DAYS)).data == top.data
    tenth, eleventh, twelfth = (date(2023, 6, day) for day in (10, 11, 12))
    assert await stored(studio) == {
        (0, 0, tenth): {"owner": [7], "cocreator": [23], "stranger": [0]},
        (0, 0, eleventh): {"owner": [21, 22]},
        (0, 0, twelfth): {"cocreator": [18]},
        (2, 1, tenth): {"owner": [7]},
        (2, 1, eleventh): {"owner": [21]},
        (2, 2, tenth): {"cocreator": [23], "stranger": [0]},
        (2, 2, eleventh): {"owner": [22]},
        (2, 2, twelfth): {"cocreator": [18]},
    }
    # Late, on a folded day, and one that is not folded yet.
    await report(studio, [came(lamp, "member", "11T05:00:00"), came(chair, "stranger", "15T05:00:00")])
    assert await signed_in(studio, "2023-06-11", "2023-06-11") == 2
    assert await signed_in(studio, "2023-06-11", "2023-06-15T05:59:59Z") == 4
    assert await wrong(studio) == []


async def test_folded_days_are_not_read_from_events(studio: Studio) -> None:
    """In one statement, as before."""
    await furnished(studio)
    with studio.statements() as of_events:
        await signed_in(studio, "2023-06-10", "2023-06-12")
    await fold_each(studio)
    async with studio.services.database.writing() as session:
        await session.execute(text("DELETE FROM events"))
    with studio.statements() as of_attendances:
        assert await signed_in(studio, "2023-06-10", "2023-06-12") == 3
    assert len(of_events) == len(of_attendances)


async def test_nobody_knows_who_came_on_pruned_days(studio: Studio) -> None:
    await furnished(studio)
    await fold_each(studio)
    assert await signed_in(studio, "2023-06-10", "2023-06-12") == 3
    database = studio.services.database
    await prune(database, await tenants_with_events(database), studio.clock.now, keep=DAY)

    assert await stored(studio) == {}
    assert await signed_in(studio, "2023-06-10", "2023-06-12") == 0
    assert await wrong(studio) == []


async def test_active_users_of_past_ranges_are_those_of_raw_events(studio: Studio) -> None:
    publication = {"subject": {"publicationId": studio.publication}, "action": "VIEW"}
    await report(
        studio,
        [
            {**publication, "occurredAt": f"2023-{at}:00Z", "who": who}
            for who, at in (
                ("stranger", "05-11T12:29"),
                ("cocreator", "05-11T12:31"),
                ("member", "05-20T00:00"),
                ("member", "06-10T12:29"),
                ("stranger", "06-10T12:31"),
            )
        ],
        "owner",
    )

    async def active() -> list[dict[str, Any]]:
        ends = ("2023-06-10T12:29:59Z", "2023-06-10", "2023-06-11T12:59:59Z")
        ranges = [{"start": "2023-06-10", "end": end} for end in ends]
        return [
            (await studio.ask(ACTIVE, "owner", range=one)).data["publication"]["metrics"] for one in ranges
        ]

    before = await active()
    assert [one["monthlyActiveUsers"] for one in before] == [2, 2, 2]
    assert [one["uniqueVisitors"]["signedIn"] for one in before] == [1, 2, 2]
    await fold_each(studio)
    assert await active() == before


async def test_an_event_that_is_taken_back_is_taken_back_from_attendances(studio: Studio) -> None:
    lamp, _ = await furnished(studio)
    late = [
        came(lamp, "member", f"10T07:{minute}0:00", id=f"0188a000-0000-7000-8000-00000000000{minute}")
        for minute in (1, 2)
    ]
    await fold_each(studio)
    before = await stored(studio)
    await report(studio, late)
    assert (await stored(studio))[2, 1, date(2023, 6, 10)] == {"owner": [7], "member": [7]}
    for one in late:
        assert await signed_in(studio, "2023-06-10", "2023-06-10") == 4
        removed = await studio.ask(REMOVE, "admin", s={"assetId": lamp}, ids=[one["id"]])
        assert removed.data == {"removeEvents": {"removed": 1}}

    assert await stored(studio) == before
    assert await answers(studio) == BEFORE
    assert await wrong(studio) == []


async def test_a_fold_that_has_seen_events_that_are_taken_back_ends(studio: Studio) -> None:
    lamp, _ = await furnished(studio)
    one = came(lamp, "member", "10T07:00:00", id="0188a000-0000-7000-8000-000000000001")
    await report(studio, [one])

    async def take_back() -> None:
        removed = await studio.ask(REMOVE, "admin", s={"assetId": lamp}, ids=[one["id"]])
        assert removed.data == {"removeEvents": {"removed": 1}}

    database, tenant_id = studio.services.database, await tenant_of(studio)
    with pytest.raises(Busy):
        await fold(database, tenant_id, studio.clock, date(2023, 6, 15), Interrupted(take_back))
    assert await answers(studio) == BEFORE
    await fold_each(studio)
    assert await answers(studio) == BEFORE
    assert all("member" not in people for people in (await stored(studio)).values())
    assert await wrong(studio) == []


async def test_a_deleted_asset_leaves_attendances_of_the_others(studio: Studio) -> None:
    lamp, _ = await furnished(studio)
    await fold_each(studio)
    gone = await studio.ask("mutation($id: ID!) { deleteAsset(id: $id) { id } }", "admin", id=lamp)
    assert gone.data
    await delete_each(studio)

    assert {key: list(people) for key, people in (await stored(studio)).items() if key[0] == 0} == {
        (0, 0, date(2023, 6, 10)): ["cocreator", "stranger"],
        (0, 0, date(2023, 6, 11)): ["owner"],
        (0, 0, date(2023, 6, 12)): ["cocreator"],
    }
    assert await signed_in(studio, "2023-06-10", "2023-06-10") == 2
    assert {key[1] for key in await stored(studio)} == {0, 2}
    assert await wrong(studio) == []


async def test_attendances_are_verified_and_mended(studio: Studio) -> None:
    await furnished(studio)
    await fold_each(studio)
    before = await stored(studio)
    async with studio.services.database.writing() as session:
        await session.execute(text("UPDATE attendances SET subject_id = 3 WHERE subject_id = 1"))
        await session.execute(
            text(
                "DELETE FROM attendances WHERE subject_kind = 0 AND day = (SELECT min(day) FROM attendances)"
            )
        )

    lines = [(row.table, row.subject, row.day, row.stored, row.counted) for row in await wrong(studio)]
    assert sorted(lines) == [
        ("attendances", "all", "2023-06-10", "-", "people: 3, hours: 3"),
        ("attendances", "asset 1", "2023-06-10", "-", "people: 1, hours: 1"),
        ("attendances", "asset 1", "2023-06-11", "-", "people: 1, hours: 1"),
        ("attendances", "asset 3", "2023-06-10", "people: 1, hours: 1", "-"),
        ("attendances", "asset 3", "2023-06-11", "people: 1, hours: 1", "-"),
    ]
    mended = await rebuild(
        studio.services.database, await tenant_of(studio), date(2023, 6, 1), date(2023, 6, 15)
    )
    assert mended == Rebuilt(5, None)
    assert await stored(studio) == before
    assert await wrong(studio) == []


async def test_hours_of_which_no_events_are_kept_are_forgotten(studio: Studio) -> None:
    """In New York, the first kept day begins at 4:00 in UTC."""
    await set_time_zone(studio, "owner", "America/New_York")
    publication = {"subject": {"publicationId": studio.publication}, "action": "VIEW"}
    came_at = (("stranger", "03:30"), ("cocreator", "03:10"), ("stranger", "09:00"))
    ids = [str(uuid7(studio.clock.now)) for _ in came_at]
    await report(
        studio,
        [
            {**publication, "occurredAt": f"2023-06-13T{at}:00Z", "who": who, "id": id}
            for (who, at), id in zip(came_at, ids, strict=True)
        ],
        "owner",
    )
    database = studio.services.database
    await prune(database, await tenants_with_events(database), studio.clock.now, keep=2 * DAY)

    people = {"stranger": [9]}
    assert await stored(studio) == {(0, 0, date(2023, 6, 13)): people, (1, 1, date(2023, 6, 13)): people}
    removed = await studio.ask(REMOVE, "owner", s=publication["subject"], ids=ids[2:])

    assert removed.data == {"removeEvents": {"removed": 1}}
    assert await stored(studio) == {}
    assert await wrong(studio) == []


async def test_active_users_are_explained_by_attendances(studio: Studio, database_url: str) -> None:
    publication = {"subject": {"publicationId": studio.publication}, "action": "VIEW"}
    days = ("05-20T12:00", "05-20T13:00", "06-10T23:30")
    await report(
        studio, [{**publication, "occurredAt": f"2023-{at}:00Z", "who": "stranger"} for at in days], "owner"
    )
    await fold_each(studio)

    told = await asyncio.to_thread(
        done, "explain", "ai-research-studio", "monthlyActiveUsers",
        "--from", "2023-06-10", "--to", "2023-06-10",
        VIEWGRAPH_DATABASE_URL=database_url, VIEWGRAPH_SECRET=SECRET,
    )  # fmt: skip

    lines = [" ".join(line.split()) for line in told.splitlines()]
    assert [line for line in lines if line.startswith(("attendances", "events"))] == [
        "attendances 2023-05-12T00:00:00Z 2023-06-11T00:00:00Z - 2 - -",
        "events 2023-05-12T00:00:00Z 2023-06-11T00:00:00Z - 3 1 1",
    ]
