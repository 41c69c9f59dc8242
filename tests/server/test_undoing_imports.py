"""`viewgraph import`, a mended file, `--list` and `--undo`: exactly what an import has brought goes again."""

import asyncio
import csv
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from base.errors import Conflict
from base.ids import uuid7
from ingest.event_imports import Undo
from ingest.files import EventFile
from ingest.folding import fold_all
from models import ImportTenant
from resolvers.importing import Import
from tests.commands import done, mistake, run
from tests.deletions.life import do, erased
from tests.locks import waits
from tests.studio import SECRET, Studio
from tests.subjects import counted

on_postgresql = pytest.mark.parametrize("engine", ["postgresql"])
FORMATS = ("ndjson", "csv", "parquet")


def write(path: Path, events: list[dict[str, Any]]) -> Path:
    """In the format of the file's name."""
    if path.suffix == ".ndjson":
        path.write_text("".join(json.dumps(event) + "\n" for event in events))
        return path
    rows = [{**event, **event["subject"]} for event in events]
    names = sorted({name for row in rows for name in row} - {"subject"})
    if path.suffix == ".csv":
        with path.open("w", newline="") as stream:
            writer = csv.DictWriter(stream, names, extrasaction="ignore", restval="")
            writer.writeheader()
            writer.writerows(rows)
        return path
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    parquet.write_table(pyarrow.table({name: [row.get(name) for row in rows] for name in names}), path)
    return path


class Door:
    """The commands, over the database of a studio."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url = url
        self.folder = folder
        self.settings = {"VIEWGRAPH_DATABASE_URL": url, "VIEWGRAPH_SECRET": SECRET}

    async def done(self, *arguments: str) -> str:
        return await asyncio.to_thread(done, *arguments, **self.settings)

    async def imported(self, file: Path, *options: str) -> dict[str, Any]:
        """What `--json` says of the import."""
        told: dict[str, Any] = json.loads(await self.done("import", str(file), "--json", *options))
        return told

    async def undo(self, id: int) -> None:
        await self.done("import", "--undo", str(id))
        assert await self.done("verify") == ""


@pytest.fixture
def door(database_url: str, tmp_path: Path) -> Door:
    return Door(database_url, tmp_path)


Story = tuple[list[dict[str, Any]], dict[str, list[str]]]


async def told(studio: Studio) -> list[dict[str, Any]]:
    """Events of every kind: of two tenants, with people, visitors and interactions, on the days around a
    change of the month.
    """
    chair, lamp = await studio.add_asset("Chair"), await studio.add_asset("Lamp", workspace=1)
    person, events = studio.people["stranger"].id, []
    for day in ("2023-05-30", "2023-05-31", "2023-06-01"):
        for hour in range(4):
            at = f"{day}T{hour:02}:00:00Z"
            view = str(uuid7(studio.clock.now))
            events += [
                {
                    "subject": {"publicationId": studio.publication},
                    "action": "VIEW",
                    "userId": person,
                    "visitor": f"reader {hour}",
                },
                {"subject": {"publicationId": studio.publication}, "action": "SHARE", "visitor": f"v{hour}"},
                {"subject": {"assetId": chair}, "action": "VIEW_3D", "viewId": view, "domain": "a.example"},
                {"subject": {"assetId": chair}, "action": "INTERACTION", "viewId": view, "visitor": "ada"},
                {"subject": {"assetId": lamp}, "action": "AR_CLICK", "deviceCategory": "MOBILE"},
            ]
            for event in events[-5:]:
                event["occurredAt"] = at
    return events


async def before(studio: Studio, events: list[dict[str, Any]]) -> None:
    """Some of them are there before any import, among them the first interaction of a view."""
    own: dict[str, list[dict[str, Any]]] = {"owner": [], "admin": []}
    for event in events[::7]:
        known = {**event, "id": str(uuid7(studio.clock.now)), "occurredAt": event["occurredAt"]}
        own["owner" if "publicationId" in event["subject"] else "admin"].append(known)
    for name, some in own.items():
        await studio.report(some, name)


@pytest.mark.parametrize("format", FORMATS)
async def test_a_mended_file_counts_each_line_once_and_an_undo_takes_exactly_its_events_back(
    studio: Studio, door: Door, format: str
) -> None:
    events = await told(studio)
    await before(studio, events)
    # What is imported on days that are folded is in their totals by the hour, too.
    await fold_all(studio.services.database, studio.clock)
    start = await counted(studio)
    wrong = [{**event, "action": "LOOK"} if number == 3 else event for number, event in enumerate(events)]
    # Lines that occur twice are two events.
    file = write(door.folder / f"events.{format}", [*wrong, *events[:2]])

    first = await door.imported(file)
    after_first = await counted(studio)
    again = await door.imported(file)
    write(file, [*events[:1], *events, *events[:1], events[1]])
    mended = await door.imported(file)
    after_mended = await counted(studio)

    lines = len(events)
    assert (first["stored"], first["duplicates"], first["rejected"]) == (lines + 1, 0, 1)
    assert (again["stored"], again["duplicates"], again["rejected"]) == (0, lines + 1, 1)
    # The line that was mended, and a third time of the first line.
    assert (mended["stored"], mended["duplicates"], mended["rejected"]) == (2, lines + 1, 0)
    assert await counted(studio) != start
    assert await door.done("verify") == ""

    await door.undo(again["id"])
    assert await counted(studio) == after_mended
    await door.undo(mended["id"])
    assert await counted(studio) == after_first
    await door.undo(first["id"])
    assert await counted(studio) == start
    # What was taken out comes again: it counts again.
    last = await door.imported(file)
    assert (last["stored"], last["duplicates"]) == (lines + 3, 0)
    assert await counted(studio) == after_mended


class Killed(Exception):
    pass


async def test_an_undo_that_was_stopped_goes_on(
    studio: Studio, door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each transaction takes a few events out. The undo ends in the middle, as if it was killed."""
    monkeypatch.setattr("ingest.event_imports._EVENTS_OF_A_TRANSACTION", 4)
    monkeypatch.setattr("ingest.event_imports._SUBJECT_DAYS_OF_A_TRANSACTION", 2)
    events = await told(studio)
    await before(studio, events)
    start = await counted(studio)
    brought = await door.imported(write(door.folder / "events.ndjson", events))
    batches = 0

    def stop(_: int) -> None:
        nonlocal batches
        batches += 1
        if batches == 6:
            raise Killed

    with pytest.raises(Killed):
        await Undo(studio.services.database, studio.services.topics, brought["id"], on_batch=stop).run(
            studio.clock
        )
    (listed,) = [json.loads(line) for line in (await door.done("import", "--list", "--json")).splitlines()]
    assert (listed["state"], listed["stored"]) == ("being undone", len(events))
    assert 0 < listed["events"] < len(events)
    async with studio.services.database.writing() as session:
        # Of a tenant that is deleted after the undo has begun.
        at = studio.clock.now
        session.add(ImportTenant(import_id=brought["id"], tenant_id=0, first_at=at, last_at=at, events=0))

    await door.undo(brought["id"])

    assert await counted(studio) == start
    (listed,) = [json.loads(line) for line in (await door.done("import", "--list", "--json")).splitlines()]
    assert (listed["state"], listed["events"], listed["file"]) == ("undone", 0, "events.ndjson")
    refused = await asyncio.to_thread(run, "import", "--undo", str(brought["id"]), **door.settings)
    assert (refused.exit_code, refused.stderr[:19]) == (1, "Import 1 was undone")


async def test_two_undos_at_once_take_each_event_out_once(
    studio: Studio, door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each of them finds what the other one takes out before it has locked the tenant."""
    monkeypatch.setattr("ingest.event_imports._EVENTS_OF_A_TRANSACTION", 4)
    events = await told(studio)
    await before(studio, events)
    start = await counted(studio)
    brought = await door.imported(write(door.folder / "events.ndjson", events))
    undos = [Undo(studio.services.database, studio.services.topics, brought["id"]) for _ in range(2)]

    await asyncio.gather(*(undo.run(studio.clock) for undo in undos))

    assert sum(undo.removed for undo in undos) == len(events)
    assert await counted(studio) == start
    assert await door.done("verify") == ""


async def test_an_import_that_is_undone_while_it_runs_stores_nothing_more(studio: Studio, door: Door) -> None:
    events = await told(studio)
    start = await counted(studio)
    file = write(door.folder / "events.ndjson", events)

    def undo(id: int) -> None:
        with ThreadPoolExecutor(1) as other:
            other.submit(done, "import", "--undo", str(id), **door.settings).result()

    running = Import(studio.services, EventFile(file), on_begin=undo)
    with pytest.raises(Conflict, match=r"^Import 1 was undone while it ran, so that it stores no more"):
        await running.run()

    assert await counted(studio) == start
    (listed,) = [json.loads(line) for line in (await door.done("import", "--list", "--json")).splitlines()]
    assert (listed["state"], listed["stored"], listed["events"]) == ("undone", 0, 0)
    # It is another import.
    assert (await door.imported(file))["stored"] == len(events)


@on_postgresql
async def test_an_undo_begins_after_the_transactions_that_bring_its_events(
    studio: Studio, door: Door
) -> None:
    brought = await door.imported(write(door.folder / "events.ndjson", await told(studio)))
    async with studio.services.database.engine.connect() as storing:
        await storing.exec_driver_sql("SELECT 1 FROM event_imports FOR KEY SHARE")
        undo = asyncio.create_task(door.undo(brought["id"]))
        await waits(undo, storing)
        await storing.rollback()
    await undo


async def test_an_undo_says_how_many_events_were_not_there_any_more(studio: Studio, door: Door) -> None:
    events = await told(studio)
    brought = await door.imported(write(door.folder / "events.ndjson", events))
    chair = next(event["subject"]["assetId"] for event in events if event["action"] == "VIEW_3D")
    await do(studio, "admin", "mutation($id: ID!) { deleteAsset(id: $id) { id } }", id=chair)
    assert await erased(studio) == 1

    undone = await asyncio.to_thread(run, "import", "--undo", str(brought["id"]), **door.settings)

    assert (undone.exit_code, undone.stderr) == (
        0,
        "Events taken out again: 36.\n24 events were deleted or pruned: totals of pruned days stay.\n",
    )
    assert await door.done("verify") == ""
    assert {name: rows for name, rows in (await counted(studio)).items() if rows} == {}


def test_one_thing_at_a_time(database_url: str) -> None:
    words = "Give one of these: a FILE, --undo with the number of an import, or --list.\n"
    for given in ((), ("--list", "--undo", "1"), (__file__, "--list")):
        assert mistake("import", *given, VIEWGRAPH_DATABASE_URL=database_url) == words
    unknown = mistake("import", "--undo", "7", VIEWGRAPH_DATABASE_URL=database_url)
    assert unknown == "There is no import with the number 7: see `viewgraph import --list`.\n"
