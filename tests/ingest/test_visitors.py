from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import httpx
from sqlalchemy import make_url, select

from ingest.visitors import Salts, named_visitor, passing_visitor
from models import VisitorSalt
from resolvers.context import Services
from server.app import create_app
from server.services import close_services
from server.settings import Settings
from tests.studio import Clock, Studio
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
    studio: Studio, subject: Mapping[str, object], *, address: str = ADDRESS, agent: str = AGENT
) -> bytes | None:
    """The hash under which the visit is stored."""
    app = create_app(Settings(), studio.services)
    action = "VIEW" if "publicationId" in subject else "PROFILE_VIEW"
    transport = httpx.ASGITransport(app=app, client=(address, 4711))
    known = {event.id for event in await stored_events(studio)}
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as browser:
        answer = await browser.post(
            "/collect", json={"subject": subject, "action": action}, headers={"user-agent": agent}
        )
    assert answer.json()["stored"] == 1
    (event,) = (event for event in await stored_events(studio) if event.id not in known)
    return event.visitor


async def test_a_salt_serves_one_day_and_all_workers(services: Services, clock: Clock) -> None:
    today = await services.salts.of(clock.now)

    assert len(today) == 32
    assert await services.salts.of(clock.now + timedelta(hours=11, minutes=59)) == today
    assert await Salts(services.database).of(clock.now) == today
    assert await salts_kept(services) == {"2023-06-15": today}

    tomorrow = await services.salts.of(clock.now + timedelta(hours=12))

    assert tomorrow != today
    assert await salts_kept(services) == {"2023-06-15": today, "2023-06-16": tomorrow}


async def test_a_salt_is_destroyed_48_hours_after_its_day_began(services: Services, clock: Clock) -> None:
    midnight = clock.now - timedelta(hours=12)
    salt = await services.salts.of(midnight)

    await services.salts.destroy_old(midnight + timedelta(hours=48, microseconds=-1))
    assert await salts_kept(services) == {"2023-06-15": salt}

    await services.salts.destroy_old(midnight + timedelta(hours=48))
    assert await salts_kept(services) == {}


async def test_a_new_salt_destroys_the_old_ones(services: Services, clock: Clock) -> None:
    for _ in range(3):
        await services.salts.of(clock.now)
        clock.advance(days=1)

    assert list(await salts_kept(services)) == ["2023-06-16", "2023-06-17"]


async def test_a_visitor_is_the_same_all_day_and_another_the_next(studio: Studio) -> None:
    subject = {"publicationId": studio.publication}
    first = await visit(studio, subject)
    studio.clock.advance(hours=11)
    assert await visit(studio, subject) == first

    studio.clock.advance(hours=1)
    assert await visit(studio, subject) not in (first, None)


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
    assert {len(hash) for hash in names | passing} == {16}
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
    salt = await studio.services.salts.of(studio.clock.now)
    studio.clock.advance(days=2)
    await studio.services.salts.destroy_old(studio.clock.now)

    content = await everything(studio, database_url, engine)

    assert b"ai-research-studio" in content
    assert [secret for secret in (name, ADDRESS, AGENT) if secret.encode() in content] == []
    assert salt not in content
    assert salt.hex().encode() not in content


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
