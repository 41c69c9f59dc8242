from asyncio import gather
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
from sqlalchemy import Row

from base.ids import Kind, global_id, uuid7
from ingest.visitors import VisitorKeys
from models import Action, Device
from server.app import create_app
from server.settings import Settings
from tests.resolvers.figures import (
    SIGN_IN_FIRST,
    Figures,
    bad_input,
    contents,
    figures,
    ids_of_no,
    unchanged,
)
from tests.studio import START, Answer, Studio

RECORD = """mutation($events: [EventInput!]!) { recordEvents(events: $events) {
  stored duplicates dropped results { id status reason }
} }"""
VIEWS = """query($groupBy: [ViewDimension!], $domain: String) { publication(url: "ai-research-studio") {
  views(
    range: {start: "2023-06-01", end: "2023-06-30"}, interval: MONTH, groupBy: $groupBy, domain: $domain
  ) { count points { deviceCategory domain count } }
} }"""
STORED = ("STORED", None)
DUPLICATE = ("DUPLICATE", None)
Outcome = tuple[str, str | None]


def dropped(reason: str) -> Outcome:
    return "DROPPED", reason


def event(studio: Studio, publication: str | None = None, **given: Any) -> dict[str, Any]:
    id = studio.publication if publication is None else publication
    return {"subject": {"publicationId": id}, "action": "VIEW", **given}


async def record(studio: Studio, by: str | None, *events: dict[str, Any]) -> Answer:
    return await studio.ask(RECORD, by, events=list(events))


async def outcomes(studio: Studio, by: str, *events: dict[str, Any]) -> list[Outcome]:
    """The status of each, and the reason; the sums of the answer agree with them."""
    answer = (await record(studio, by, *events)).data["recordEvents"]
    given = [(result["status"], result["reason"]) for result in answer["results"]]
    statuses = [status for status, _ in given]
    sums = [answer["stored"], answer["duplicates"], answer["dropped"]]
    assert sums == [statuses.count(status) for status in ("STORED", "DUPLICATE", "DROPPED")]
    return given


async def stored(studio: Studio) -> list[Row[Any]]:
    """In the order of the times."""
    return sorted((await contents(studio.services.database))["events"], key=lambda row: row.occurred_at)


def id_of(at: datetime) -> str:
    return str(uuid7(at))


async def test_an_event_is_stored_as_it_was_told(studio: Studio) -> None:
    id, view, member = uuid7(START), uuid4(), studio.people["member"]
    answer = await record(
        studio,
        "owner",
        event(
            studio,
            action="SHARE",
            id=str(id).upper(),
            occurredAt="2023-06-14T23:30:00.123456-02:00",
            viewId=f"{{{view}}}",
            deviceCategory="TABLET",
            domain=" Example.COM\n",
            userId=member.id,
        ),
        event(studio),
    )

    results = answer.data["recordEvents"]["results"]
    assert results[0] == {"id": str(id), "status": "STORED", "reason": None}
    rows = await contents(studio.services.database)
    (publication,), (domain,) = rows["publications"], rows["domains"]
    assert domain.name == "example.com"
    subject = publication.id
    tenant = studio.people["owner"].row.tenant_id
    at = datetime(2023, 6, 15, 1, 30, 0, 123456, UTC)
    told, bare = await stored(studio)
    assert told == (
        *(tenant, id, subject, Action.SHARE, Device.TABLET, domain.id, at, view, member.row.id),
        *(None, None, None),
    )
    made = UUID(results[1]["id"])
    assert bare == (tenant, made, subject, Action.VIEW, Device.UNKNOWN, 0, START, *[None] * 5)
    assert made.version == 7
    assert await figures(studio) == Figures(views=1, shares=1, active=1)


async def test_both_makers_report_events_and_see_them_at_once(studio: Studio) -> None:
    seen = [await figures(studio)]
    for by in ("owner", "cocreator", "owner"):
        assert await outcomes(studio, by, event(studio), event(studio, action="SHARE")) == [STORED, STORED]
        seen.append(await figures(studio))

    assert seen == [Figures(views=n, shares=n) for n in range(4)]


async def test_an_empty_report_changes_nothing(studio: Studio) -> None:
    async with unchanged(studio):
        answer = await record(studio, "owner")
    assert answer.data == {"recordEvents": {"stored": 0, "duplicates": 0, "dropped": 0, "results": []}}


async def test_the_same_id_again_is_the_same_event_again(studio: Studio) -> None:
    first, second, third = (id_of(START) for _ in range(3))

    twice = [event(studio, id=first), event(studio, id=second), event(studio, id=first.upper())]
    assert await outcomes(studio, "owner", *twice) == [STORED, STORED, DUPLICATE]
    async with unchanged(studio, but_for=["publications", "domains"]):
        assert await outcomes(studio, "owner", *twice) == [DUPLICATE, DUPLICATE, DUPLICATE]
        retold = event(
            studio, id=first, action="SHARE", occurredAt="2023-06-01T00:00:00Z", domain="other.com"
        )
        assert await outcomes(studio, "cocreator", retold) == [DUPLICATE]
    assert await outcomes(studio, "owner", event(studio, id=third), *twice) == [STORED, *[DUPLICATE] * 3]
    assert await figures(studio) == Figures(views=3)


async def test_of_two_with_one_id_in_one_report_the_first_is_stored(studio: Studio) -> None:
    id = id_of(START)
    told = [event(studio, id=id, action="SHARE", domain="a.com"), event(studio, id=id, domain="b.com")]

    assert await outcomes(studio, "owner", *told) == [STORED, DUPLICATE]
    assert await figures(studio) == Figures(shares=1)


async def test_one_id_is_one_event_of_each_tenant(studio: Studio) -> None:
    second = await studio.add_publication("second-studio", "owner")
    other = await studio.add_publication("other-studio", "stranger")
    id = id_of(START)

    assert await outcomes(studio, "owner", event(studio, id=id)) == [STORED]
    assert await outcomes(studio, "stranger", event(studio, other, id=id)) == [STORED]
    assert await outcomes(studio, "owner", event(studio, second, id=id)) == [DUPLICATE]
    assert [(await figures(studio)), await figures(studio, url="second-studio")] == [
        Figures(views=1),
        Figures(),
    ]
    assert await figures(studio, "stranger", url="other-studio") == Figures(views=1)


async def test_one_report_may_be_of_several_tenants(studio: Studio) -> None:
    other = await studio.add_publication("other-studio", "cocreator")
    id = id_of(START)

    told = [event(studio, id=id), event(studio, other, id=id), event(studio, other, id=id)]
    assert await outcomes(studio, "cocreator", *told) == [STORED, STORED, DUPLICATE]
    assert await figures(studio) == Figures(views=1)
    assert await figures(studio, "cocreator", url="other-studio") == Figures(views=1)


async def test_a_refused_event_is_dropped_for_its_reason_and_leaves_the_others(studio: Studio) -> None:
    theirs = await studio.add_publication("other-studio", "stranger")
    refused: list[tuple[dict[str, Any], str]] = [
        *((event(studio, id), "UNKNOWN_SUBJECT") for id in ids_of_no(Kind.PUBLICATION, studio.organization)),
        (event(studio, theirs), "UNKNOWN_SUBJECT"),
        (event(studio, global_id(Kind.USER, studio.people["owner"].row.public_id)), "UNKNOWN_SUBJECT"),
        *((event(studio, userId=id), "UNKNOWN_USER") for id in ids_of_no(Kind.USER, studio.publication)),
        *((event(studio, id=id), "INVALID_ID") for id in ("", "7", "nonsense", studio.publication)),
        (event(studio, id=f"{id_of(START)}0"), "INVALID_ID"),
        (event(studio, viewId="nonsense"), "INVALID_ID"),
        (event(studio, domain="d" * 254), "INVALID_DOMAIN"),
        (event(studio, domain="example\0.com"), "INVALID_DOMAIN"),
        (event(studio, occurredAt="2023-06-15T12:05:00.000001Z"), "IN_THE_FUTURE"),
        (event(studio, occurredAt="1970-01-01T23:59:59Z"), "TOO_OLD"),
    ]

    told = [each for one, _ in refused for each in (one, event(studio))]
    given = await outcomes(studio, "owner", *told)
    assert given == [each for _, reason in refused for each in (dropped(reason), STORED)]
    assert await studio.count("events") == len(refused)
    assert await figures(studio) == Figures(views=len(refused))


async def test_a_dropped_event_is_named_by_the_id_it_came_with(studio: Studio) -> None:
    id = id_of(START).upper()
    answer = await record(
        studio, "owner", event(studio, domain="d" * 254, id=id), event(studio, id="7"), event(studio, "")
    )

    assert answer.data["recordEvents"] == {
        "stored": 0,
        "duplicates": 0,
        "dropped": 3,
        "results": [
            {"id": id, "status": "DROPPED", "reason": "INVALID_DOMAIN"},
            {"id": "7", "status": "DROPPED", "reason": "INVALID_ID"},
            {"id": "", "status": "DROPPED", "reason": "UNKNOWN_SUBJECT"},
        ],
    }


async def test_a_dropped_event_can_be_sent_again_when_it_is_right(studio: Studio) -> None:
    id = id_of(START)

    told = [event(studio, id=id, domain="d" * 254), event(studio, id=id), event(studio, id=id)]
    assert await outcomes(studio, "owner", *told) == [dropped("INVALID_DOMAIN"), STORED, DUPLICATE]


async def test_events_of_others_are_dropped_and_nothing_is_stored(studio: Studio) -> None:
    async with unchanged(studio):
        assert (await record(studio, None, event(studio))).extensions == SIGN_IN_FIRST
        for by in ("stranger", "admin", "member"):
            told = [event(studio, domain="new.example.com", id=id_of(START)), event(studio)]
            assert await outcomes(studio, by, *told) == [dropped("UNKNOWN_SUBJECT")] * 2


async def test_actions_that_have_a_mutation_of_their_own_cannot_be_reported(studio: Studio) -> None:
    async with unchanged(studio):
        for action in ("LIKE", "UNLIKE", "BOOK", "CANCEL", "ENGAGED_VIEW", "view", 1):
            refused = await record(studio, "owner", event(studio), event(studio, action=action))
            assert refused.code == "BAD_USER_INPUT"


async def test_a_report_has_up_to_1000_events(studio: Studio) -> None:
    async with unchanged(studio):
        refused = await record(studio, "owner", *[event(studio)] * 1001)
        assert refused.extensions == bad_input("events", "TOO_MANY_EVENTS")

    assert await outcomes(studio, "owner", *[event(studio)] * 1000) == [STORED] * 1000
    assert await figures(studio) == Figures(views=1000)


async def test_a_long_report_takes_as_many_statements_as_a_short_one(studio: Studio) -> None:
    def varied(number: int) -> dict[str, Any]:
        return event(
            studio,
            occurredAt=(START - timedelta(days=number)).isoformat(),
            domain=f"{number}.example.com",
            userId=studio.people[list(studio.people)[number % 5]].id,
        )

    # The sender's rights are looked up once.
    await outcomes(studio, "owner", varied(0))
    counts = []
    for numbers in (range(1, 2), range(2, 302)):
        with studio.statements() as statements:
            assert set(await outcomes(studio, "owner", *(varied(n) for n in numbers))) == {STORED}
        counts.append(len(statements))
    # Several new domains take one look-up more than one. PostgreSQL looks for many events before it copies
    # them. SQLite takes rows by 256, 128 and so on: at most 9 statements for each of the tables written.
    few, many = counts
    assert many <= few + (2 if studio.services.database.dialect_name == "postgresql" else 8 * 9)


async def test_an_event_happened_when_it_is_told_to_have_happened(studio: Studio) -> None:
    ahead, now = START + timedelta(minutes=5), START
    told: list[tuple[dict[str, Any], datetime]] = [
        ({"occurredAt": "2020-02-29T12:00:00+14:00"}, datetime(2020, 2, 28, 22, tzinfo=UTC)),
        ({"occurredAt": "1970-01-02T00:00:00Z"}, datetime(1970, 1, 2, tzinfo=UTC)),
        ({"occurredAt": "2023-06-15T11:59:59.999999Z"}, START - timedelta(microseconds=1)),
        ({"occurredAt": "2023-06-15T12:00:00.000001Z"}, now),
        ({"occurredAt": ahead.isoformat()}, now),
        ({"occurredAt": "2023-06-01T00:00:00Z", "id": id_of(ahead)}, datetime(2023, 6, 1, tzinfo=UTC)),
        ({}, now),
        ({"occurredAt": None, "id": str(uuid4())}, now),
    ]
    for given, at in told:
        id = given.get("id") or id_of(START)
        assert await outcomes(studio, "owner", event(studio, **{**given, "id": id})) == [STORED]
        (row,) = [row for row in await stored(studio) if row.id == UUID(id)]
        assert (given, row.occurred_at) == (given, at)


async def test_an_event_that_tells_no_time_happened_when_its_id_was_made(studio: Studio) -> None:
    made = {
        id_of(at): expected
        for at, expected in (
            (START - timedelta(days=400, microseconds=999), START - timedelta(days=400, milliseconds=1)),
            (datetime(1970, 1, 2, tzinfo=UTC), datetime(1970, 1, 2, tzinfo=UTC)),
            (START + timedelta(minutes=4), START),
            (START + timedelta(minutes=5), START),
        )
    }
    # An id of another version, and one that is of no version at all.
    others = {"018bd12c-58b0-4683-8a5b-9a0e3f5d1c2b": START, "018bd12c-58b0-7683-4a5b-9a0e3f5d1c2b": START}

    told = [event(studio, id=id) for id in (*made, *others)]
    assert await outcomes(studio, "owner", *told) == [STORED] * 6
    assert {str(row.id): row.occurred_at for row in await stored(studio)} == made | others

    too_late = [id_of(START + timedelta(minutes=5, milliseconds=1)), "ffffffff-ffff-7fff-bfff-ffffffffffff"]
    too_old = [id_of(datetime(1970, 1, 1, 23, 59, 59, tzinfo=UTC)), "00000000-0000-7000-8000-000000000000"]
    async with unchanged(studio):
        assert (
            await outcomes(studio, "owner", *(event(studio, id=id) for id in too_late))
            == [dropped("IN_THE_FUTURE")] * 2
        )
        assert (
            await outcomes(studio, "owner", *(event(studio, id=id) for id in too_old))
            == [dropped("TOO_OLD")] * 2
        )


async def test_views_are_split_by_device_and_domain_as_they_were_told(studio: Studio) -> None:
    longest = ".".join(["d" * 63] * 3 + ["d" * 61])
    told = [
        *[event(studio, deviceCategory="MOBILE", domain="b.com")] * 3,
        *[event(studio, deviceCategory="DESKTOP", domain="B.com ")] * 2,
        event(studio, deviceCategory="MOBILE", domain="a.com"),
        event(studio, domain=longest),
        *[event(studio, domain=domain) for domain in (None, "", " \t")],
    ]
    assert await outcomes(studio, "owner", *told) == [STORED] * 10

    async def views(**arguments: Any) -> tuple[int, list[tuple[str | None, str | None, int]]]:
        series = (await studio.ask(VIEWS, "owner", **arguments)).data["publication"]["views"]
        return series["count"], [tuple(point.values()) for point in series["points"]]

    assert await views() == (10, [(None, None, 10)])
    by_device = [(None, None, 4), ("DESKTOP", None, 2), ("MOBILE", None, 4)]
    assert await views(groupBy=["DEVICE"]) == (10, by_device)
    by_domain = [(None, None, 3), (None, "a.com", 1), (None, "b.com", 5), (None, longest, 1)]
    assert await views(groupBy=["DOMAIN"]) == (10, by_domain)
    of_b = [("DESKTOP", "b.com", 2), ("MOBILE", "b.com", 3)]
    assert await views(groupBy=["DEVICE", "DOMAIN"], domain="b.COM") == (5, of_b)


async def test_users_who_are_named_are_active_and_the_sender_is_not(studio: Studio) -> None:
    people = [studio.people[name].id for name in ("member", "admin", "member")]
    told = [event(studio, userId=id) for id in people]
    late = "2023-05-16T12:00:00Z"
    stale = "2023-05-16T11:59:59.999999Z"
    told += [event(studio, userId=studio.people["stranger"].id, occurredAt=late)]
    told += [event(studio, userId=studio.people["owner"].id, occurredAt=stale)]

    assert await outcomes(studio, "owner", *told, event(studio)) == [STORED] * 6
    assert await figures(studio) == Figures(views=6, active=3)


async def test_a_late_report_does_not_make_anybody_less_recently_active(studio: Studio) -> None:
    member = studio.people["member"].id
    for at in ("2023-06-10T00:00:00Z", "2023-06-15T00:00:00Z", "2023-01-01T00:00:00Z"):
        assert await outcomes(studio, "owner", event(studio, userId=member, occurredAt=at)) == [STORED]

    studio.clock.advance(days=29)
    assert await figures(studio) == Figures(views=3, active=1)
    studio.clock.advance(hours=12, microseconds=1)
    assert await figures(studio) == Figures(views=3)


async def test_a_visitor_is_stored_as_a_keyed_hash_and_never_by_name(studio: Studio) -> None:
    other = await studio.add_publication("other-studio", "cocreator")
    name = "Jane Doe, jane@example.com"

    async def hashes(*told: dict[str, Any]) -> set[bytes]:
        before = set(await stored(studio))
        assert await outcomes(studio, "cocreator", *told) == [STORED] * len(told)
        return {row.visitor for row in set(await stored(studio)) - before}

    (known,) = await hashes(event(studio, visitor=name), event(studio, visitor=name, action="SHARE"))
    assert len(known) == 16
    assert len(await hashes(*(event(studio, visitor=each) for each in (name, "jane", "", "\0")))) == 4
    assert await hashes(event(studio)) == {None}
    (elsewhere,) = await hashes(event(studio, other, visitor=name))
    assert elsewhere != known

    services = replace(studio.services, visitor_keys=VisitorKeys([b"another key"]))
    transport = httpx.ASGITransport(app=create_app(Settings(), services))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        keyed = replace(studio, client=client)
        assert await outcomes(keyed, "cocreator", event(studio, visitor=name)) == [STORED]
    visitors = [row.visitor for row in await stored(studio) if row.visitor]
    # The first visitor's two events and one more, two other names, another tenant, another key.
    assert (len(visitors), len(set(visitors))) == (7, 5)

    rows = [row for table in (await contents(studio.services.database)).values() for row in table]
    assert "jane" not in repr(rows).lower()
    if studio.services.database.dialect_name == "sqlite":
        assert b"jane" not in _file(studio.services.database.url.database or "").lower()


def _file(name: str) -> bytes:
    return b"".join(Path(name + suffix).read_bytes() for suffix in ("", "-wal"))


async def test_one_report_sent_by_many_at_once_is_stored_once(studio: Studio) -> None:
    ids = [id_of(START) for _ in range(20)]
    told = [event(studio, id=id, domain=f"{n % 5}.example.com") for n, id in enumerate(ids)]

    answers = await gather(
        *(record(studio, by, *told[n:], *told[:n]) for n in range(6) for by in ("owner", "cocreator"))
    )

    sums = [tuple(answer.data["recordEvents"].values())[:3] for answer in answers]
    assert [sum(column) for column in zip(*sums, strict=True)] == [20, 220, 0]
    assert (await studio.count("events"), await studio.count("domains")) == (20, 5)
    assert await figures(studio) == Figures(views=20)
