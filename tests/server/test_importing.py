import asyncio
import csv
import gzip
import json
import re
import signal
import sqlite3
import subprocess
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime
from importlib import import_module
from itertools import islice
from pathlib import Path
from time import monotonic, sleep
from typing import IO, Any, NamedTuple, TypeVar

import asyncpg
import pytest
from sqlalchemy import func, make_url, select
from sqlmodel import col
from typer.testing import CliRunner, Result

from base.errors import Unavailable
from base.ids import uuid7
from bench.generate import fill_catalog, lines
from database import Database, Statement
from ingest.files import EventFile
from models import Action, DayTotal, Device, Domain, EngagedView, Event, MonthTotal
from resolvers.context import Services
from resolvers.importing import Import
from server.commands.cli import app
from server.settings import PREFIX
from tests.memory import traced
from tests.partitions import partitions_with_events
from tests.server.forks import Fork, fork
from tests.server.program import environment
from tests.studio import SECRET, Studio
from tests.subjects import ACTIONS, add_subjects, stored_events, totals

T = TypeVar("T")

on_sqlite = pytest.mark.parametrize("engine", ["sqlite"])
"""For what the database has no part in."""


class Year(NamedTuple):
    """A year of events in a file, and what they add up to."""

    file: Path
    days: Counter[tuple[Any, ...]]
    """Events by action, day in UTC, device and domain."""
    engaged: int
    """Views that somebody interacted in."""


def year_of(events: int, file: Path) -> Year:
    days: Counter[tuple[Any, ...]] = Counter()
    engaged = set()
    with file.open("w") as stream:
        for line in lines(events):
            stream.write(f"{line}\n")
            event = json.loads(line)
            day = datetime.fromisoformat(event["occurredAt"]).date()
            days[event["action"], day, event["deviceCategory"], event["domain"]] += 1
            if event["action"] == "INTERACTION":
                engaged.add(event["viewId"])
    return Year(file, days, len(engaged))


@pytest.fixture(scope="module")
def year(tmp_path_factory: pytest.TempPathFactory) -> Year:
    return year_of(20_000, tmp_path_factory.mktemp("year") / "year.ndjson")


class Recounted(NamedTuple):
    events: int
    engaged: int
    days: Counter[tuple[Any, ...]]
    months: int


async def recount(database: Database) -> Recounted:
    async with database.writing() as session:
        domains = {row.id: row.name for row in (await session.execute(select(Domain))).scalars()}
        by_day = (col(DayTotal.action), col(DayTotal.day), col(DayTotal.device), col(DayTotal.domain_id))
        rows = await session.execute(select(*by_day, func.sum(col(DayTotal.count))).group_by(*by_day))
        days = Counter(
            {
                (Action(action).name, day, Device(device).name, domains[domain]): int(count)
                for action, day, device, domain, count in rows
            }
        )
        events, engaged, months = [
            (await session.execute(statement)).scalar_one()
            for statement in (
                select(func.count()).select_from(Event),
                select(func.count()).select_from(EngagedView),
                select(func.sum(col(MonthTotal.count))),
            )
        ]
    return Recounted(events, engaged, days, int(months or 0))


async def check_year(database: Database, year: Year) -> None:
    found = await recount(database)
    assert (found.events, found.engaged) == (year.days.total(), year.engaged)
    assert Counter({key: count for key, count in found.days.items() if key[0] != "ENGAGED_VIEW"}) == year.days
    assert found.days.total() == found.months == found.events + year.engaged


@pytest.fixture
async def catalog(services: Services) -> Services:
    """What the year's events happen to."""
    await fill_catalog(services.database)
    return services


async def test_a_year_is_counted_exactly_and_a_second_time_changes_nothing(
    catalog: Services, year: Year
) -> None:
    first = Import(catalog, EventFile(year.file))
    await first.run()
    assert (first.tally.stored, first.tally.duplicates, first.tally.rejected) == (20_000, 0, Counter())
    await check_year(catalog.database, year)

    again = Import(catalog, EventFile(year.file), batch=3_000)
    await again.run()
    assert (again.tally.stored, again.tally.duplicates, again.tally.rejected) == (0, 20_000, Counter())
    await check_year(catalog.database, year)


@on_sqlite
async def test_a_small_part_of_a_file_is_in_memory_at_a_time(
    catalog: Services, year: Year, tmp_path: Path
) -> None:
    first = tmp_path / "first.ndjson"
    with year.file.open("rb") as file:
        first.write_bytes(b"".join(islice(file, 500)))
    await Import(catalog, EventFile(first)).run()
    with traced() as memory:
        events = [line.event for line in EventFile(year.file)]
        whole = memory.now
        del events
        memory.forget()
        work = Import(catalog, EventFile(year.file), batch=250)
        await work.run()
        highest = memory.highest

    assert work.tally.stored == 19_500
    assert highest < 5_000_000 < whole / 2


async def test_events_between_stored_ones_are_stored(catalog: Services, year: Year, tmp_path: Path) -> None:
    some = tmp_path / "some.ndjson"
    with year.file.open("rb") as file:
        some.write_bytes(b"".join(islice(file, 0, None, 3)))
    await Import(catalog, EventFile(some)).run()

    whole = Import(catalog, EventFile(year.file), batch=2_500)
    await whole.run()

    assert (whole.tally.stored, whole.tally.duplicates) == (13_333, 6_667)
    await check_year(catalog.database, year)


@on_sqlite
async def test_others_who_write_to_the_file_get_their_turn(catalog: Services, year: Year) -> None:
    other = sqlite3.connect(catalog.database.url.database or "", isolation_level=None)
    written: list[int] = []

    def write() -> None:
        written.append(catalog.buffer.batches.written)
        other.execute("UPDATE users SET username = username")

    work = Import(catalog, EventFile(year.file), batch=3_000, on_batch=write)
    await work.run()
    other.close()

    assert work.tally.stored == 20_000
    # At first nobody else had written. Then 3,000 events are stored by 2,000 and 1,000.
    assert written == [1, 3, 5, 7, 9, 11, 12]
    await check_year(catalog.database, year)


class Command(NamedTuple):
    """`viewgraph import` on a database that has the year's catalog."""

    url: str

    def run(self, *arguments: object) -> Result:
        given = ["import", *map(str, arguments), "--database-url", self.url]
        return CliRunner().invoke(app, given, env={f"{PREFIX}SECRET": SECRET})

    def start(self, said: IO[bytes], *arguments: object) -> "Fork | subprocess.Popen[bytes]":
        given = ["import", *map(str, arguments), "--database-url", self.url]
        return fork(given, Path.cwd(), environment({f"{PREFIX}SECRET": SECRET}), said, said)

    def recounted(self) -> Recounted:
        return asyncio.run(using(self.url, recount))

    def events(self) -> int:
        async def count(database: Database) -> int:
            (found,) = await database.fetch(_COUNT)
            return found

        return asyncio.run(using(self.url, count))


_COUNT = Statement(select(func.count()).select_from(Event), int)


async def using(url: str, work: Callable[[Database], Awaitable[T]]) -> T:
    database = Database(url)
    try:
        return await work(database)
    finally:
        await database.close()


@pytest.fixture
def command(database_url: str) -> Command:
    asyncio.run(using(database_url, fill_catalog))
    return Command(database_url)


def counted(output: str) -> dict[str, int]:
    found = re.findall(r"^  (stored|duplicates|rejected) +([\d,]+)$", output, re.MULTILINE)
    return {name: int(count.replace(",", "")) for name, count in found}


def test_an_import_that_was_killed_is_run_again(command: Command, tmp_path: Path) -> None:
    year = year_of(6_000, tmp_path / "year.ndjson")
    # So small that it is far from its end whenever we look.
    with (tmp_path / "said").open("w+b") as said:
        process = command.start(said, year.file, "--batch", 10)
        deadline = monotonic() + 60
        while command.events() < 500:
            assert process.poll() is None, said.read()
            assert monotonic() < deadline
            sleep(0.05)
        process.kill()
        assert process.wait() == -signal.SIGKILL
    before = command.events()
    assert 500 <= before < 6_000

    result = command.run(year.file)

    assert result.exit_code == 0, result.output
    assert counted(result.stdout) == {"stored": 6_000 - before, "duplicates": before, "rejected": 0}
    asyncio.run(using(command.url, lambda database: check_year(database, year)))


@pytest.fixture
def few() -> list[dict[str, Any]]:
    """The first events of the year that are of assets."""
    return list(islice((event for event in map(json.loads, lines(200)) if "assetId" in event["subject"]), 30))


def write(path: Path, events: Iterable[Any]) -> Path:
    path.write_text("".join(f"{json.dumps(event)}\n" for event in events))
    return path


@on_sqlite
def test_rejects_are_summed_up_and_written_down(
    command: Command, few: list[dict[str, Any]], tmp_path: Path
) -> None:
    wrong = [
        {**few[0], "\x1b[2Jcolour": "red"},
        {**few[1], "action": "PLAY"},
        {**few[2], "userId": "usr_nobody"},
        {**few[3], "subject": {"assetId": "ast_nothing"}},
        {**few[4], "domain": "two words"},
    ]
    file = write(tmp_path / "events.ndjson", [few[5], *wrong, few[6], *[{**few[7], "id": "7"}] * 30, few[5]])
    rejects = tmp_path / "rejects.ndjson"

    result = command.run(file, "--rejects", rejects)

    assert result.exit_code == 0, result.output
    assert result.stderr == "This is import 1: `viewgraph import --undo 1` undoes it.\n"
    head, *rest = result.stdout.splitlines()
    assert re.fullmatch(rf"{re.escape(str(file))}: 38 events in [\d.]+ s, [\d,]+ a second", head)
    assert rest == [
        "  import                 1",
        "  stored                 2",
        "  duplicates             1",
        "  rejected              35",
        "              30  INVALID_ID",
        "               1  INVALID_EVENT",
        "               1  WRONG_ACTION",
        "               1  UNKNOWN_USER",
        "               1  UNKNOWN_SUBJECT",
        "               1  INVALID_DOMAIN",
        "  line 2: INVALID_EVENT Object contains unknown field `\ufffd[2Jcolour`",
        "  line 3: WRONG_ACTION",
        "  line 4: UNKNOWN_USER",
        "  line 5: UNKNOWN_SUBJECT",
        "  line 6: INVALID_DOMAIN",
        *(f"  line {number}: INVALID_ID" for number in range(8, 23)),
        f"  and 15 more: all are in {rejects}",
    ]
    written = [json.loads(line) for line in rejects.read_text().splitlines()]
    wrong[1]["occurredAt"] = datetime.fromisoformat(wrong[1]["occurredAt"]).isoformat()
    assert written[:2] == [
        {
            "line": 2,
            "reason": "INVALID_EVENT",
            "detail": "Object contains unknown field `\x1b[2Jcolour`",
            "seed": list(EventFile(file))[1].content.seed,
            "event": wrong[0],
        },
        {"line": 3, "reason": "WRONG_ACTION", "detail": "", "event": wrong[1]},
    ]
    assert [reject["line"] for reject in written] == [*range(2, 7), *range(8, 38)]
    assert command.events() == 2


def test_rejects_are_mended_and_imported(command: Command, few: list[dict[str, Any]], tmp_path: Path) -> None:
    """Every way leads to the same ids: so whatever is imported again counts once."""
    asset = few[0]["subject"]["assetId"]
    file, rejects, still = tmp_path / "excel.csv", tmp_path / "rejects.ndjson", tmp_path / "still.ndjson"
    rows = [
        "assetId;action;occurredAt;visitor",
        f"{asset};VIEW_3D;2025-06-01 10:00:00+00;Zoë",
        f"{asset};VIEW_3D;01.06.2025 10:00;Zoë",
        f"{asset};VIEW_3D;01.06.2025 10:00;",
        f"{asset};LOOK;2025-06-01 10:00:00+00;Zoë",
        f"{asset};PLAY;2025-06-01 10:00:00+00;Zoë",
        f"{asset};VIEW_3D",
    ]
    file.write_text("\r\n".join(rows), "utf-16")

    first = command.run(file, "--rejects", rejects)
    assert counted(first.stdout) == {"stored": 1, "duplicates": 0, "rejected": 5}
    assert counted(command.run(file).stdout) == {"stored": 0, "duplicates": 1, "rejected": 5}
    written = [json.loads(line) for line in rejects.read_text().splitlines()]
    told = {"subject": {"assetId": asset}, "action": "VIEW_3D", "occurredAt": "01.06.2025 10:00"}
    assert [reject.get("event") for reject in written[:2]] == [{**told, "visitor": "Zoë"}, told]
    assert written[4]["text"] == f"{asset};VIEW_3D"

    mended = rejects.read_text().replace("LOOK", "VIEW_3D").replace("PLAY", "INTERACTION")
    rejects.write_text(mended)
    options = ["--time-zone", "Europe/Paris", "--dates", "day-first"]
    second = command.run(rejects, "--rejects", still, *options)
    assert counted(second.stdout) == {"stored": 4, "duplicates": 0, "rejected": 1}
    assert counted(command.run(rejects, *options).stdout) == {"stored": 0, "duplicates": 4, "rejected": 1}
    assert counted(command.run(file, *options).stdout) == {"stored": 0, "duplicates": 3, "rejected": 3}
    assert [json.loads(line)["text"] for line in still.read_text().splitlines()] == [f"{asset};VIEW_3D"]
    assert Counter(at.isoformat() for at in asyncio.run(using(command.url, instants))) == {
        "2025-06-01T10:00:00+00:00": 3,
        "2025-06-01T08:00:00+00:00": 2,
    }
    assert command.events() == 5


def test_a_cell_that_is_no_value_costs_one_row_of_parquet(
    command: Command, few: list[dict[str, Any]], tmp_path: Path
) -> None:
    asset = few[0]["subject"]["assetId"]
    file, rejects = tmp_path / "events.parquet", tmp_path / "rejects.ndjson"
    arrow, parquet = import_module("pyarrow"), import_module("pyarrow.parquet")
    micro = 1_748_772_000_000_000
    columns = {
        "__index_level_0__": [7, 8, 9],
        "assetId": arrow.array([asset.encode()] * 3, arrow.binary()),
        "action": ["VIEW_3D"] * 3,
        "occurredAt": arrow.array([micro, 2**62, micro]).cast(arrow.timestamp("us", "UTC")),
    }
    parquet.write_table(arrow.table(columns), file)

    first = command.run(file, "--rejects", rejects)

    assert counted(first.stdout) == {"stored": 2, "duplicates": 0, "rejected": 1}
    assert (
        "  line 2: INVALID_EVENT A value of type timestamp[us, tz=UTC] cannot be read - at `$.occurredAt`"
    ) in first.stdout.splitlines()
    assert counted(command.run(rejects).stdout) == {"stored": 0, "duplicates": 0, "rejected": 1}
    unreadable = f'{{"unreadable":"{2**62}"}}'
    rejects.write_text(rejects.read_text().replace(unreadable, str(micro)))
    assert counted(command.run(rejects, "--epoch", "us", "--strict").stdout) == {
        "stored": 1,
        "duplicates": 0,
        "rejected": 0,
    }
    assert counted(command.run(file).stdout) == {"stored": 0, "duplicates": 2, "rejected": 1}
    assert {at.isoformat() for at in asyncio.run(using(command.url, instants))} == {
        "2025-06-01T10:00:00+00:00"
    }
    assert command.events() == 3


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
def test_what_postgresql_writes_is_read(command: Command, few: list[dict[str, Any]], tmp_path: Path) -> None:
    """A row with an instant and a row with a null, as CSV and as text between tabs."""
    asset = few[0]["subject"]["assetId"]
    query = """SELECT $1::text AS "assetId", 'VIEW_3D' AS action, name AS visitor, at AS "occurredAt",
        '{}' AS domain
        FROM (VALUES ('a;b', timestamptz '2025-06-01 10:00:00.25+00'), (NULL, NULL)) AS rows(name, at)"""
    for name, options in (("events.csv", {"format": "csv"}), ("events.tsv", {})):
        file = tmp_path / name
        # Equal values would be the same events, in whatever format they come.
        asyncio.run(copied(command.url, query.format(f"{file.suffix[1:]}.example"), asset, file, **options))
        assert counted(command.run(file, "--strict").stdout) == {"stored": 2, "duplicates": 0, "rejected": 0}
    found = asyncio.run(using(command.url, instants))
    assert [at.isoformat() for at in found[:2]] == ["2025-06-01T10:00:00.250000+00:00"] * 2


@on_sqlite
def test_rejects_do_not_overwrite_the_file_that_is_imported(
    command: Command, few: list[dict[str, Any]], tmp_path: Path
) -> None:
    file = write(tmp_path / "events.ndjson", few[:2])

    refused = command.run(file, "--rejects", file)

    assert (refused.exit_code, refused.stderr) == (
        1,
        "--rejects names the file that is imported, which would be lost: name another one.\n",
    )
    assert counted(command.run(file).stdout) == {"stored": 2, "duplicates": 0, "rejected": 0}


@on_sqlite
async def test_long_lines_that_are_no_events_are_not_kept_together(catalog: Services, tmp_path: Path) -> None:
    file = tmp_path / "events.ndjson"
    file.write_text(f"[{'x' * 900_000}\n" * 60)
    rejected: list[int] = []
    with traced() as memory:
        work = Import(
            catalog, EventFile(file), on_reject=lambda reject: rejected.append(len(reject.content.text))
        )
        await work.run()
        highest = memory.highest

    assert rejected == [900_001] * 60
    # Otherwise it would be 54 million bytes, twice.
    assert highest < 45_000_000


@on_sqlite
def test_rejects_are_an_error_only_when_asked(
    command: Command, few: list[dict[str, Any]], tmp_path: Path
) -> None:
    good = write(tmp_path / "good.ndjson", few[:3])
    mixed = write(tmp_path / "mixed.ndjson", [few[3], {}])

    assert command.run(good, "--strict").exit_code == 0
    assert command.run(mixed).exit_code == 0
    assert command.run(mixed, "--strict").exit_code == 1
    assert command.events() == 4


@on_sqlite
def test_other_formats_are_imported_too(command: Command, few: list[dict[str, Any]], tmp_path: Path) -> None:
    flat = [{**event.pop("subject"), **event} for event in few]
    names = sorted(set().union(*flat))
    table = tmp_path / "events.csv"
    with table.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, names)
        writer.writeheader()
        writer.writerows(flat[:10])
    packed = tmp_path / "events.csv.gz"
    packed.write_bytes(gzip.compress(table.read_bytes()))
    columns = tmp_path / "events.parquet"
    arrow, parquet = import_module("pyarrow"), import_module("pyarrow.parquet")
    parquet.write_table(arrow.table({name: [row.get(name) for row in flat] for name in names}), columns)

    assert counted(command.run(table).stdout) == {"stored": 10, "duplicates": 0, "rejected": 0}
    assert counted(command.run(packed).stdout) == {"stored": 0, "duplicates": 10, "rejected": 0}
    assert counted(command.run(columns).stdout) == {"stored": 20, "duplicates": 10, "rejected": 0}


@on_sqlite
def test_times_without_an_offset_are_of_the_zone_that_an_option_says(
    command: Command, few: list[dict[str, Any]], tmp_path: Path
) -> None:
    """Whose clocks skip an hour and show another twice: then it is the jump, and the first time."""
    times = ["2025-03-09T02:30:00", "2025-11-02 01:30:00", "2025-06-01 10:00:00", "2025-06-01 10:00:00+00"]
    lines = [
        {**{name: value for name, value in few[0].items() if name != "id"}, "occurredAt": time}
        for time in times
    ]
    file = write(tmp_path / "events.ndjson", lines)

    refused = command.run(file, "--time-zone", "America/Nowhere")
    assert (refused.exit_code, command.events()) == (1, 0)
    assert "--time-zone: 'America/Nowhere' is no IANA time zone name, such as Europe/Paris." in refused.output
    assert counted(command.run(file).stdout) == {"stored": 1, "duplicates": 0, "rejected": 3}
    told = command.run(file, "--time-zone", "America/New_York")
    assert counted(told.stdout) == {"stored": 3, "duplicates": 1, "rejected": 0}
    assert [at.isoformat() for at in asyncio.run(using(command.url, instants))] == [
        "2025-03-09T07:00:00+00:00",
        "2025-06-01T10:00:00+00:00",
        "2025-06-01T14:00:00+00:00",
        "2025-11-02T05:30:00+00:00",
    ]


async def copied(url: str, query: str, asset: str, file: Path, **options: str) -> None:
    dsn = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    connection = await asyncpg.connect(dsn, server_settings={"TimeZone": "Asia/Kolkata"})
    try:
        await connection.copy_from_query(query, asset, output=file, header=True, **options)
    finally:
        await connection.close()


async def instants(database: Database) -> list[datetime]:
    async with database.writing() as session:
        return sorted((await session.execute(select(col(Event.occurred_at)))).scalars())


@on_sqlite
def test_lines_without_ids_count_once_too(
    command: Command, few: list[dict[str, Any]], tmp_path: Path
) -> None:
    nameless = [{name: value for name, value in event.items() if name != "id"} for event in few[:3]]
    timeless = {name: value for name, value in nameless[0].items() if name != "occurredAt"}
    file = write(tmp_path / "events.ndjson", [*nameless, nameless[0], timeless])

    assert counted(command.run(file).stdout) == {"stored": 5, "duplicates": 0, "rejected": 0}
    assert counted(command.run(file).stdout) == {"stored": 0, "duplicates": 5, "rejected": 0}


@on_sqlite
def test_only_the_subjects_of_whoever_is_named_are_written(
    command: Command, few: list[dict[str, Any]], tmp_path: Path
) -> None:
    """maker0 runs the organization; maker1 does not."""
    file = write(tmp_path / "events.ndjson", few)

    refused = command.run(file, "--as", "maker1@bench.test", "--strict")
    assert refused.exit_code == 1
    assert counted(refused.stdout) == {"stored": 0, "duplicates": 0, "rejected": 30}
    assert "              30  UNKNOWN_SUBJECT" in refused.stdout.splitlines()

    taken = command.run(file, "--as", "MAKER0@bench.test", "--strict")
    assert taken.exit_code == 0
    assert counted(taken.stdout) == {"stored": 30, "duplicates": 0, "rejected": 0}

    nobody = command.run(file, "--as", "nobody@bench.test")
    assert (nobody.exit_code, nobody.stderr) == (1, "There is no account with this email.\n")


@on_sqlite
def test_what_could_be_read_of_a_broken_file_is_stored(command: Command, year: Year, tmp_path: Path) -> None:
    broken = tmp_path / "year.ndjson.gz"
    with year.file.open("rb") as stream:
        packed = gzip.compress(b"".join(islice(stream, 3_000)))
    broken.write_bytes(packed[: len(packed) // 2])

    result = command.run(broken, "--batch", 1_000)

    assert result.exit_code == 1
    stored = counted(result.stdout)["stored"]
    assert 1_000 < stored < 3_000
    assert result.stderr.splitlines()[1].startswith(f"{broken} cannot be read after line {stored}: ")
    assert command.events() == stored


@on_sqlite
def test_a_file_that_is_not_understood_stores_nothing(command: Command, tmp_path: Path) -> None:
    nameless, table = tmp_path / "events", tmp_path / "events.csv"
    nameless.write_text("")
    table.write_text("action,page\nVIEW,x\n")

    for file, words in (
        (nameless, "events does not show its format: name the format with --format."),
        (table, "Unknown columns: page."),
    ):
        result = command.run(file)
        assert result.exit_code == 1
        assert result.stderr.startswith(words)
    assert command.run(tmp_path / "nothing.csv").exit_code == 2
    assert command.events() == 0


async def test_an_import_believes_what_servers_say(studio: Studio, tmp_path: Path) -> None:
    subjects = await add_subjects(studio)
    person = studio.people["member"]
    told = {"occurredAt": "2020-02-29T23:59:59Z", "deviceCategory": "TABLET", "domain": "Shop.example"}
    who = [{"visitor": "ada"}, {"visitor": "ada"}, {"userId": person.id}]
    file = write(
        tmp_path / "events.ndjson",
        [{"subject": subjects.asset, "action": "VIEW_3D", **told, **one} for one in who],
    )

    work = Import(studio.services, EventFile(file))
    await work.run()

    assert work.tally.stored == 3
    events = await stored_events(studio)
    assert {(event.occurred_at.isoformat(), event.device) for event in events} == {
        ("2020-02-29T23:59:59+00:00", Device.TABLET)
    }
    hashes = [event.visitor for event in events if event.user_id is None]
    assert len(hashes) == 2
    assert len(set(hashes) - {None}) == 1
    assert [event.user_id for event in events if event.visitor is None] == [person.row.id]
    assert await totals(studio) == {Action.VIEW_3D: 3}


async def test_every_subject_can_be_imported_and_is_seen_at_once(studio: Studio, tmp_path: Path) -> None:
    subjects = await add_subjects(studio)
    ask = '{ publication(url: "ai-research-studio") { metrics { totalViews } } }'
    assert (await studio.ask(ask, "owner")).data["publication"]["metrics"]["totalViews"] == 0
    file = write(
        tmp_path / "events.ndjson",
        [
            {"subject": subject, "action": action}
            for kind, subject in subjects._asdict().items()
            for action in ACTIONS[kind]
        ],
    )

    await Import(studio.services, EventFile(file)).run()

    assert await totals(studio) == {Action[name]: 1 for names in ACTIONS.values() for name in names}
    assert (await studio.ask(ask, "owner")).data["publication"]["metrics"]["totalViews"] == 1


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
async def test_past_months_are_given_their_tables(studio: Studio, tmp_path: Path) -> None:
    """Of the last ten years; what is older, or says nothing of its time, stands in the default table."""
    random = "3d2c1f52-9b1c-4a70-8f06-0d1d5a7a3c11"
    subject = {"publicationId": studio.publication}
    told = [
        {"subject": subject, "action": "VIEW", "occurredAt": at, **given}
        for at, given in (
            ("2022-02-10T12:00:00Z", {}),
            ("2022-02-28T23:59:59Z", {}),
            ("2013-06-01T00:00:00Z", {}),
            ("2013-05-31T00:00:00Z", {}),
            ("2023-01-31T00:00:00Z", {"id": random}),
            ("2022-03-01T00:00:00Z", {"id": str(uuid7(datetime(2022, 3, 1, tzinfo=UTC)))}),
        )
    ]
    work = Import(studio.services, EventFile(write(tmp_path / "past.ndjson", told)), batch=2)
    await work.run()
    again = Import(studio.services, EventFile(tmp_path / "past.ndjson"), batch=2)
    await again.run()

    assert (work.tally.stored, again.tally.duplicates) == (6, 6)
    assert await partitions_with_events(studio.services.database) == {
        "events_2013_06": 1,
        "events_2022_02": 2,
        "events_2022_03": 1,
        "events_default": 2,
    }


@on_sqlite
async def test_an_import_that_cannot_store_says_so(catalog: Services, year: Year) -> None:
    await catalog.buffer.close()
    work = Import(catalog, EventFile(year.file))

    with pytest.raises(Unavailable):
        await work.run()

    assert (work.tally.stored, work.tally.duplicates, work.tally.rejected) == (0, 0, Counter())
    assert (await recount(catalog.database)).events == 0
