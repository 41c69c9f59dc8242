"""Rules of time zones at every door: on a machine with older ones, and when tzdata brings newer ones."""

import json
import re
import subprocess
import sys
from asyncio import to_thread
from base64 import b64decode
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from threading import Event, Thread
from typing import Any

import httpx
import pytest
from sqlalchemy import select
from typer.testing import CliRunner, Result

from base.calendar import day_of
from base.zones import RULES_VERSION, time_zone
from database import table_of
from models import DayTotal
from server.commands.cli import app
from tests.clocks import write_package, write_zones
from tests.server.program import ROOT, Anew, Program, environment
from tests.studio import SECRET, Studio
from tests.workbooks import rows, workbook

CASES: list[dict[str, Any]] = json.loads((ROOT / "tests" / "cases" / "zones.json").read_text())
ZONE = "America/Vancouver"
RECORD = """mutation($events: [EventInput!]!) {
  recordEvents(events: $events) { stored duplicates dropped results { status reason } } }"""
VIEWS = """query($zone: TimeZone, $start: RangeBound!, $end: RangeBound!) {
  publication(url: "ai-research-studio") {
    views(range: {start: $start, end: $end}, interval: DAY, timeZone: $zone) {
      points { dateInterval start end count } } } }"""
ASSET = """query($id: ID!, $zone: TimeZone, $day: RangeBound!) { asset(id: $id) {
  metrics(range: {start: $day, end: $day}, timeZone: $zone) {
    views(viewType: VIEW_3D, interval: DAY, zeroFill: true) { points { dateInterval start end } }
    summaryReport { document } } } }"""
AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0"
NIGHT = "2026-11-27T07:30:00Z"
"""Past midnight in Vancouver; and before it, where the clocks were set back on November 1."""
EVENING = "2026-11-27T05:30:00Z"
FIRST = "2026-11-01T12:00:00Z"


class Machine:
    """Where the program runs, with a database, and with rules of its own."""

    def __init__(self, folder: Path, database_url: str, **variables: str) -> None:
        self._folder = folder
        self._variables = {
            "VIEWGRAPH_DATABASE_URL": database_url,
            "VIEWGRAPH_SECRET": SECRET,
            "PYTHONTZPATH": "",
            **variables,
        }

    def serving(self) -> Anew:
        return Anew("serve", folder=self._folder, **self._variables)

    def commands(self, *commands: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
        """One after the other, in one process."""
        code = "from server.commands.cli import app\n"
        for words in commands:
            code += f"app({list(words)!r}, standalone_mode=False)\n"
        return self.run(code)

    def run(self, code: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", code],
            cwd=self._folder,
            env=environment(self._variables),
            capture_output=True,
            text=True,
            timeout=120,
        )


@pytest.fixture
def older_system(database_url: str, tmp_path: Path) -> Machine:
    return Machine(tmp_path, database_url, PYTHONTZPATH=str(write_zones(tmp_path / "zoneinfo")))


@pytest.fixture
def older_package(database_url: str, tmp_path: Path) -> Machine:
    path = f"{write_package(tmp_path / 'packages')}:{ROOT / 'src'}"
    return Machine(tmp_path, database_url, PYTHONPATH=path)


def command(url: str, *words: str) -> Result:
    """With the tzdata that is installed."""
    return CliRunner().invoke(app, [*words, "--database-url", url])


def view(studio: Studio, at: str) -> dict[str, Any]:
    return {"subject": {"publicationId": studio.publication}, "action": "VIEW", "occurredAt": at}


def signed_in(studio: Studio, name: str) -> dict[str, str]:
    studio.clock.to_now()
    return {"authorization": f"Bearer {studio.token(name)}"}


async def days_of(studio: Studio, name: str) -> Counter[date]:
    """Events of a person's tenant, as they are stored by day."""
    totals = table_of(DayTotal).c
    statement = select(totals.day, totals.count).where(totals.tenant_id == studio.people[name].row.tenant_id)
    days: Counter[date] = Counter()
    async with studio.services.database.snapshot() as connection:
        for day, count in await connection.execute(statement):
            days[day] += count
    return days


def series_of(server: Program, headers: dict[str, str], zone: str) -> list[tuple[str, str, float, int]]:
    """Of November 2026 up to the 27th: the key, start, hours and events of each day that has any."""
    answer = server.post(VIEWS, headers, zone=zone, start="2026-11-01", end="2026-11-27")
    found = []
    for point in answer["data"]["publication"]["views"]["points"]:
        start, end = (datetime.fromisoformat(point[name]) for name in ("start", "end"))
        hours = (end - start) / timedelta(hours=1)
        found.append((point["dateInterval"], point["start"], hours, point["count"]))
    return found


def details(document: str) -> list[list[Any]]:
    return [row[:2] for row in rows(workbook(b64decode(document)), "Filters")]


async def test_older_rules_of_the_operating_system_count_at_no_door(
    studio: Studio, older_system: Machine, tmp_path: Path
) -> None:
    asset = await studio.add_asset("Chair")
    owner, admin = signed_in(studio, "owner"), signed_in(studio, "admin")
    file = tmp_path / "events.ndjson"
    file.write_text(f"{json.dumps(view(studio, NIGHT))}\n")

    told = older_system.commands(("tenant", "time-zone", "owner", ZONE), ("import", str(file)))
    with older_system.serving() as server:
        events = [view(studio, at) for at in (NIGHT, EVENING, FIRST)]
        recorded = server.post(RECORD, owner, events=events)["data"]["recordEvents"]
        now = datetime.now(UTC)
        async with httpx.AsyncClient(headers={"user-agent": AGENT}) as browser:
            sent = await browser.post(f"{server.address}/collect", json=view(studio, now.isoformat()))
        found = {case["zone"]: series_of(server, owner, case["zone"]) for case in CASES}
        later = {
            zone: server.post(ASSET, admin, id=asset, zone=zone, day="2027-07-01")["data"]["asset"]["metrics"]
            for zone in ("America/Edmonton", "Africa/Casablanca")
        }
    verified = older_system.commands(("verify",))

    assert told.returncode == 0, told.stderr
    assert (recorded["stored"], sent.json()["stored"]) == (3, 1)
    assert await days_of(studio, "owner") == Counter(
        [date(2026, 11, 1), date(2026, 11, 26), date(2026, 11, 27), date(2026, 11, 27)]
    ) + Counter([day_of(now, time_zone(ZONE))])
    assert found[ZONE] == [
        ("20261101", "2026-11-01T07:00:00Z", 24, 1),
        ("20261126", "2026-11-26T07:00:00Z", 24, 1),
        ("20261127", "2026-11-27T07:00:00Z", 24, 2),
    ]
    assert found["America/Winnipeg"] == [
        ("20261101", "2026-11-01T05:00:00Z", 24, 1),
        ("20261127", "2026-11-27T05:00:00Z", 24, 3),
    ]
    assert found["America/Havana"][0] == ("20261101", "2026-11-01T04:00:00Z", 24, 1)
    for zone, start, shown in (
        ("America/Edmonton", "2027-07-01T06:00:00Z", "2027-07-01T00:00:00-06:00"),
        ("Africa/Casablanca", "2027-07-01T00:00:00Z", "2027-07-01T00:00:00+00:00"),
    ):
        assert [point["start"] for point in later[zone]["views"]["points"]] == [start]
        assert ["From (included)", shown] in details(later[zone]["summaryReport"]["document"])
    assert (verified.returncode, verified.stderr) == (0, "No total differs.\n")


async def test_newer_rules_move_days_and_they_are_mended_while_the_server_runs(
    studio: Studio, older_package: Machine, database_url: str
) -> None:
    """The server that runs has the older rules, and counts by those to which its tenant was brought."""
    owner = signed_in(studio, "owner")
    zoned = older_package.commands(("tenant", "time-zone", "owner", ZONE))
    stored = 0
    is_over = Event()

    def send(server: Program) -> None:
        nonlocal stored
        while not is_over.wait(0.01):
            answer = server.post(RECORD, owner, events=[view(studio, NIGHT), view(studio, EVENING)])
            stored += ((answer.get("data") or {}).get("recordEvents") or {"stored": 0})["stored"]

    with older_package.serving() as server:
        server.post(RECORD, owner, events=[view(studio, at) for at in (NIGHT, EVENING, FIRST)])
        before = await days_of(studio, "owner")
        wrong = await to_thread(command, database_url, "verify")
        sender = Thread(target=send, args=(server,))
        sender.start()
        migrated = await to_thread(command, database_url, "migrate")
        is_over.set()
        await to_thread(sender.join)
        server.post(RECORD, owner, events=[view(studio, NIGHT)])
        verified = await to_thread(command, database_url, "verify")

    told = f"owner: time zone rules of {ZONE} in tzdata {RULES_VERSION} moved 2 days with events (2026-11-01 "
    assert zoned.returncode == 0, zoned.stderr
    assert before == {date(2026, 11, 1): 1, date(2026, 11, 26): 2}
    assert wrong.exit_code == 1
    assert wrong.stderr.startswith(told)
    assert [line.split("\t")[4] for line in wrong.stdout.splitlines()[1:]] == ["2026-11-26", "2026-11-27"]
    assert migrated.exit_code == 0
    # Three if an event came in while they were mended.
    assert re.match(r"owner: [23] days of older time zone rules counted anew, ", migrated.stdout)
    assert (verified.exit_code, verified.stdout, verified.stderr) == (0, "", "No total differs.\n")
    assert await days_of(studio, "owner") == {
        date(2026, 11, 1): 1,
        date(2026, 11, 26): 1 + stored // 2,
        date(2026, 11, 27): 2 + stored // 2,
    }
