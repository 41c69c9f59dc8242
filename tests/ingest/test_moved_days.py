"""A zone's rules change: its days are counted anew, and no others, while events come in."""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any, NamedTuple

import pytest
import pytest_asyncio
from sqlalchemy import select, text
from typer.testing import CliRunner, Result

from base.calendar import AFTER_LAST_DAY, FIRST_DAY
from base.ids import uuid7
from base.zones import RULES_VERSION, rules_of
from database import Database, table_of
from ingest.batch_writer import StoreResult
from ingest.buffer import Buffer
from ingest.discrepancy_rows import DiscrepancyRow
from ingest.events import NewEvent
from ingest.folding import fold
from ingest.imported_totals import say, undo
from ingest.moved_days import Mended, mend, tenants_by_other_rules
from ingest.prune import prune
from ingest.topics import Topics
from ingest.total_admission import CellKey
from ingest.verify import Verification
from models import Action, Device, HourTotal
from resolvers.context import Services
from server import migrations
from server.accounts import create_user
from server.background_jobs import background_jobs
from server.commands.cli import app
from server.time_zone_changes import adopt_rules
from tests.clocks import older_rules, tzif
from tests.ingest.brute import Cell, Totals, counted, drawn, stored
from tests.studio import Clock

DAY = timedelta(days=1)
ZONE = "America/Vancouver"
OLD, NEW = older_rules(ZONE), rules_of(ZONE)
UNTIL = datetime(2026, 12, 1, 12, tzinfo=UTC)
# The clocks were to be set back on November 1; but they are not any more.
MOVED = [date(2026, 11, 1) + number * DAY for number in range(31)]


class Place(NamedTuple):
    """A user in Vancouver, whose days an older tzdata has made."""

    database: Database
    url: str
    tenant: int
    events: list[NewEvent]

    async def lines(self) -> tuple[list[DiscrepancyRow], list[date]]:
        """What a verification finds, and the days of which it says that they moved."""
        verification = Verification(self.database, self.tenant, "ada", FIRST_DAY, AFTER_LAST_DAY)
        lines = [line async for line in verification.rows()]
        return lines, verification.moved.days if verification.moved else []

    async def totals(self) -> Totals:
        return await stored(self.database, self.tenant)

    async def execute(self, statement: str, **parameters: Any) -> None:
        async with self.database.writing() as session:
            await session.execute(text(statement), parameters)

    async def has_rules(self, key: str | None, older: str | None = None) -> None:
        statement = "UPDATE tenants SET zone_rules = :key, older_zone_rules = :older WHERE id = :id"
        await self.execute(statement, key=key, older=older, id=self.tenant)

    async def rules(self) -> tuple[str | None, ...]:
        statement = "SELECT zone_rules, older_zone_rules FROM tenants WHERE id = :id"
        async with self.database.snapshot() as connection:
            return tuple((await connection.execute(text(statement), {"id": self.tenant})).one())

    async def command(self, *words: str) -> Result:
        return await asyncio.to_thread(CliRunner().invoke, app, [*words, "--database-url", self.url])


@pytest_asyncio.fixture
async def empty(services: Services, clock: Clock, database_url: str) -> Place:
    user = await create_user(
        services.database, clock.now, email="ada@example.com", username="ada", password=None, name=None
    )
    place = Place(services.database, database_url, user.tenant_id, [])
    await place.execute("INSERT INTO zone_rules VALUES (:key, :file, '2025b')", **OLD._asdict())
    await place.execute("UPDATE tenants SET time_zone = :zone, zone_rules = :key", zone=ZONE, key=OLD.key)
    return place


@pytest_asyncio.fixture
async def place(empty: Place, services: Services) -> Place:
    """With events of 80 days, one of them in November an hour before midnight for sure."""
    events = drawn(Random(3), empty.tenant, UNTIL, count=400)  # noqa: S311
    events.append(viewed(empty, "2026-11-11T07:30:00Z"))
    await services.buffer.add(events)
    empty.events.extend(events)
    return empty


def viewed(place: Place, at: str) -> NewEvent:
    instant = datetime.fromisoformat(at)
    return NewEvent(place.tenant, uuid7(instant), 1, Action.VIEW, instant, Device.DESKTOP, None, None, 9)


def of_days(cells: Counter[Cell]) -> Counter[date]:
    days: Counter[date] = Counter()
    for (_, _, day, *_), n in cells.items():
        days[day] += n
    return days


async def come_true(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while True:
            if is_so():
                return
            await asyncio.sleep(0.01)


def days_of(events: Iterable[NewEvent]) -> list[date]:
    """On which they are by the older rules, of those that moved."""
    return sorted({event.occurred_at.astimezone(OLD.zone).date() for event in events} & set(MOVED))


async def test_events_are_counted_by_the_rules_that_their_tenant_has(place: Place) -> None:
    assert await place.totals() == counted(place.events, OLD.zone)
    assert await place.totals() != counted(place.events, ZONE)
    assert await place.rules() == (OLD.key, None)


async def test_the_days_that_moved_are_told_and_mended(place: Place) -> None:
    days = days_of(place.events)

    lines, moved = await place.lines()
    told = await place.command("verify")
    assert moved == days
    assert lines
    assert {line.day for line in lines if line.table == "day_totals"} <= {str(day) for day in MOVED}
    assert told.exit_code == 1
    assert told.stderr.splitlines() == [
        f"ada: time zone rules of {ZONE} in tzdata {RULES_VERSION} moved {len(days)} days with events "
        f"({days[0]} to {days[-1]}). `viewgraph rebuild --moved` counts them anew.",
        f"Totals that differ: {len(lines)}.",
    ]

    done = await mend(place.database, place.tenant)

    assert done == Mended(len(days), len(lines), None)
    assert await place.totals() == counted(place.events, ZONE)
    assert await place.lines() == ([], [])
    assert await place.rules() == (NEW.key, None)
    assert await mend(place.database, place.tenant) == Mended(0, 0, None)
    right = await place.command("verify")
    assert (right.exit_code, right.stdout, right.stderr) == (0, "", "No total differs.\n")


@pytest.mark.parametrize("words", [("migrate",), ("rebuild", "--moved"), ("rebuild",)], ids=" ".join)
async def test_each_command_mends_them(place: Place, words: tuple[str, ...]) -> None:
    days, (lines, _) = days_of(place.events), await place.lines()

    done = await place.command(*words)

    assert done.exit_code == 0
    assert done.stdout.splitlines()[0] == (
        f"ada: {len(days)} days of older time zone rules counted anew, totals mended: {len(lines)}."
    )
    assert await place.totals() == counted(place.events, ZONE)
    assert await place.lines() == ([], [])


async def test_what_was_imported_without_events_stays_on_its_date(place: Place) -> None:
    """Whether the events of the day are kept or pruned."""
    imported = {
        CellKey(place.tenant, 1, Action.VIEW, day, Device.TABLET, "only.example"): 1_000
        for day in (MOVED[0], MOVED[9], MOVED[10], MOVED[11], MOVED[-1])
    }
    async with place.database.writing() as session:
        await say(session, place.tenant, "elsewhere", imported)
    await prune(place.database, [place.tenant], UNTIL, keep=20 * DAY)

    await mend(place.database, place.tenant)

    totals = await place.totals()
    assert {cell[2]: n for cell, n in totals.days.items() if cell[-1] == "only.example"} == {
        cell.day: 1_000 for cell in imported
    }
    assert await place.lines() == ([], [])
    assert await undo(place.database, place.tenant, "elsewhere") == 5
    left = await place.totals()
    assert left.days.total() == totals.days.total() - 5_000
    assert "only.example" not in {cell[-1] for cell in (*left.days, *left.months)}


async def test_which_days_moved_is_not_for_operators_to_say(place: Place) -> None:
    before = await place.totals()

    done = await place.command("rebuild", "--moved", "--from", "2026-11-01")

    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr == "Which days moved is known: --moved is given without --from and --to.\n"
    assert await place.totals() == before


async def test_a_verification_of_some_days_tells_of_those_that_moved_among_them(place: Place) -> None:
    october = await place.command("verify", "--to", "2026-10-30")
    november = await place.command("verify", "--from", "2026-11-11", "--to", "2026-11-11")

    assert (october.exit_code, october.stdout, october.stderr) == (0, "", "No total differs.\n")
    assert november.exit_code == 1
    assert "moved 1 day with events (2026-11-11 to 2026-11-11)" in november.stderr


async def test_days_that_did_not_move_are_left_alone(place: Place) -> None:
    await place.execute("UPDATE day_totals SET count = count + 1")
    before = await place.totals()

    await mend(place.database, place.tenant)

    after = of_days((await place.totals()).days)
    right = of_days(counted(place.events, ZONE).days)
    assert {day: n for day, n in after.items() if day not in MOVED} == {
        day: n for day, n in of_days(before.days).items() if day not in MOVED
    }
    assert {day: n for day, n in after.items() if day in MOVED} == {
        day: n for day, n in right.items() if day in MOVED
    }


async def test_they_are_mended_while_others_write(place: Place) -> None:
    fresh = drawn(Random(4), place.tenant, UNTIL, count=400, days=40)  # noqa: S311
    others = [Database(place.url) for _ in range(3)]

    async def write(database: Database, events: list[NewEvent]) -> None:
        buffer = Buffer(database, Topics())
        for start in range(0, len(events), 20):
            await buffer.add(events[start : start + 20])
        await buffer.close()

    await asyncio.gather(
        write(others[0], fresh[:200]), write(others[1], fresh[200:]), mend(others[2], place.tenant)
    )
    for database in others:
        await database.close()

    assert await place.totals() == counted([*place.events, *fresh], ZONE)
    assert await place.lines() == ([], [])


async def test_what_was_stopped_halfway_goes_on(place: Place, services: Services) -> None:
    """The tenant has the new rules already, and its days are made by the older ones."""
    await place.execute("INSERT INTO zone_rules VALUES (:key, :file, '2026f')", **NEW._asdict())
    await place.has_rules(NEW.key, OLD.key)
    fresh = [viewed(place, f"2026-11-{day:02}T07:45:00Z") for day in range(2, 30)]
    await services.buffer.add(fresh)
    _, moved = await place.lines()

    done = await mend(place.database, place.tenant)

    assert moved == days_of([*place.events, *fresh])
    assert done.days == len(moved)
    assert await place.totals() == counted([*place.events, *fresh], ZONE)
    assert await place.rules() == (NEW.key, None)


@pytest.mark.parametrize(
    "left", [(None, None), ("America/Vancouver gone", None), (NEW.key, "America/Vancouver gone")], ids=str
)
async def test_where_nobody_knows_by_which_rules_all_days_are_counted_anew(
    place: Place, left: tuple[str | None, str | None]
) -> None:
    await place.has_rules(*left)
    await place.execute("UPDATE day_totals SET count = count + 1 WHERE day < '2026-10-10'")
    days = sorted({day for _, _, day, *_ in (await place.totals()).days})

    told = await place.command("verify")
    done = await mend(place.database, place.tenant)

    assert told.stderr.startswith(
        f"ada: it is not known by which time zone rules {len(days)} days with events "
        f"({days[0]} to {days[-1]}) were made. `viewgraph rebuild --moved` counts them anew.\n"
    )
    assert done.days == len(days)
    assert await place.totals() == counted(place.events, ZONE)
    assert await place.rules() == (NEW.key, None)


async def test_the_server_says_at_its_start_which_days_moved_and_leaves_them(
    place: Place, services: Services, caplog: pytest.LogCaptureFixture
) -> None:
    days = days_of(place.events)

    async with background_jobs(services):
        await come_true(lambda: bool(caplog.records))

    assert [(record.levelno, record.getMessage()) for record in caplog.records] == [
        (
            logging.WARNING,
            f"ada: time zone rules of {ZONE} in tzdata {RULES_VERSION} moved {len(days)} days with events "
            f"({days[0]} to {days[-1]}). `viewgraph rebuild --moved` counts them anew.",
        )
    ]
    assert await place.rules() == (OLD.key, None)
    assert await place.totals() == counted(place.events, OLD.zone)


async def test_rules_that_move_no_day_with_events_are_taken_when_the_server_starts(
    empty: Place, services: Services, caplog: pytest.LogCaptureFixture
) -> None:
    events = [viewed(empty, f"2026-07-{day:02}T07:30:00Z") for day in range(1, 5)]
    await services.buffer.add(events)

    await adopt_rules(services)

    assert await empty.rules() == (NEW.key, None)
    assert caplog.records == []
    assert await empty.lines() == ([], [])
    assert await tenants_by_other_rules(empty.database) == {}


async def test_a_server_with_older_rules_says_so_and_takes_none_back(
    place: Place, services: Services, caplog: pytest.LogCaptureFixture
) -> None:
    """The rules that the tenant has are those of a tzdata to come."""
    await place.execute("UPDATE zone_rules SET version = '2031a'")
    days = days_of(place.events)

    async with background_jobs(services):
        await come_true(lambda: bool(caplog.records))

    assert [record.getMessage() for record in caplog.records] == [
        f"ada: {len(days)} days with events ({days[0]} to {days[-1]}) are made by newer time zone rules of "
        f"{ZONE} than those of tzdata {RULES_VERSION}, which is here. Install a newer one."
    ]
    await place.execute("DELETE FROM day_totals WHERE day >= '2026-11-01'")
    await adopt_rules(services)
    assert await place.rules() == (OLD.key, None)


async def test_rules_are_remembered_with_the_first_event_that_is_counted_by_them(
    empty: Place, services: Services
) -> None:
    await empty.execute("UPDATE tenants SET time_zone = 'Europe/Paris', zone_rules = NULL")
    assert await empty.rules() == (None, None)

    await services.buffer.add([viewed(empty, "2026-07-01T22:30:00Z")])

    assert await empty.rules() == (rules_of("Europe/Paris").key, None)
    assert set((await empty.totals()).days) == {(1, 1, date(2026, 7, 2), 1, "")}
    assert await empty.lines() == ([], [])


async def test_another_time_zone_brings_its_rules(place: Place) -> None:
    done = await place.command("tenant", "time-zone", "ada", "America/Edmonton")

    assert done.exit_code == 0
    assert await place.rules() == (rules_of("America/Edmonton").key, None)
    assert await place.totals() == counted(place.events, "America/Edmonton")
    assert await place.lines() == ([], [])


async def test_migrating_mends_what_an_older_version_made_by_rules_that_nobody_knows(place: Place) -> None:
    await migrations.downgrade(place.url, "0003")

    await migrations.upgrade(place.url)

    assert await place.totals() == counted(place.events, ZONE)
    assert await place.rules() == (NEW.key, None)


@pytest.mark.parametrize(
    ("older", "first_kept", "closed"),
    [("PST8", date(2026, 11, 12), [24, 23]), ("CST6", date(2026, 11, 11), [25])],
    ids=["its start was later", "its start was earlier"],
)
async def test_nothing_is_counted_twice_or_lost_where_kept_events_begin(
    empty: Place, services: Services, older: str, first_kept: date, closed: list[int]
) -> None:
    """Events of every hour, of which those of November 11 and later are kept."""
    key, last_closed = f"{ZONE} {older}", date(2026, 11, 10)
    await empty.execute("UPDATE zone_rules SET key = :key, file = :file", key=key, file=tzif(older))
    await empty.has_rules(key)
    hours = [(day, hour) for day in range(8, 16) for hour in range(24)]
    events = [viewed(empty, f"2026-11-{day:02}T{hour:02}:30:00Z") for day, hour in hours]
    await services.buffer.add(events)
    await prune(empty.database, [empty.tenant], UNTIL, keep=20 * DAY)
    before = (await empty.totals()).days

    done = await mend(empty.database, empty.tenant)

    totals = await empty.totals()
    assert done.pruned_before == first_kept
    assert totals.days.total() == totals.months.total() == len(events)
    by_day = of_days(totals.days)
    assert [n for day, n in sorted(by_day.items()) if last_closed <= day < first_kept] == closed
    assert {day: n for day, n in by_day.items() if day < last_closed} == {
        day: n for day, n in of_days(before).items() if day < last_closed
    }
    assert {day: n for day, n in by_day.items() if day >= first_kept} == {
        day: n for day, n in of_days(counted(events, ZONE).days).items() if day >= first_kept
    }
    assert await empty.lines() == ([], [])
    assert set(await services.buffer.add(events)) == {StoreResult.KNOWN}
    assert await empty.totals() == totals


async def test_totals_by_the_hour_are_right_when_a_day_is_counted_for_the_last_time(
    empty: Place, services: Services
) -> None:
    """They count engaged views as they are stored, and here none is."""
    key = f"{ZONE} PST8"
    await empty.execute("UPDATE zone_rules SET key = :key, file = :file", key=key, file=tzif("PST8"))
    await empty.has_rules(key)
    # By either rules on November 11, which begins an hour later by the older ones.
    late = viewed(empty, "2026-11-12T03:30:00Z")
    late = late._replace(action=Action.INTERACTION, view_id=uuid7(late.occurred_at))
    await services.buffer.add([viewed(empty, "2026-11-05T12:00:00Z"), late])
    await fold(empty.database, empty.tenant, lambda: UNTIL, UNTIL.date())
    await prune(empty.database, [empty.tenant], UNTIL, keep=20 * DAY)
    totals = table_of(HourTotal).c
    day = date(2026, 11, 12)
    statement = select(totals.action, totals.until_3, totals.until_4).where(totals.day == day)

    async def hours() -> list[tuple[Any, ...]]:
        async with empty.database.snapshot() as connection:
            return sorted(map(tuple, await connection.execute(statement)))

    before = await hours()
    await empty.execute("DELETE FROM engaged_views")

    done = await mend(empty.database, empty.tenant)

    assert done.pruned_before == day
    assert before == [(int(action), 0, 1) for action in sorted((Action.INTERACTION, Action.ENGAGED_VIEW))]
    assert await hours() == before
