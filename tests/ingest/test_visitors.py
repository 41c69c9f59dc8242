from collections.abc import Mapping
from datetime import date, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from sqlalchemy import make_url, select, update

from base.calendar import day_of, time_zone
from ingest.visitors import Salts, VisitorKeys, name_of, named_visitor, passing_visitor
from models import Tenant, VisitorSalt
from resolvers.context import Services
from server.app import create_app
from server.services import close_services
from server.settings import Settings
from tests.studio import SECRET, Clock, Studio
from tests.subjects import add_subjects, stored_events

AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0"
OTHER_AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
ADDRESS = "203.0.113.77"


async def salts_kept(services: Services) -> dict[str, bytes]:
    """By their days."""
    async with services.database.writing() as session:
        rows = (await session.execute(select(VisitorSalt))).scalars()
        return {row.day.isoformat(): row.salt for row in rows}


async def visit(
    studio: Studio,
    subject: Mapping[str, object],
    *,
    address: str = ADDRESS,
    agent: str = AGENT,
    **given: object,
) -> bytes | None:
    """The hash under which the visit is stored."""
    app = create_app(Settings(), studio.services)
    action = "VIEW" if "publicationId" in subject else "PROFILE_VIEW"
    transport = httpx.ASGITransport(app=app, client=(address, 4711))
    known = {event.id for event in await stored_events(studio)}
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as browser:
        answer = await browser.post(
            "/collect", json={"subject": subject, "action": action, **given}, headers={"user-agent": agent}
        )
    assert answer.json()["stored"] == 1
    (event,) = (event for event in await stored_events(studio) if event.id not in known)
    return event.visitor


async def test_a_salt_serves_one_date_and_all_workers(services: Services, clock: Clock) -> None:
    now = await services.salts.at(clock.now)

    assert [day.isoformat() for day in now.by_day] == ["2023-06-14", "2023-06-15", "2023-06-16"]
    assert {len(salt) for salt in now.by_day.values()} == {32}
    assert len(set(now.by_day.values())) == 3
    assert await services.salts.at(clock.now + timedelta(hours=11, minutes=59)) == now
    assert await Salts(services.database, VisitorKeys([SECRET.encode()])).at(clock.now) == now

    tomorrow = await services.salts.at(clock.now + timedelta(hours=12))

    assert [day.isoformat() for day in tomorrow.by_day] == ["2023-06-15", "2023-06-16", "2023-06-17"]
    assert [tomorrow.by_day[day] for day in list(now.by_day)[1:]] == list(now.by_day.values())[1:]


async def test_the_database_has_no_salt_but_seeds(services: Services, clock: Clock) -> None:
    salts = (await services.salts.at(clock.now)).by_day
    kept = await salts_kept(services)
    other = (await Salts(services.database, VisitorKeys([b"another secret"])).at(clock.now)).by_day

    assert list(kept) == ["2023-06-14", "2023-06-15", "2023-06-16"]
    assert not {*salts.values()} & {*kept.values()}
    assert not {*salts.values()} & {*other.values()}


@pytest.mark.parametrize(
    ("occurred_at", "zone", "day"),
    [
        ("2023-06-15T12:00:00Z", "UTC", 15),
        ("2023-06-15T12:00:00Z", "Pacific/Kiritimati", 16),
        ("2023-06-15T06:59:59Z", "America/Los_Angeles", 14),
        ("2023-06-15T07:00:00Z", "America/Los_Angeles", 15),
        ("2023-06-14T00:00:00Z", "UTC", 14),
        # Its own salt is gone: that of the day on which it comes.
        ("2023-06-13T23:59:59Z", "UTC", 15),
        ("2023-06-13T23:59:59Z", "Pacific/Kiritimati", 14),
        ("2023-06-12T12:00:00Z", "Pacific/Kiritimati", 16),
    ],
)
async def test_a_visit_has_the_salt_of_its_local_day(
    services: Services, clock: Clock, occurred_at: str, zone: str, day: int
) -> None:
    salts = await services.salts.at(clock.now)

    at, local = datetime.fromisoformat(occurred_at), time_zone(zone)
    found = salts.of_day(day_of(at, local), clock.now, local)

    assert found == salts.by_day[date(2023, 6, day)]


async def test_a_salt_is_destroyed_48_hours_after_its_day_began(services: Services, clock: Clock) -> None:
    midnight = clock.now - timedelta(hours=12)
    await services.salts.at(midnight)

    await services.salts.destroy_old(midnight + timedelta(hours=48, microseconds=-1))
    assert list(await salts_kept(services)) == ["2023-06-15", "2023-06-16"]

    await services.salts.destroy_old(midnight + timedelta(hours=48))
    assert list(await salts_kept(services)) == ["2023-06-16"]


async def test_what_is_kept_is_the_same_after_others_were_destroyed(services: Services, clock: Clock) -> None:
    before = (await services.salts.at(clock.now)).by_day
    clock.advance(days=1)
    await services.salts.destroy_old(clock.now)

    after = (await services.salts.at(clock.now)).by_day

    assert [after[day] for day in list(before)[1:]] == list(before.values())[1:]


async def test_nothing_is_locked_where_nothing_is_to_be_destroyed(services: Services, clock: Clock) -> None:
    await services.salts.at(clock.now)
    await services.salts.destroy_old(clock.now)
    seen: list[str] = []
    with services.database.observed(seen.append):
        await services.salts.destroy_old(clock.now)

    assert len(seen) == 1
    assert seen[0].startswith("SELECT")


async def in_zone(studio: Studio, zone: str) -> None:
    async with studio.services.database.writing() as session:
        await session.execute(update(Tenant).values(time_zone=zone))


async def test_a_visitor_is_the_same_all_day_and_another_the_next(studio: Studio) -> None:
    subject = {"publicationId": studio.publication}
    first = await visit(studio, subject)
    studio.clock.advance(hours=11)
    assert await visit(studio, subject) == first

    studio.clock.advance(hours=1)
    assert await visit(studio, subject) not in (first, None)


async def test_a_visitors_day_is_the_tenants(studio: Studio) -> None:
    """23:50 and 00:10 in UTC are one afternoon in Los Angeles; its midnight is 07:00 in UTC."""
    await in_zone(studio, "America/Los_Angeles")
    subject = {"publicationId": studio.publication}
    studio.clock.advance(hours=11, minutes=50)
    first = await visit(studio, subject)
    studio.clock.advance(minutes=20)

    assert await visit(studio, subject) == first
    assert await uniques(studio, "2023-06-15T07:00:00Z", "2023-06-16T06:59:59Z") == 1

    studio.clock.advance(hours=7)
    assert await visit(studio, subject) not in (first, None)


async def test_what_was_sent_late_is_of_the_visitor_of_its_day(studio: Studio) -> None:
    subject = {"publicationId": studio.publication}
    first = await visit(studio, subject)
    at = studio.clock.now.isoformat()
    studio.clock.advance(hours=20)

    assert await visit(studio, subject, occurredAt=at) == first
    assert await visit(studio, subject) not in (first, None)
    assert await uniques(studio, "2023-06-15", "2023-06-15") == 1


async def test_all_addresses_of_one_ipv6_network_are_one_visitor(studio: Studio) -> None:
    subject = {"publicationId": studio.publication}
    seen = {await visit(studio, subject, address=f"2001:db8:1:2:{n:x}::{n}") for n in range(10)}

    assert len(seen) == 1
    assert await uniques(studio, "2023-06-15", "2023-06-15") == 1
    assert await visit(studio, subject, address="2001:db8:1:3::1") not in seen
    assert await visit(studio, subject, address="203.0.113.7") == await visit(
        studio, subject, address="::ffff:203.0.113.7"
    )


UNIQUES = """query($start: RangeBound!, $end: RangeBound!) { publication(url: "ai-research-studio") {
  metrics(range: {start: $start, end: $end}) { uniqueVisitors { estimate } } } }"""


async def uniques(studio: Studio, start: str, end: str) -> int:
    answer = await studio.ask(UNIQUES, "owner", start=start, end=end)
    return int(answer.data["publication"]["metrics"]["uniqueVisitors"]["estimate"])


NO_NAMES = [
    "",
    "  \t",
    "undefined",
    " Undefined ",
    "null",
    "NULL",
    "(null)",
    "<nil>",
    "None",
    "NaN",
    "unknown",
    "(not set)",
    "[object Object]",
    "00000000-0000-0000-0000-000000000000",
    "{00000000-0000-0000-0000-000000000000}",
    "00000000000000000000000000000000",
    "ffffffff-ffff-ffff-ffff-ffffffffffff",
    '""',
    "{}",
    "-",
]


@pytest.mark.parametrize("text", NO_NAMES)
def test_what_stands_where_there_is_no_name_is_none(text: str) -> None:
    assert name_of(text) is None


@pytest.mark.parametrize(
    "text", ["0", "ada", "nullable", "Nona", "1f0f2ed4-0000-0000-0000-000000000000", "🦉"]
)
def test_any_other_name_is_one(text: str) -> None:
    assert name_of(f" {text}\n") == text


async def test_an_event_without_a_name_counts_and_is_nobodys(studio: Studio) -> None:
    view = {"subject": {"publicationId": studio.publication}, "action": "VIEW"}
    await studio.report([{**view, "visitor": text} for text in NO_NAMES], "owner")
    await studio.report([{**view, "visitor": "ada"}, {**view, "visitor": " ada "}], "owner")

    assert [event.visitor is None for event in await stored_events(studio)].count(True) == len(NO_NAMES)
    assert await uniques(studio, "2023-06-15", "2023-06-15") == 1


async def test_another_address_or_agent_is_another_visitor(studio: Studio) -> None:
    subject = {"publicationId": studio.publication}
    seen = {
        await visit(studio, subject),
        await visit(studio, subject, address="203.0.113.78"),
        await visit(studio, subject, agent=OTHER_AGENT),
    }

    assert len(seen - {None}) == 3


async def test_visitors_of_two_tenants_cannot_be_linked(studio: Studio) -> None:
    subjects = await add_subjects(studio)

    assert await visit(studio, subjects.publication) != await visit(studio, subjects.profile)


def test_hashes_depend_on_key_tenant_and_person() -> None:
    key, salt = b"k" * 80, b"s" * 32
    names = {named_visitor(key, 1, "ada"), named_visitor(key, 2, "ada"), named_visitor(b"k", 1, "ada")}
    passing = {
        passing_visitor(salt, 1, ADDRESS, AGENT),
        passing_visitor(salt, 2, ADDRESS, AGENT),
        passing_visitor(b"t" * 32, 1, ADDRESS, AGENT),
        # The two parts of what is hashed do not run into each other.
        passing_visitor(salt, 1, ADDRESS + "\n", AGENT),
    }

    assert len(names) == 3
    assert len(passing) == 4
    # By which those who may turn out to be somebody's are told from those who never will.
    assert ({len(hash) for hash in names}, {len(hash) for hash in passing}) == ({16}, {15})
    assert named_visitor(key, 1, "ada") == named_visitor(key, 1, "ada")


async def test_nothing_of_a_visitor_is_stored_in_the_clear(
    studio: Studio, database_url: str, engine: str
) -> None:
    name = "ada.lovelace@analytical.example"
    await visit(studio, {"publicationId": studio.publication})
    recorded = await studio.ask(
        "mutation($events: [EventInput!]!) { recordEvents(events: $events) { stored } }",
        "owner",
        events=[{"subject": {"publicationId": studio.publication}, "action": "VIEW", "visitor": name}],
    )
    assert recorded.data == {"recordEvents": {"stored": 1}}
    content = await everything(studio, database_url, engine)

    assert b"ai-research-studio" in content
    assert [secret for secret in (name, ADDRESS, AGENT) if secret.encode() in content] == []


async def everything(studio: Studio, database_url: str, engine: str) -> bytes:
    """The bytes of SQLite's file; on PostgreSQL, every row as text."""
    if engine == "sqlite":
        await close_services(studio.services)
        path = make_url(database_url).database
        assert path
        return b"".join(file.read_bytes() for file in Path(path).parent.glob(f"{Path(path).name}*"))
    async with studio.services.database.engine.connect() as connection:
        tables = (
            await connection.exec_driver_sql(
                "SELECT quote_ident(table_name) FROM information_schema.tables WHERE table_schema = 'public'"
            )
        ).scalars()
        rows: list[str] = []
        for table in tables:
            found = await connection.exec_driver_sql(f"SELECT row(t.*)::text FROM {table} AS t")  # noqa: S608
            rows += found.scalars()
        await connection.rollback()
    return "\n".join(rows).encode()
