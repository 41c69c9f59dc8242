"""Named visitors who came without being signed in, and are known as users by now: where they came, day by
day.
"""

import asyncio
import sqlite3
from asyncio import create_task
from datetime import date, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select, text

from audit import operator
from base.calendar import AFTER_LAST_DAY, FIRST_DAY
from base.ids import uuid7
from database import Database, table_of
from ingest.discrepancy_rows import DiscrepancyRow
from ingest.events import NewEvent
from ingest.prune import prune
from ingest.rebuild import Rebuilt, change_time_zone, rebuild
from ingest.store import store
from ingest.verify import Verification
from models import SUBJECT_OF, TAKES_BACK, Action, Event, LinkedVisit, Tenant, VisitorLink
from resolvers.context import Services
from tests.deletions.life import discrepancies
from tests.studio import START, Studio
from tests.waiting import somebody_waits

LINKS = table_of(VisitorLink).c
Visit = tuple[int, int, int, date, bytes]
ACTIONS = (Action.VIEW, Action.LIKE, Action.UNLIKE, Action.VIEW_3D, Action.PROFILE_VIEW)
NAMES = [bytes([number]) * 16 for number in range(8)]
ALL = FIRST_DAY, AFTER_LAST_DAY
NEVER_LINKED = b"never is a user."


async def add_tenant(database: Database, zone: str = "UTC") -> int:
    async with database.writing() as session:
        tenant = Tenant(time_zone=zone)
        session.add(tenant)
    return tenant.id


async def kept(database: Database) -> set[Visit]:
    async with database.snapshot() as connection:
        return set(map(tuple, await connection.execute(select(table_of(LinkedVisit)))))


async def right(database: Database, zone: str) -> set[Visit]:
    """What the events and the links say."""
    async with database.snapshot() as connection:
        events = (await connection.execute(select(table_of(Event)))).all()
        links = set(map(tuple, await connection.execute(select(LINKS.tenant_id, LINKS.visitor))))
    return {
        (
            event.tenant_id,
            SUBJECT_OF[Action(event.action)],
            event.subject_id,
            event.occurred_at.astimezone(ZoneInfo(zone)).date(),
            event.visitor,
        )
        for event in events
        if event.user_id is None
        and (event.tenant_id, event.visitor) in links
        and Action(event.action) not in TAKES_BACK
    }


def event(
    tenant: int, at: datetime, visitor: bytes | None, user: int | None = None, *, subject: int = 1
) -> NewEvent:
    return NewEvent(tenant, uuid7(at), subject, Action.VIEW, at, user_id=user, visitor=visitor)


def drawn(random: Random, tenant: int, count: int) -> list[NewEvent]:
    events = []
    for _ in range(count):
        at = START - timedelta(days=random.random() * 80)
        name = random.choice((None, NEVER_LINKED, random.randbytes(15), *NAMES))
        user = random.choice((1, 2)) if name in NAMES and random.random() < 0.05 else None
        one = event(tenant, at, name, user, subject=random.randint(1, 3))
        events.append(one._replace(action=random.choice(ACTIONS)))
    return events


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Pacific/Kiritimati"])
async def test_every_visit_is_kept_once_whatever_comes_first_and_side_by_side(
    services: Services, zone: str
) -> None:
    random = Random(f"visits {zone}")  # noqa: S311
    database = services.database
    tenants = [await add_tenant(database, zone) for _ in range(2)]
    events = [one for tenant in tenants for one in drawn(random, tenant, 400)]
    random.shuffle(events)

    for start in range(0, len(events), 200):
        parts = [events[start + place : start + place + 50] for place in range(0, 200, 50)]
        await asyncio.gather(*(services.buffer.add(part) for part in parts))

    visits = await right(database, zone)
    assert len(visits) > 200
    assert not [visit for visit in visits if visit[-1] == NEVER_LINKED]
    assert await kept(database) == visits
    for tenant in tenants:
        assert [row async for row in Verification(database, tenant, "it", *ALL).rows()] == []


@pytest.mark.parametrize("engine", ["postgresql"])
@pytest.mark.parametrize("is_link_first", [True, False])
async def test_a_link_and_a_visit_that_come_at_the_same_time_do_not_miss_each_other(
    services: Services, is_link_first: bool
) -> None:
    """They are of other subjects and days, so that they count nothing together."""
    database = services.database
    tenant = await add_tenant(database)
    await services.buffer.add([event(tenant, START, None, subject=3)])
    days = (event(tenant, START, NAMES[0], 7), event(tenant, START - timedelta(days=40), NAMES[0], subject=2))
    one, other = days if is_link_first else days[::-1]

    async def store_other() -> None:
        async with database.writing() as session:
            await store(session, [other])

    async with database.writing() as session:
        await store(session, [one])
        task = create_task(store_other())
        await somebody_waits(database, task)
    await task

    assert await kept(database) == {(tenant, 1, 2, date(2023, 5, 6), NAMES[0])}


async def test_visits_of_a_batch_that_links_its_own_visitor_are_kept(services: Services) -> None:
    tenant = await add_tenant(services.database)
    day = timedelta(days=1)
    await services.buffer.add(
        [
            event(tenant, START, NAMES[0]),
            event(tenant, START - day, NAMES[0]),
            event(tenant, START - 2 * day, NAMES[0], 7),
            event(tenant, START, NAMES[1]),
        ]
    )

    assert await kept(services.database) == {(tenant, 1, 1, date(2023, 6, day), NAMES[0]) for day in (14, 15)}


async def test_visits_that_are_wrong_are_found_and_mended(services: Services) -> None:
    database = services.database
    tenant = await add_tenant(database)
    await services.buffer.add([event(tenant, START, NAMES[1]), event(tenant, START, NAMES[1], 7)])
    visits = await kept(database)
    visitor = "01" * 16
    added = "INSERT INTO linked_visits SELECT tenant_id, 2, 9, day, visitor FROM linked_visits"
    planted = {
        "DELETE FROM linked_visits": ("publication 1", "-", "a visit"),
        added: ("asset 9", "a visit", "-"),
    }

    for statement, (subject, was, should_be) in planted.items():
        async with database.writing() as session:
            await session.execute(text(statement))
        found = [row async for row in Verification(database, tenant, "it", *ALL).rows()]
        named = f"{subject} visitor {visitor}"
        assert found == [
            DiscrepancyRow("linked_visits", "it", named, "-", "2023-06-15", "-", "-", was, should_be)
        ]
        assert await rebuild(database, tenant, *ALL) == Rebuilt(1, None)
        assert await kept(database) == visits


async def test_visits_move_with_the_days_of_the_tenant(services: Services) -> None:
    database = services.database
    tenant = await add_tenant(database)
    await services.buffer.add(drawn(Random(5), tenant, 300))  # noqa: S311
    before = await kept(database)
    assert before == await right(database, "UTC")

    await change_time_zone(database, tenant, "Pacific/Kiritimati", operator("tenant time-zone", START))

    assert before != await kept(database) == await right(database, "Pacific/Kiritimati")


async def test_visits_are_pruned_with_their_events(services: Services) -> None:
    database = services.database
    tenant = await add_tenant(database)
    await services.buffer.add(
        [event(tenant, START - timedelta(days=5), NAMES[0]), event(tenant, START, NAMES[0], 7)]
    )
    assert await kept(database) == {(tenant, 1, 1, date(2023, 6, 10), NAMES[0])}

    await prune(database, [tenant], START, keep=timedelta(days=1))

    assert await kept(database) == set()
    assert [row async for row in Verification(database, tenant, "it", *ALL).rows()] == []


REMOVE = """mutation($subject: EventSubject!, $ids: [ID!]!) {
  removeEvents(subject: $subject, eventIds: $ids) { removed } }"""


async def test_visits_go_with_their_last_event_and_with_the_link(studio: Studio) -> None:
    publication = {"publicationId": studio.publication}
    ids = {name: str(uuid7(studio.clock.now)) for name in ("link", "first", "second", "other")}
    view = {"subject": publication, "action": "VIEW", "visitor": "ada"}
    named = {**view, "id": ids["link"], "userId": studio.people["member"].id}
    lone = [{**view, "id": ids[name]} for name in ("first", "second", "other")]
    lone[2]["occurredAt"] = (studio.clock.now - timedelta(days=3)).isoformat()
    await studio.report([named, *lone], "owner")

    async def left(*names: str) -> list[date]:
        gone = [ids[name] for name in names]
        assert (await studio.ask(REMOVE, "owner", subject=publication, ids=gone)).data
        assert await discrepancies(studio.services.database) == []
        return sorted(day for _, _, _, day, _ in await kept(studio.services.database))

    assert await left() == [date(2023, 6, 12), date(2023, 6, 15)]
    assert await left("first") == [date(2023, 6, 12), date(2023, 6, 15)]
    assert await left("second") == [date(2023, 6, 12)]
    assert await left("link") == []
    await studio.report([{**named, "id": str(uuid7(studio.clock.now))}], "owner")
    assert await left() == [date(2023, 6, 12)]
    assert await left("other") == []


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_events_are_found_by_the_segment_and_the_visitor(studio: Studio) -> None:
    """In a new file, which has no statistics."""
    publication = {"publicationId": studio.publication}
    view = {"subject": publication, "action": "VIEW", "visitor": "ada", "id": str(uuid7(studio.clock.now))}
    with studio.statements() as statements:
        await studio.report([{**view, "userId": studio.people["member"].id}], "owner")
        assert (await studio.ask(REMOVE, "owner", subject=publication, ids=[view["id"]])).data

    found = {text for text in statements if "RECURSIVE known" in text}
    found_by = []
    with sqlite3.connect(studio.services.database.url.database or "") as connection:
        for statement in sorted(found):
            plan = connection.execute(f"EXPLAIN QUERY PLAN {statement}", [None] * statement.count("?"))
            found_by += [detail for *_, detail in plan if " events " in f"{detail} "]
    connection.close()
    next_, its = "tenant_id=? AND segment>?", "tenant_id=? AND segment=? AND visitor=?"
    assert [step.partition("INDEX ")[2] for step in found_by] == [
        f"ix_events_segment ({next_})",
        f"ix_events_segment ({its})",
        f"ix_events_segment ({next_})",
        f"ix_events_segment ({its})",
    ]
