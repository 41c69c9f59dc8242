"""What operators do while events come in."""

import asyncio
import os
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from tempfile import TemporaryFile
from typing import Any, NamedTuple
from uuid import UUID

import pytest
import pytest_asyncio
from sqlalchemy import text
from typer.testing import CliRunner, Result

from audit import operator
from base.calendar import AFTER_LAST_DAY, FIRST_DAY
from base.errors import Conflict
from base.ids import Kind, global_id, uuid7
from database import Database, ensure_partitions
from ingest.batch_writer import StoreResult
from ingest.buffer import Buffer
from ingest.discrepancy_rows import DiscrepancyRow
from ingest.events import NewEvent
from ingest.prune import Pruned, prune
from ingest.rebuild import Rebuilt, change_time_zone, rebuild
from ingest.topics import Topics
from ingest.verify import Verification
from models import Action, Device, Organization, Tenant
from resolvers.context import Services
from server import migrations
from server.accounts import create_user
from server.background_jobs import background_jobs
from server.commands.cli import app
from tests.ingest.brute import Cell, counted, drawn, stored
from tests.partitions import partitions_with_events
from tests.server.forks import fork
from tests.server.program import ROOT, environment
from tests.studio import SECRET, START, Clock, Studio

ALL = FIRST_DAY, AFTER_LAST_DAY
DAY = timedelta(days=1)
VIEW = uuid7(START)
OPERATOR = operator("tenant time-zone", START)


class World(NamedTuple):
    """A user who counts in New York, an organization in UTC, and what happened to what is theirs."""

    database: Database
    user: int
    organization: int
    organization_id: str
    events: list[NewEvent]

    def of(self, tenant_id: int) -> list[NewEvent]:
        return [event for event in self.events if event.tenant_id == tenant_id]

    async def lines(self, days: tuple[date, date] = ALL) -> list[DiscrepancyRow]:
        """What the verification of the user's totals finds."""
        verification = Verification(self.database, self.user, "ada", *days)
        return [line async for line in verification.rows()]

    async def execute(self, *statements: str) -> None:
        async with self.database.writing() as session:
            for statement in statements:
                await session.execute(text(statement))

    async def scalars(self, statement: str, **parameters: Any) -> list[Any]:
        async with self.database.snapshot() as connection:
            return list(await connection.scalars(text(statement), parameters))


def of_month(counts: Counter[Cell], month: int) -> Counter[Cell]:
    return Counter({cell: n for cell, n in counts.items() if cell[2].month == month})


def by_month(days: Counter[Cell]) -> Counter[Cell]:
    months: Counter[Cell] = Counter()
    for (subject, action, day, device, domain), n in days.items():
        months[subject, action, day.replace(day=1), device, domain] += n
    return months


def ever(months: Counter[Cell]) -> Counter[tuple[int, int]]:
    totals: Counter[tuple[int, int]] = Counter()
    for (subject, action, *_), n in months.items():
        totals[subject, action] += n
    return totals


@pytest_asyncio.fixture
async def empty(services: Services, clock: Clock) -> World:
    """Nothing happened yet."""
    user = await create_user(
        services.database, clock.now, email="ada@example.com", username="ada", password=None, name=None
    )
    async with services.database.writing() as session:
        await session.execute(text("UPDATE tenants SET time_zone = 'America/New_York'"))
        tenant = Tenant()
        session.add(tenant)
        await session.flush()
        organization = Organization(
            public_id=uuid7(clock.now), tenant_id=tenant.id, name="Works", created_at=clock.now
        )
        session.add(organization)
    id = global_id(Kind.ORGANIZATION, organization.public_id)
    return World(services.database, user.tenant_id, tenant.id, id, [])


@pytest_asyncio.fixture
async def world(empty: World, services: Services) -> World:
    """Events of 80 days came in side by side, some of them twice."""
    random = Random(3)  # noqa: S311
    events = [
        *drawn(random, empty.user, START, count=700),
        *drawn(random, empty.organization, START, count=300),
    ]
    random.shuffle(events)
    again = random.sample(events, 100)
    parts = events[:400], events[300:800], events[800:], again
    await asyncio.gather(*(services.buffer.add(part) for part in parts))
    empty.events.extend(events)
    return empty


@pytest_asyncio.fixture
async def small(empty: World, services: Services) -> World:
    """Two views of a publication late on June 10 in New York, and an interaction on June 12."""

    def event(action: Action, subject: int, at: str, device: Device, *rest: Any) -> NewEvent:
        instant = datetime.fromisoformat(at)
        return NewEvent(empty.user, uuid7(instant), subject, action, instant, device, *rest)

    empty.events.extend(
        [
            event(Action.VIEW, 1, "2023-06-11T03:30:00Z", Device.DESKTOP, "example.com", None, 4),
            event(Action.VIEW, 1, "2023-06-11T03:40:00Z", Device.DESKTOP, "example.com", None, None, b"who"),
            event(Action.INTERACTION, 2, "2023-06-12T10:00:00Z", Device.MOBILE, None, VIEW, None, b"who"),
        ]
    )
    await services.buffer.add(empty.events)
    return empty


async def test_what_was_counted_as_it_came_in_is_what_is_counted_anew(world: World) -> None:
    verification = Verification(world.database, world.organization, "org", *ALL)

    assert await world.lines() == []
    assert [line async for line in verification.rows()] == []
    assert await stored(world.database, world.user) == counted(world.of(world.user), "America/New_York")
    assert await stored(world.database, world.organization) == counted(world.of(world.organization), "UTC")


async def test_every_difference_is_found_by_itself_and_mended(small: World) -> None:
    first = f"2023-06-12T10:00:00Z event {small.events[2].id} asset 2 MOBILE domain 0"
    view = f"asset 2 view {VIEW}"
    planted = {
        "UPDATE day_totals SET count = count + 5 WHERE action = 1": (
            "day_totals", "publication 1", "VIEW", "2023-06-10", "DESKTOP", "example.com", "7", "2",
        ),
        "DELETE FROM day_totals WHERE action = 23": (
            "day_totals", "asset 2", "INTERACTION", "2023-06-12", "MOBILE", "-", "-", "1",
        ),
        "INSERT INTO day_totals SELECT tenant_id, 99, 40, day, 3, 0, 2 FROM day_totals WHERE action = 1": (
            "day_totals", "work 99", "PLAY", "2023-06-10", "TABLET", "-", "2", "-",
        ),
        "UPDATE month_totals SET count = 0 WHERE action = 24": (
            "month_totals", "asset 2", "ENGAGED_VIEW", "2023-06", "MOBILE", "-", "-", "1",
        ),
        "UPDATE subject_totals SET count = 9 WHERE action = 1": (
            "subject_totals", "publication 1", "VIEW", "-", "-", "-", "9", "2",
        ),
        "DELETE FROM subject_totals WHERE action = 24": (
            "subject_totals", "asset 2", "ENGAGED_VIEW", "-", "-", "-", "-", "1",
        ),
        "INSERT INTO subject_totals SELECT tenant_id, 99, 40, 2 FROM subject_totals WHERE action = 1": (
            "subject_totals", "work 99", "PLAY", "-", "-", "-", "2", "-",
        ),
        "DELETE FROM active_users": (
            "active_users", "publication 1 user 4", "-", "2023-06-10", "-", "-", "-", "2023-06-11T03:30:00Z",
        ),
        "INSERT INTO active_users SELECT tenant_id, 3, 8, 5, last_active_at FROM active_users": (
            "active_users", "profile 8 user 5", "-", "2023-06-10", "-", "-", "2023-06-11T03:30:00Z", "-",
        ),
        "DELETE FROM engaged_views": ("engaged_views", view, "-", "2023-06-12", "MOBILE", "-", "-", first),
        "UPDATE engaged_views SET device = 3": (
            "engaged_views", view, "-", "2023-06-12", "MOBILE", "-", first.replace("MOBILE", "TABLET"), first,
        ),
        "DELETE FROM visitor_sketches WHERE subject_kind = 2": (
            "visitor_sketches", "asset 2", "-", "2023-06-12", "-", "-", "-", "about 1",
        ),
        "UPDATE visitor_sketches SET version = 0 WHERE subject_kind = 1": (
            "visitor_sketches", "publication 1", "-", "2023-06-10", "-", "-", "version 0", "about 2",
        ),
        "UPDATE visitor_sketches SET sketch = t.sketch FROM visitor_sketches AS t WHERE t.subject_kind = 2 "
        "AND t.tenant_id = visitor_sketches.tenant_id AND visitor_sketches.subject_kind = 0": (
            "visitor_sketches", "all", "-", "2023-06-10", "-", "-", "about 1", "about 2",
        ),
    }  # fmt: skip
    right = await stored(small.database, small.user)
    for statement, (table, *rest) in planted.items():
        await small.execute(statement)

        assert await small.lines() == [DiscrepancyRow(table, "ada", *rest)], statement
        assert await rebuild(small.database, small.user, *ALL) == Rebuilt(1, None), statement
        assert await small.lines() == [], statement
    assert await stored(small.database, small.user) == right
    assert await rebuild(small.database, small.user, *ALL) == Rebuilt(0, None)


async def test_days_that_are_counted_anew_are_counted_anew_for_all_time(small: World) -> None:
    """As when an operator has deleted events that somebody made up."""
    await small.execute("DELETE FROM events WHERE action = 23", "DELETE FROM events WHERE user_id = 4")

    assert await rebuild(small.database, small.user, date(2023, 6, 12), date(2023, 6, 13)) == Rebuilt(9, None)
    assert (await stored(small.database, small.user)).ever == {(1, 1): 2}
    assert await rebuild(small.database, small.user, date(2023, 6, 10), date(2023, 6, 11)) == Rebuilt(6, None)
    assert (await stored(small.database, small.user)).ever == {(1, 1): 1}
    assert await small.lines() == []


async def test_a_total_of_zero_is_as_good_as_none(small: World) -> None:
    await small.execute(
        "INSERT INTO day_totals SELECT tenant_id, 99, 40, day, 3, 0, 0 FROM day_totals WHERE action = 1"
    )

    assert await small.lines() == []


async def test_only_the_days_asked_for_are_verified_and_only_months_within_them(small: World) -> None:
    tables = "day_totals", "month_totals", "subject_totals"
    await small.execute(*(f"UPDATE {table} SET count = 9" for table in tables))  # noqa: S608

    async def found(first: str, stop: str) -> list[tuple[str, str, str]]:
        lines = await small.lines((date.fromisoformat(first), date.fromisoformat(stop)))
        return [(line.table, line.action, line.day) for line in lines]

    view, interaction, engaged = (
        ("day_totals", "VIEW", "2023-06-10"),
        ("day_totals", "INTERACTION", "2023-06-12"),
        ("day_totals", "ENGAGED_VIEW", "2023-06-12"),
    )
    assert await found("2023-06-10", "2023-06-11") == [view]
    assert await found("2023-06-11", "2023-06-12") == []
    assert await found("2023-06-02", "2023-07-01") == [view, interaction, engaged]
    assert sorted(await found("2023-06-01", "2023-07-01")) == sorted(
        [
            view,
            interaction,
            engaged,
            *(("month_totals", line[1], "2023-06") for line in (view, interaction, engaged)),
            *(("subject_totals", line[1], "-") for line in (view, interaction, engaged)),
        ]
    )


async def test_a_part_is_rebuilt_with_the_months_that_it_lies_in(world: World) -> None:
    await world.execute("UPDATE day_totals SET count = count + 1", "DELETE FROM month_totals")
    wrong = {line for line in await world.lines() if line.table == "day_totals"}
    part = date(2023, 5, 10), date(2023, 5, 20)

    await rebuild(world.database, world.user, *part)

    left = {line for line in await world.lines() if line.table == "day_totals"}
    assert left == {line for line in wrong if not str(part[0]) <= line.day < str(part[1])}
    assert len(left) < len(wrong)
    totals = await stored(world.database, world.user)
    assert of_month(totals.months, 5) == by_month(of_month(totals.days, 5))
    assert totals.ever == ever(totals.months)


async def test_totals_are_mended_while_others_write(world: World, database_url: str) -> None:
    random = Random(4)  # noqa: S311
    fresh = drawn(random, world.user, START, count=600)
    views = [event.view_id for event in world.of(world.user) if event.view_id]
    fresh = [event._replace(view_id=random.choice(views)) if event.view_id else event for event in fresh]
    await world.execute(
        "UPDATE day_totals SET count = count + 1",
        "DELETE FROM month_totals WHERE subject_id = 1",
        "DELETE FROM active_users WHERE subject_id = 2",
        "DELETE FROM engaged_views WHERE subject_id = 1",
        "DELETE FROM visitor_sketches WHERE subject_id = 3",
        "DELETE FROM subject_totals WHERE subject_id = 1",
        "UPDATE subject_totals SET count = count + 1 WHERE subject_id = 3",
        "UPDATE visitor_sketches SET version = 0 WHERE subject_kind = 0",
    )
    others = [Database(database_url) for _ in range(3)]

    async def write(database: Database, events: list[NewEvent]) -> None:
        buffer = Buffer(database, Topics())
        for start in range(0, len(events), 20):
            await buffer.add(events[start : start + 20])
        await buffer.close()

    await asyncio.gather(
        write(others[0], fresh[:300]),
        write(others[1], fresh[300:]),
        rebuild(others[2], world.user, *ALL),
    )
    for database in others:
        await database.close()

    assert await world.lines() == []
    events = [*world.of(world.user), *fresh]
    assert await stored(world.database, world.user) == counted(events, "America/New_York")


async def test_another_time_zone_gives_the_totals_of_its_days(world: World, database_url: str) -> None:
    fresh = drawn(Random(5), world.user, START, count=200)  # noqa: S311
    other = Database(database_url)
    buffer = Buffer(other, Topics())

    await asyncio.gather(
        change_time_zone(world.database, world.user, "Asia/Kolkata", OPERATOR),
        *(buffer.add(fresh[start : start + 20]) for start in range(0, 200, 20)),
    )
    await buffer.close()
    await other.close()

    assert await world.lines() == []
    events = [*world.of(world.user), *fresh]
    assert await stored(world.database, world.user) == counted(events, "Asia/Kolkata")
    assert await stored(world.database, world.organization) == counted(world.of(world.organization), "UTC")


async def test_pruning_keeps_totals_and_whole_days(world: World) -> None:
    before = await stored(world.database, world.user)
    first_kept, start = date(2023, 5, 26), datetime(2023, 5, 26, 4, tzinfo=UTC)
    kept = {event.id for event in world.of(world.user) if event.occurred_at >= start}
    old = [event for event in world.events if event.occurred_at < start]
    old = [
        event for event in old if event.tenant_id == world.user or event.occurred_at < start - 4 * DAY / 24
    ]

    done = await prune(world.database, [world.user, world.organization], START, keep=20 * DAY)

    assert done == Pruned([], len(old))
    ids = await world.scalars("SELECT id FROM events WHERE tenant_id = :id", id=world.user)
    assert {id if isinstance(id, UUID) else UUID(bytes=id) for id in ids} == kept
    assert await stored(world.database, world.user) == before
    verification = Verification(world.database, world.user, "ada", *ALL)
    assert [line async for line in verification.rows()] == []
    assert verification.pruned_before == first_kept
    again = await prune(world.database, [world.user, world.organization], START, keep=30 * DAY)
    assert again == Pruned([], 0)


async def test_pruned_days_are_left_alone_and_kept_ones_are_mended(world: World) -> None:
    await prune(world.database, [world.user, world.organization], START, keep=20 * DAY)
    right, first_kept, may, june = await stored(world.database, world.user), date(2023, 5, 26), 5, 6
    await world.execute(
        "UPDATE day_totals SET count = count + 1", "DELETE FROM visitor_sketches", "DELETE FROM month_totals"
    )

    assert min(line.day for line in await world.lines() if line.day != "-") >= str(first_kept)
    done = await rebuild(world.database, world.user, *ALL)

    assert done.pruned_before == first_kept
    assert await world.lines() == []
    mended = await stored(world.database, world.user)
    assert mended.days == {key: n + (key[2] < first_kept) for key, n in right.days.items()}
    assert of_month(mended.months, june) == of_month(right.months, june)
    assert of_month(mended.months, may) == by_month(of_month(mended.days, may))
    assert mended.ever == ever(mended.months)


async def test_an_event_of_pruned_days_is_not_counted_again(small: World, services: Services) -> None:
    await prune(small.database, [small.user], START, keep=3 * DAY)
    before = await stored(small.database, small.user)

    assert await services.buffer.add(small.events) == [
        StoreResult.KNOWN,
        StoreResult.KNOWN,
        StoreResult.KNOWN,
    ]

    assert await stored(small.database, small.user) == before
    assert await small.scalars("SELECT count(*) FROM events") == [1]


async def test_what_takes_back_an_event_of_pruned_days_still_counts_then(
    small: World, services: Services
) -> None:
    await prune(small.database, [small.user], START, keep=3 * DAY)
    unlike = small.events[0]._replace(id=uuid7(START), action=Action.UNLIKE)

    assert await services.buffer.add([unlike]) == [StoreResult.NEW]

    totals = await stored(small.database, small.user)
    key = (1, int(Action.UNLIKE), date(2023, 6, 10), int(Device.DESKTOP), "example.com")
    assert totals.days[key] == 1
    assert await small.lines() == []


async def test_late_events_of_pruned_days_are_refused_at_the_door(studio: Studio) -> None:
    tenant = studio.people["owner"].row.tenant_id
    old = START - 40 * DAY
    event = NewEvent(tenant, uuid7(old), 1, Action.VIEW, old)
    await studio.services.buffer.add([event])
    await prune(studio.services.database, [tenant], START, keep=30 * DAY)

    answer = await studio.ask(
        """mutation($events: [EventInput!]!) {
          recordEvents(events: $events) { stored results { status reason } }
        }""",
        "owner",
        events=[
            {"subject": {"publicationId": studio.publication}, "action": "VIEW", "occurredAt": at}
            for at in ("2023-05-15T23:59:59Z", "2023-05-16T00:00:00Z")
        ],
    )

    assert answer.data["recordEvents"] == {
        "stored": 1,
        "results": [{"status": "DROPPED", "reason": "TOO_OLD"}, {"status": "STORED", "reason": None}],
    }


async def test_the_time_zone_stays_when_raw_events_were_pruned(small: World) -> None:
    await prune(small.database, [small.user], START, keep=3 * DAY)
    before = await stored(small.database, small.user)

    with pytest.raises(Conflict, match="Raw events before 2023-06-12 were pruned"):
        await change_time_zone(small.database, small.user, "Asia/Kolkata", OPERATOR)

    zone = await small.scalars("SELECT time_zone FROM tenants WHERE id = :id", id=small.user)
    assert (zone, await stored(small.database, small.user)) == (["America/New_York"], before)


async def test_a_tenant_without_old_events_is_not_marked_as_pruned(small: World) -> None:
    assert await prune(small.database, [small.user], START, keep=5 * DAY) == Pruned([], 0)
    assert await small.scalars("SELECT pruned_before FROM tenants") == [None, None]


async def command(url: str, *words: str) -> Result:
    """In a thread, because commands have an event loop of their own."""
    return await asyncio.to_thread(CliRunner().invoke, app, [*words, "--database-url", url])


async def test_the_commands_say_what_they_found_and_did(small: World, database_url: str) -> None:
    right = await command(database_url, "verify")
    assert (right.exit_code, right.stdout, right.stderr) == (0, "", "No total differs.\n")

    await small.execute("UPDATE day_totals SET count = 7 WHERE action = 1")
    wrong = await command(database_url, "verify", "--from", "2023-06-10", "--to", "2023-06-10")
    assert (wrong.exit_code, wrong.stderr) == (1, "Totals that differ: 1.\n")
    assert wrong.stdout.splitlines() == [
        "table\ttenant\tsubject\taction\tday\tdevice\tdomain\tstored\tcounted",
        "day_totals\tada\tpublication 1\tVIEW\t2023-06-10\tDESKTOP\texample.com\t7\t2",
    ]
    assert (await command(database_url, "verify", "--from", "2023-06-11")).exit_code == 0
    assert (await command(database_url, "verify", "--tenant", small.organization_id)).exit_code == 0

    rebuilt = await command(database_url, "rebuild", "--tenant", "ada")
    assert (rebuilt.stdout, rebuilt.stderr) == ("ada: 1\n", "Totals mended: 1.\n")

    zoned = await command(database_url, "tenant", "time-zone", "ada", "UTC")
    # Two cells of events and one of an engaged view keep their days; the views move to June 11.
    assert zoned.stdout == "The days of ada are days in UTC. Totals changed: 6.\n"

    pruned = await command(database_url, "prune", "--keep", "1")
    # The entry says that the organization was made, in 2023.
    assert pruned.stdout == "Events deleted: 3.\nEntries of the audit trail deleted: 1.\n"
    skipped = await command(database_url, "verify")
    today = datetime.now(UTC).date()
    assert skipped.exit_code == 0
    assert skipped.stderr.splitlines()[1:] == ["No total differs."]
    assert skipped.stderr.splitlines()[0] in {
        f"ada: days before {day} were pruned, and are skipped." for day in (today - DAY, today - 2 * DAY)
    }


def unread(*commands: list[str]) -> list[str]:
    """What commands whose reader is gone write to standard error, with their exit codes before it."""
    reader, writer = os.pipe()
    os.close(reader)
    lines = []
    with os.fdopen(writer, "wb") as nobody:
        for words in commands:
            with TemporaryFile() as said:
                variables = environment({"VIEWGRAPH_SECRET": SECRET})
                code = fork(words, ROOT, variables, nobody, said).wait()
                said.seek(0)
                lines += [f"{code} {' '.join(words)}", *said.read().decode().splitlines()]
    return lines


async def test_a_command_ends_quietly_when_nobody_reads_what_it_found(
    small: World, database_url: str
) -> None:
    await small.execute("UPDATE day_totals SET count = 7")
    commands = [[name, "--database-url", database_url] for name in ("verify", "rebuild")]
    assert await asyncio.to_thread(unread, *commands) == [f"141 {' '.join(words)}" for words in commands]
    # What was mended before somebody was told stays mended.
    assert "\tada\t" not in (await command(database_url, "verify")).stdout


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("engine", ["sqlite"])
async def test_every_command_ends_quietly_when_nobody_reads(database_url: str, tmp_path: Path) -> None:
    events = tmp_path / "events.ndjson"
    events.touch()
    given = ["--database-url", database_url]
    commands = [
        ["--help"],
        ["verify", "--help"],
        ["schema"],
        ["import", str(events), *given],
        ["refresh", *given],
        ["tenant", "time-zone", "ada", "UTC", *given],
        ["prune", "--keep", "1", *given],
    ]
    assert await asyncio.to_thread(unread, *commands) == [f"141 {' '.join(words)}" for words in commands]


async def test_the_commands_refuse_what_makes_no_sense(small: World, database_url: str) -> None:
    backwards = await command(database_url, "verify", "--from", "2023-06-02", "--to", "2023-06-01")
    assert (backwards.exit_code, backwards.stderr) == (1, "The first day is after the last one.\n")
    nobody = await command(database_url, "rebuild", "--tenant", "nobody")
    assert (nobody.exit_code, nobody.stderr) == (1, "There is no user and no organization called nobody.\n")
    nowhere = await command(database_url, "tenant", "time-zone", "ada", "Mars/Olympus")
    assert nowhere.exit_code == 1
    assert nowhere.stderr == "'Mars/Olympus' is no IANA time zone name, such as Europe/Paris.\n"
    assert (await command(database_url, "prune", "--keep", "0")).exit_code == 2
    assert (await command(database_url, "verify", "--from", "yesterday")).exit_code == 2
    assert await small.lines() == []


on_postgresql = pytest.mark.parametrize("engine", ["postgresql"], indirect=True)


def at_each(tenant_id: int, instants: Iterable[tuple[str, str]]) -> list[NewEvent]:
    """A view at each pair: when its id was made, and when it occurred."""
    pairs = [(datetime.fromisoformat(made), datetime.fromisoformat(at)) for made, at in instants]
    return [NewEvent(tenant_id, uuid7(made), 1, Action.VIEW, at) for made, at in pairs]


@on_postgresql
async def test_events_land_in_the_month_of_their_ids(empty: World, services: Services) -> None:
    in_may = datetime(2023, 5, 31, 23, 59, tzinfo=UTC)
    months = ["events_2023_05", "events_2023_06", "events_2023_07"]
    assert await ensure_partitions(empty.database, in_may) == months
    assert await ensure_partitions(empty.database, in_may) == []

    instants = (
        "2023-04-30T23:59:59.999Z",
        "2023-05-01T00:00:00Z",
        "2023-05-31T12:00:00Z",
        "2023-06-01T00:00:00Z",
    )
    events = at_each(empty.user, [(at, at) for at in instants])
    other = NewEvent(empty.user, UUID("ffffffff-ffff-4fff-bfff-ffffffffffff"), 1, Action.VIEW, START)
    await services.buffer.add([*events, other])

    assert await partitions_with_events(empty.database) == {
        "events_2023_05": 2,
        "events_2023_06": 1,
        "events_default": 2,
    }
    assert await services.buffer.add([*events, other]) == [StoreResult.KNOWN] * 5
    assert await empty.lines() == []


@on_postgresql
async def test_a_new_month_takes_over_what_came_before_it_was_there(empty: World, services: Services) -> None:
    ahead = at_each(empty.user, [("2023-06-15T12:00:00Z", "2023-06-15T12:00:00Z")] * 3)
    await services.buffer.add(ahead)
    assert await partitions_with_events(empty.database) == {"events_default": 3}

    await asyncio.gather(*(ensure_partitions(empty.database, START) for _ in range(2)))

    assert await partitions_with_events(empty.database) == {"events_2023_06": 3}
    assert await empty.lines() == []


@on_postgresql
async def test_pruning_drops_the_months_in_which_nothing_is_kept(empty: World, services: Services) -> None:
    """Of two months that are over, one has an event whose id is older than it is."""
    await ensure_partitions(empty.database, datetime(2023, 3, 1, tzinfo=UTC))
    await ensure_partitions(empty.database, START)
    old, kept = "2023-04-10T12:00:00Z", "2023-06-14T12:00:00Z"
    await services.buffer.add(
        at_each(empty.user, [(old, old), ("2023-03-10T12:00:00Z",) * 2, ("2023-05-10T12:00:00Z", kept)])
    )
    await services.buffer.add(
        at_each(empty.organization, [(old, old), ("2023-05-09T12:00:00Z",) * 2, (kept, kept)])
    )
    before = await stored(empty.database, empty.user)

    done = await prune(empty.database, [empty.user, empty.organization], START, keep=10 * DAY)

    assert done == Pruned(["events_2023_03", "events_2023_04"], 1)
    assert await partitions_with_events(empty.database) == {"events_2023_05": 1, "events_2023_06": 1}
    assert await stored(empty.database, empty.user) == before
    assert await empty.lines() == []


@on_postgresql
async def test_a_month_that_is_being_read_is_emptied_instead(empty: World, services: Services) -> None:
    await ensure_partitions(empty.database, datetime(2023, 3, 1, tzinfo=UTC))
    old = "2023-03-10T12:00:00Z"
    await services.buffer.add(at_each(empty.user, [(old, old)]))

    async with empty.database.snapshot():
        done = await prune(empty.database, [empty.user], START, keep=10 * DAY)

    assert done == Pruned([], 1)
    assert await empty.scalars("SELECT count(*) FROM events") == [0]


@on_postgresql
async def test_partitions_are_no_difference_from_the_models(empty: World, database_url: str) -> None:
    await ensure_partitions(empty.database, START)

    assert await migrations.differences(database_url) is None


@on_postgresql
async def test_the_server_makes_the_months_to_come_first(empty: World, services: Services) -> None:
    names = "SELECT relname FROM pg_class WHERE relkind = 'r' AND relname LIKE 'events\\_2023\\_%' ORDER BY 1"
    # Before it serves: what is written while its table is made is refused.
    async with background_jobs(services):
        made = await empty.scalars(names)

    assert made == [f"events_2023_{month:02}" for month in (6, 7, 8)]
