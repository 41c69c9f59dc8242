"""Totals of days without events: `viewgraph import-totals` as it is typed, and what clients then see."""

import asyncio
import gzip
import json
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from sqlalchemy import text, update
from typer.testing import CliRunner, Result

from base.errors import BadUserInput
from ingest.imported_totals import say
from ingest.prune import prune
from ingest.retention import Retention, keep_to
from ingest.topics import Topic
from ingest.total_admission import CellKey
from ingest.unused_domains import drop_unused_domains
from ingest.wire import WireSubject
from ingest.wire_totals import TotalLine, WireTotal, WireTotalAction
from models import Action, Device, SubjectKind, Tenant
from resolvers.importing_totals import TotalsImport
from server.commands.cli import app
from server.settings import PREFIX
from tests.events import record, set_time_zone, view
from tests.server.keeping import heard, kept_of, marks
from tests.studio import SECRET, Studio
from tests.subjects import add_asset, add_subjects

Total = dict[str, Any]

COUNTED = ("day_totals", "month_totals", "subject_totals")
TABLES = (*COUNTED, "imported_totals", "events", "active_users", "engaged_views", "visitor_sketches")

on_sqlite = pytest.mark.parametrize("engine", ["sqlite"])
"""For what the database has no part in."""


class Bench(NamedTuple):
    """A studio, and a folder for files."""

    studio: Studio
    folder: Path

    @property
    def url(self) -> str:
        return self.studio.services.database.url.render_as_string(hide_password=False)

    async def run(self, *words: object) -> Result:
        """In a thread, because commands have an event loop of their own."""
        given = [*map(str, words), "--database-url", self.url]
        return await asyncio.to_thread(CliRunner().invoke, app, given, env={f"{PREFIX}SECRET": SECRET})

    async def told(self, *words: object) -> list[str]:
        """What a command says that ends well, in words between single spaces."""
        result = await self.run(*words)
        assert result.exit_code == 0, result.output
        return [" ".join(line.split()) for line in result.stdout.splitlines()]

    def file(self, totals: Sequence[Total], name: str = "totals.ndjson") -> Path:
        file = self.folder / name
        file.write_text("".join(f"{json.dumps(total)}\n" for total in totals))
        return file

    async def take(self, totals: Sequence[Total], source: str = "elsewhere") -> list[str]:
        """Imports them, and returns what became of the cells."""
        told = await self.told("import-totals", self.file(totals), "--source", source, "--strict")
        return told[-5:]

    async def rows(self, *tables: str) -> dict[str, list[tuple[Any, ...]]]:
        found = {}
        async with self.studio.services.database.snapshot() as connection:
            for table in tables or TABLES:
                rows = await connection.execute(text(f"SELECT * FROM {table}"))  # noqa: S608
                found[table] = sorted((tuple(row) for row in rows), key=repr)
        return found

    async def execute(self, statement: str) -> None:
        async with self.studio.services.database.writing() as session:
            await session.execute(text(statement))

    async def sound(self) -> None:
        """Nothing differs, and to rebuild changes nothing."""
        result = await self.run("verify")
        assert (result.exit_code, result.stdout) == (0, ""), result.output
        before = await self.rows()
        assert (await self.run("rebuild")).stdout == ""
        assert await self.rows() == before


@pytest.fixture
def bench(studio: Studio, tmp_path: Path) -> Bench:
    return Bench(studio, tmp_path)


def outcome(*, new: int = 0, changed: int = 0, removed: int = 0, same: int = 0, difference: str) -> list[str]:
    return [
        f"new totals {new}",
        f"changed {changed}",
        f"removed {removed}",
        f"the same {same}",
        f"difference {difference}",
    ]


def total(studio: Studio, day: str, count: int, **others: Any) -> Total:
    """Views of the publication, unless others say otherwise."""
    subject = {"publicationId": studio.publication}
    return {"subject": subject, "action": "VIEW", "day": day, "count": count, **others}


QUERY = """query($range: DateRange!, $zone: TimeZone!) { publication(url: "ai-research-studio") {
  metrics(range: $range, timeZone: $zone) {
    totalViews totalLikes totalShares takenBack { likes }
    uniqueVisitors { estimate } monthlyActiveUsers
    previous { totalViews }
  }
  allTime: metrics { totalViews totalLikes }
  days: views(range: $range, timeZone: $zone, interval: DAY) { points { dateInterval count } }
  weeks: views(range: $range, timeZone: $zone, interval: WEEK) { points { dateInterval count } }
  months: views(range: $range, timeZone: $zone, interval: MONTH) { points { dateInterval count } }
  hours: views(range: $range, timeZone: $zone, interval: HOUR) { points { dateInterval count } }
  devices: views(range: $range, timeZone: $zone, interval: MONTH, groupBy: [DEVICE]) {
    points { deviceCategory count }
  }
  domains: views(range: $range, timeZone: $zone, interval: MONTH, groupBy: [DOMAIN]) {
    points { domain count }
  }
  likes: actions(action: LIKE, range: $range, timeZone: $zone, interval: DAY) {
    points { dateInterval count takenBack }
  }
} }"""


async def shown(studio: Studio, first: str, last: str, zone: str = "UTC") -> dict[str, Any]:
    """The publication, with each point as its values beside each other."""
    answer = await studio.ask(QUERY, "owner", range={"start": first, "end": last}, zone=zone)
    publication: dict[str, Any] = answer.data["publication"]
    return {
        name: [tuple(point.values()) for point in value["points"]] if "points" in value else value
        for name, value in publication.items()
    }


async def test_they_count_like_events_of_their_day_in_every_figure_and_series(bench: Bench) -> None:
    studio = bench.studio
    await record(studio, [view("2023-06-05T09:30:00", device="MOBILE", domain="example.com")])
    before = await shown(studio, "2023-06-01", "2023-06-30")

    told = await bench.take(
        [
            total(studio, "2023-05-31", 7),
            total(studio, "2023-06-05", 10, deviceCategory="MOBILE", domain="https://Example.com/page"),
            total(studio, "2023-06-05", 5, deviceCategory="TABLET"),
            total(studio, "2023-06-30", 3, domain="(other)"),
            total(studio, "2023-06-06", 4, action="LIKE"),
            total(studio, "2023-06-06", 2, action="SHARE"),
        ]
    )
    assert told == outcome(new=6, difference="+31")

    assert await shown(studio, "2023-06-01", "2023-06-30") == {
        "metrics": {
            "totalViews": 19,
            "totalLikes": 4,
            "totalShares": 2,
            "takenBack": {"likes": 0},
            # Totals have no people.
            "uniqueVisitors": before["metrics"]["uniqueVisitors"],
            "monthlyActiveUsers": before["metrics"]["monthlyActiveUsers"],
            "previous": {"totalViews": 7},
        },
        "allTime": {"totalViews": 26, "totalLikes": 4},
        "days": [("20230605", 16), ("20230630", 3)],
        "weeks": [("202323", 16), ("202326", 3)],
        "months": [("202306", 19)],
        "hours": [("2023060509", 1), ("2023060512", 15), ("2023063012", 3)],
        "devices": [(None, 3), ("MOBILE", 11), ("TABLET", 5)],
        "domains": [(None, 5), ("(other)", 3), ("example.com", 11)],
        "likes": [("20230606", 4, 0)],
    }
    await bench.sound()


async def test_in_another_zone_they_stand_at_the_noon_of_their_day(bench: Bench) -> None:
    await bench.take([total(bench.studio, "2023-06-05", 10)])
    zones = {
        "Europe/Berlin": "2023060514",
        "America/Los_Angeles": "2023060505",
        "Asia/Kathmandu": "2023060517",
        # Further away than 12 hours.
        "Pacific/Kiritimati": "2023060602",
    }
    for zone, hour in zones.items():
        found = await shown(bench.studio, "2023-06-03", "2023-06-10", zone)
        assert (found["days"], found["hours"]) == ([(hour[:8], 10)], [(hour, 10)])
        assert (found["metrics"]["totalViews"], found["weeks"]) == (10, [("202323", 10)])
        morning = await shown(bench.studio, "2023-06-03", "2023-06-05T11:59:59Z", zone)
        assert (morning["metrics"]["totalViews"], morning["days"]) == (0, [])
        noon = await shown(bench.studio, "2023-06-05T12:00:00Z", "2023-06-05T12:00:00Z", zone)
        assert (noon["metrics"]["totalViews"], noon["hours"]) == (10, [(hour, 10)])


ASSETS = """query($id: ID!, $range: DateRange!) { organization(id: $id) { metrics(range: $range) {
  total3DViews totalARViews userEngagement avgNumberInteractions
  mostViewedAsset { asset { id } }
  topAssets(first: 5) { asset { id } total3DViews }
  actions(action: INTERACTION, interval: DAY, groupBy: [ASSET]) { points { dateInterval count asset { id } } }
} } }"""


async def test_of_assets_they_count_in_rankings_too(bench: Bench) -> None:
    studio = bench.studio
    first, second = await add_asset(studio), await add_asset(studio)
    actions = {"VIEW_3D": 8, "AR_CLICK": 2, "AR_SCAN": 1, "INTERACTION": 6, "ENGAGED_VIEW": 3}
    await bench.take(
        [
            *(
                {"subject": {"assetId": second}, "action": action, "day": "2023-06-05", "count": count}
                for action, count in actions.items()
            ),
            {"subject": {"assetId": first}, "action": "VIEW_3D", "day": "2023-06-05", "count": 7},
        ]
    )

    answer = await studio.ask(
        ASSETS, "admin", id=studio.organization, range={"start": "2023-06-05T06:00:00", "end": "2023-06-06"}
    )
    assert answer.data["organization"]["metrics"] == {
        "total3DViews": 15,
        "totalARViews": 3,
        "userEngagement": 3,
        "avgNumberInteractions": 2.0,
        "mostViewedAsset": {"asset": {"id": second}},
        "topAssets": [
            {"asset": {"id": second}, "total3DViews": 8},
            {"asset": {"id": first}, "total3DViews": 7},
        ],
        "actions": {"points": [{"dateInterval": "20230605", "count": 6, "asset": {"id": second}}]},
    }
    await bench.sound()


async def test_profiles_and_works_have_them_of_all_time(bench: Bench) -> None:
    studio = bench.studio
    subjects = await add_subjects(studio)
    await bench.take(
        [
            {"subject": subjects.profile, "action": "PROFILE_VIEW", "day": "2023-06-05", "count": 9},
            {"subject": subjects.work, "action": "PLAY", "day": "2023-06-05", "count": 4},
        ]
    )

    answer = await studio.ask("{ viewer { insight { profileViews works { inAppPlays } } } }", "stranger")
    assert answer.data == {"viewer": {"insight": {"profileViews": 9, "works": [{"inAppPlays": 4}]}}}


async def test_an_import_is_undone_as_if_it_had_never_been(bench: Bench) -> None:
    studio = bench.studio
    await record(studio, [view("2023-06-05T09:30:00", domain="example.com"), view("2023-05-05T09:30:00")])
    await bench.take([total(studio, "2023-06-05", 1), total(studio, "2023-06-07", 2)], "first")
    before, seen = await bench.rows(), await shown(studio, "2023-05-01", "2023-06-30")
    await bench.take(
        [
            total(studio, "2023-06-05", 10, domain="example.com"),
            total(studio, "2023-06-05", 5, domain="only.example", deviceCategory="TABLET"),
            total(studio, "2023-04-05", 5),
            total(studio, "2023-06-07", 6, action="LIKE"),
        ],
        "second",
    )
    assert (await shown(studio, "2023-05-01", "2023-06-30"))["metrics"]["totalViews"] == 20

    listed = await bench.told("import-totals", "--list")
    assert listed == [
        "tenant source totals count first last",
        "owner first 2 3 2023-06-05 2023-06-07",
        "owner second 4 26 2023-04-05 2023-06-07",
    ]
    assert await bench.told("import-totals", "--undo", "second", "--dry-run") == [listed[0], listed[2]]
    assert (await bench.rows()) != before
    assert await bench.told("import-totals", "--undo", "second") == [listed[0], listed[2]]

    assert await bench.rows() == before
    assert await shown(studio, "2023-05-01", "2023-06-30") == seen
    await bench.sound()
    database, clock = studio.services.database, studio.clock
    await drop_unused_domains(database, clock.now)
    clock.advance(days=1)
    assert await drop_unused_domains(database, clock.now) == 1, "only.example"


async def test_the_same_again_changes_nothing_and_mended_lines_replace(bench: Bench) -> None:
    studio = bench.studio
    lines = [
        total(studio, "2023-06-05", 10),
        total(studio, "2023-06-05", 5, deviceCategory="TABLET"),
        # Two lines of one cell are added up.
        total(studio, "2023-06-06", 1),
        total(studio, "2023-06-06", 2),
    ]
    assert await bench.take(lines) == outcome(new=3, difference="+18")
    before, publications = await bench.rows(), await bench.rows("publications")

    assert await bench.take(lines) == outcome(same=3, difference="+0")
    assert (await bench.rows(), await bench.rows("publications")) == (before, publications)

    await shown(studio, "2023-06-01", "2023-06-30")
    mended = [total(studio, "2023-06-05", 4), total(studio, "2023-06-05", 0, deviceCategory="TABLET")]
    assert await bench.take([*mended, *lines[2:], total(studio, "2023-06-07", 11)]) == outcome(
        new=1, changed=1, removed=1, same=1, difference="+0"
    )
    found = await shown(studio, "2023-06-01", "2023-06-30")
    assert found["days"] == [("20230605", 4), ("20230606", 3), ("20230607", 11)]
    assert found["allTime"]["totalViews"] == 18, "as many as before, and yet seen to be others"
    assert found["devices"] == [(None, 18)]
    await bench.sound()

    assert await bench.take([total(studio, "2023-06-05", 4)], "another") == outcome(new=1, difference="+4")
    assert (await shown(studio, "2023-06-01", "2023-06-30"))["days"][0] == ("20230605", 8)


@on_sqlite
async def test_a_dry_run_says_what_would_change_and_changes_nothing(bench: Bench) -> None:
    before = await bench.rows(*TABLES, "domains", "publications")
    file = bench.file([total(bench.studio, "2023-06-05", 1234, domain="new.example")])

    told = await bench.told("import-totals", file, "--source", "elsewhere", "--dry-run")

    assert told[0] == f"{file}: 1 lines of elsewhere, of which nothing was stored: --dry-run"
    assert told[-5:] == outcome(new=1, difference="+1,234")
    assert await bench.rows(*TABLES, "domains", "publications") == before


async def test_what_was_changed_by_hand_is_found_and_mended(bench: Bench) -> None:
    studio = bench.studio
    await record(studio, [view("2023-06-05T09:30:00")])
    await bench.take([total(studio, "2023-06-05", 10), total(studio, "2023-06-07", 2)])
    right = await bench.rows(*COUNTED)

    await bench.execute("DELETE FROM day_totals WHERE count = 2")
    await bench.execute("UPDATE month_totals SET count = 99")
    result = await bench.run("verify")
    assert result.exit_code == 1
    assert [line.split("\t") for line in result.stdout.splitlines()[1:]] == [
        ["day_totals", "owner", "publication 1", "VIEW", "2023-06-07", "UNKNOWN", "-", "-", "2"],
        ["month_totals", "owner", "publication 1", "VIEW", "2023-06", "UNKNOWN", "-", "99", "13"],
    ]
    assert (await bench.run("rebuild")).stdout == "owner: 2\n"
    assert await bench.rows(*COUNTED) == right

    await bench.execute("UPDATE imported_totals SET count = 11 WHERE count = 10")
    result = await bench.run("verify")
    assert [line.split("\t")[-2:] for line in result.stdout.splitlines()[1:]] == [
        ["11", "12"],
        ["13", "14"],
        ["13", "14"],
    ]


async def test_they_survive_pruning_and_another_reporting_time_zone(bench: Bench) -> None:
    studio = bench.studio
    await set_time_zone(studio, "owner", "America/New_York")
    await record(studio, [view("2023-03-05T02:30:00"), view("2023-06-05T02:30:00")])
    await bench.take([total(studio, "2023-03-05", 10), total(studio, "2023-06-05", 5)])
    new_york = await shown(studio, "2023-03-01", "2023-06-30", "America/New_York")
    assert new_york["days"] == [("20230304", 1), ("20230305", 10), ("20230604", 1), ("20230605", 5)]

    assert (await bench.run("tenant", "time-zone", "owner", "Europe/Berlin")).exit_code == 0
    berlin = await shown(studio, "2023-03-01", "2023-06-30", "Europe/Berlin")
    assert berlin["days"] == [("20230305", 11), ("20230605", 6)]
    assert berlin["hours"] == [
        ("2023030503", 1),
        ("2023030512", 10),
        ("2023060504", 1),
        ("2023060512", 5),
    ]
    await bench.sound()

    tenant_id = studio.people["owner"].row.tenant_id
    await prune(
        studio.services.database, [tenant_id], studio.clock.now, keep=30 * (date(2, 1, 2) - date(2, 1, 1))
    )
    pruned = await shown(studio, "2023-03-01", "2023-06-30", "Europe/Berlin")
    assert pruned["days"] == berlin["days"]
    # The hours of pruned days stand in totals of their own.
    assert pruned["hours"] == berlin["hours"]
    result = await bench.run("verify")
    assert (result.exit_code, result.stdout) == (0, "")

    # Days that were pruned take totals as before.
    assert await bench.take([total(studio, "2023-03-05", 20)]) == outcome(changed=1, difference="+10")
    assert (await shown(studio, "2023-03-01", "2023-03-31", "Europe/Berlin"))["days"] == [("20230305", 21)]
    await bench.told("import-totals", "--undo", "elsewhere")
    assert (await shown(studio, "2023-03-01", "2023-03-31", "Europe/Berlin"))["days"] == [("20230305", 1)]


async def test_explain_says_what_was_imported_by_which_name(bench: Bench) -> None:
    studio = bench.studio
    await record(studio, [view("2023-06-05T09:30:00")])
    await bench.take([total(studio, "2023-06-05", 10), total(studio, "2023-05-05", 2)])
    await bench.take([total(studio, "2023-06-05", 3)], "another")

    told = await bench.told("explain", studio.publication, "totalViews")
    assert told[0] == "totalViews of the publication ai-research-studio: 16"
    assert told[4:9] == [
        "table from up to action rows count raw events imported",
        "subject_totals - - VIEW 1 16 1 15",
        "",
        "Imported without events: 3 by another, 12 by elsewhere.",
        "Totals and raw events with imports agree.",
    ]
    told = await bench.told(
        "explain", studio.publication, "totalViews", "--from", "2023-05-05", "--to", "2023-06-05T18:00:00"
    )
    assert told[5:10] == [
        "table from up to action rows count raw events imported",
        "day_totals 2023-05-05 2023-06-06 VIEW 2 16 1 15",
        "events 2023-06-05T18:00:01Z 2023-06-06T00:00:00Z - 0 0 0 0",
        "",
        "Imported without events: 3 by another, 12 by elsewhere.",
    ]
    told = await bench.told(
        *("explain", studio.publication, "totalViews"),
        *("--from", "2023-06-05T08:00:00", "--to", "2023-06-05T18:00:00"),
    )
    assert told[5:10] == [
        "table from up to action rows count raw events imported",
        "events 2023-06-05T08:00:00Z 2023-06-05T18:00:01Z VIEW 1 1 1 0",
        "imported_totals 2023-06-05 2023-06-06 VIEW 2 13 0 13",
        "",
        "Imported without events: 3 by another, 10 by elsewhere.",
    ]


@on_sqlite
async def test_lines_that_cannot_be_taken_are_rejected_with_their_reason(bench: Bench) -> None:
    studio = bench.studio
    asset = {"subject": {"assetId": await add_asset(studio, domains=["shop.example"])}, "action": "VIEW_3D"}
    good = total(studio, "2023-06-05", 1)
    bad = [
        {**good, "subject": {"publicationId": "pub_00000000000000000000000000"}},
        {**good, "subject": {"publicationId": studio.publication, "assetId": "x"}},
        {**good, "action": "VIEW_3D"},
        {**good, "action": "UNLIKE"},
        {**good, "action": "LOOK"},
        {**good, "day": "1969-12-31"},
        {**good, "day": "2999-01-01"},
        {**good, "day": "05.06.2023"},
        {**good, "count": -1},
        {**good, "count": 10**12 + 1},
        {**good, "count": 1.5},
        {**good, "count": "1"},
        {**good, "visitors": 3},
        {**good, "domain": "no host"},
        {**asset, "day": "2023-06-05", "count": 1, "domain": "other.example"},
        {**asset, "day": "2023-06-05", "count": 1, "domain": "(other)"},
    ]
    rejects = bench.folder / "rejects.ndjson"
    file = bench.file([*bad, good])

    result = await bench.run("import-totals", file, "--source", "elsewhere", "--rejects", rejects, "--strict")

    assert result.exit_code == 1
    told = [json.loads(line) for line in rejects.read_text().splitlines()]
    assert [(one["reason"], one.get("detail")) for one in told] == [
        ("UNKNOWN_SUBJECT", ""),
        ("UNKNOWN_SUBJECT", ""),
        ("WRONG_ACTION", ""),
        ("TAKES_BACK", "UNLIKE takes a LIKE back: give only the number of LIKE that still stand"),
        ("INVALID_TOTAL", "Invalid enum value 'LOOK' - at `$.action`"),
        ("TOO_OLD", "the first day is 1970-01-02"),
        ("IN_THE_FUTURE", told[6]["detail"]),
        ("INVALID_TOTAL", "Invalid RFC3339 encoded date - at `$.day`"),
        ("INVALID_TOTAL", "Expected `int` >= 0 - at `$.count`"),
        ("INVALID_TOTAL", "Expected `int` <= 1000000000000 - at `$.count`"),
        ("INVALID_TOTAL", "Expected `int`, got `float` - at `$.count`"),
        ("INVALID_TOTAL", "Expected `int`, got `str` - at `$.count`"),
        ("INVALID_TOTAL", "Object contains unknown field `visitors`"),
        ("INVALID_DOMAIN", ""),
        ("DOMAIN_NOT_ALLOWED", ""),
        ("DOMAIN_NOT_ALLOWED", ""),
    ]
    assert [(one["line"], one["total"]) for one in told] == list(enumerate(bad, 1))
    assert len((await bench.rows("imported_totals"))["imported_totals"]) == 1

    mended = bench.folder / "mended.ndjson"
    mended.write_text(json.dumps({**told[8], "total": {**good, "day": "2023-06-06"}}))
    assert (await bench.told("import-totals", mended, "--source", "elsewhere"))[-5:] == outcome(
        new=1, difference="+1"
    )


@on_sqlite
async def test_tables_are_read_with_the_same_columns_as_tables_of_events(bench: Bench) -> None:
    file = bench.folder / "totals.csv.gz"
    file.write_bytes(
        gzip.compress(
            (
                "publicationId;action;day;count;deviceCategory;domain\n"
                f"{bench.studio.publication};VIEW;2023-06-05;12;DESKTOP;example.com\n"
                f"{bench.studio.publication};VIEW;2023-06-05;1 200;;\n"
                f"{bench.studio.publication};VIEW;2023-06-06;3;;\n"
            ).encode()
        )
    )

    told = await bench.told("import-totals", file, "--source", "elsewhere")

    assert told[:5] == [
        f"{file}: 3 lines of elsewhere",
        "counted 2",
        "rejected 1",
        "1 INVALID_TOTAL",
        "line 3: INVALID_TOTAL Expected `int`, got `str` - at `$.count`",
    ]
    assert (await shown(bench.studio, "2023-06-01", "2023-06-30"))["days"] == [
        ("20230605", 12),
        ("20230606", 3),
    ]


@on_sqlite
async def test_only_what_an_account_may_report_is_taken_for_it(bench: Bench) -> None:
    file = bench.file([total(bench.studio, "2023-06-05", 1)])

    told = await bench.told("import-totals", file, "--source", "mine", "--as", "stranger@example.com")
    assert told[1:4] == ["counted 0", "rejected 1", "1 UNKNOWN_SUBJECT"]
    assert (await bench.rows("imported_totals"))["imported_totals"] == []
    told = await bench.told("import-totals", file, "--source", "mine", "--as", "cocreator@example.com")
    assert told[-5:] == outcome(new=1, difference="+1")


@on_sqlite
async def test_options_that_do_not_fit_are_refused(bench: Bench) -> None:
    file = bench.file([total(bench.studio, "2023-06-05", 1)])
    one = "Give one of these: a FILE and its --source, --undo with a name, or --list.\n"
    refused = {
        (): one,
        (file, "--list"): one,
        (file,): "Give the import a name: --source plausible-2025.\n",
        (file, "--source", "Two Words"): (
            "'Two Words' is no name of a source: it has 1 to 64 of the characters a-z, 0-9, '.', '_' and "
            "'-', and begins with a letter or a digit, such as plausible-2025.\n"
        ),
        (file, "--source", "one", "--tenant", "owner"): (
            "--tenant goes with --undo and --list: the lines of a file name their subjects.\n"
        ),
        ("--undo", "nothing"): "Nothing was imported under the name nothing.\n",
        (file, "--source", "one", "--format", "parquet"): (
            "Totals are read from NDJSON and CSV, not from Parquet.\n"
        ),
    }
    for words, message in refused.items():
        result = await bench.run("import-totals", *words)
        assert (result.exit_code, result.stdout, result.stderr) == (1, "", message), words
    assert (await bench.rows("imported_totals"))["imported_totals"] == []


async def test_a_server_that_keeps_answers_learns_of_an_import_and_of_its_end(bench: Bench) -> None:
    async with kept_of(bench.studio) as studio:
        file = bench.file([total(studio, "2023-06-05", 10)])
        seen = []
        for words in ((file, "--source", "one"), ("--undo", "one")):
            await shown(studio, "2023-06-01", "2023-06-30")
            before = marks(studio)
            await bench.told("import-totals", *words)
            await heard(studio, before)
            seen.append((await shown(studio, "2023-06-01", "2023-06-30"))["metrics"]["totalViews"])
    assert seen == [10, 0]


def line(studio: Studio, number: int, count: int, **others: Any) -> TotalLine:
    subject = WireSubject(publication_id=studio.publication)
    others = {"action": WireTotalAction.VIEW, "day": date(2023, 6, 5), **others}
    return TotalLine(number, WireTotal(subject=subject, count=count, **others))


async def imported(studio: Studio, lines: Sequence[TotalLine], source: str = "elsewhere") -> TotalsImport:
    work = TotalsImport(studio.services, lines, source=source)
    await work.run()
    return work


async def test_those_who_watch_figures_learn_of_an_import_that_changes_them(bench: Bench) -> None:
    studio = bench.studio
    topic = Topic(SubjectKind.PUBLICATION, 1)
    with studio.services.topics.watch(topic) as watch:
        await imported(studio, [line(studio, 1, 30)])
        async with asyncio.timeout(10):
            await watch.change()
        watch.forget()
        await imported(studio, [line(studio, 1, 30)])
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0):
                await watch.change()


async def test_nothing_is_stored_of_what_was_deleted_a_moment_ago(bench: Bench) -> None:
    studio = bench.studio
    lamp, chair = [await studio.add_asset(name) for name in ("A lamp", "A chair")]

    def told(count: int) -> list[TotalLine]:
        day, action = date(2023, 6, 5), WireTotalAction.VIEW_3D
        subjects = [WireSubject(asset_id=id) for id in (lamp, chair)]
        return [
            TotalLine(number, WireTotal(subject=subject, action=action, day=day, count=count))
            for number, subject in enumerate(subjects, 1)
        ]

    await imported(studio, told(2))
    before = await bench.rows(*COUNTED, "imported_totals")
    # From here on the process remembers both.
    await studio.ask("mutation($id: ID!) { deleteAsset(id: $id) { id } }", "admin", id=lamp)

    tally = (await imported(studio, told(3))).tally

    assert (tally.counted, tally.rejected, tally.changed, tally.difference) == (
        1,
        {"UNKNOWN_SUBJECT": 1},
        1,
        1,
    )
    assert tally.first_rejects[0].line == 1
    after = await bench.rows(*COUNTED, "imported_totals")
    for table, rows in before.items():
        assert [row[-1] for row in rows] == [2, 2], table
        assert sorted(row[-1] for row in after[table]) == [2, 3], table

    async with studio.services.database.writing() as session:
        await session.execute(update(Tenant).values(deleted_at=studio.clock.now))
    tally = (await imported(studio, told(4))).tally
    assert (tally.counted, tally.rejected, tally.difference) == (0, {"UNKNOWN_SUBJECT": 2}, 0)
    assert await bench.rows(*COUNTED, "imported_totals") == after


async def test_days_that_have_lost_detail_take_no_totals_again(bench: Bench) -> None:
    studio = bench.studio
    database, tenant_id = studio.services.database, studio.people["owner"].row.tenant_id
    await record(studio, [view("2023-03-05T02:30:00")])
    lines = [
        line(studio, 1, 10, day=date(2023, 3, 5), domain="shop.example"),
        line(studio, 2, 5, day=date(2023, 6, 5)),
    ]
    await imported(studio, lines)
    cell = CellKey(tenant_id, 1, Action.VIEW, date(2023, 3, 5), Device.UNKNOWN, "shop.example")
    for retention in (Retention(30, 30, None), Retention(30, 30, 30)):
        await keep_to(database, [tenant_id], studio.clock.now, retention)
        before = await bench.rows()

        tally = (await imported(studio, lines)).tally

        assert (tally.counted, tally.same, tally.rejected) == (1, 1, {"TOO_OLD": 1})
        # It may have lost detail after the lines were read.
        async with database.writing() as session:
            assert list(await say(session, tenant_id, "elsewhere", {cell: 10})) == [cell]
        assert await bench.rows() == before
        assert sorted(row[-1] for row in before["month_totals"]) == [5, 11]


@on_sqlite
async def test_a_day_has_a_thousand_domains_at_most(bench: Bench) -> None:
    studio = bench.studio
    lines = [line(studio, n, 1, domain=f"{n}.example") for n in range(1, 1_003)]
    work = await imported(studio, [*lines, line(studio, 2_000, 5, domain="(other)"), *lines[:1]])

    assert [(one.line, one.reason, one.detail) for one in work.tally.first_rejects] == [
        (
            n,
            "TOO_MANY_DOMAINS",
            "a day of a subject has at most 1,000 domains: add the others up as '(other)'",
        )
        for n in (1_001, 1_002)
    ]
    assert (await shown(studio, "2023-06-05", "2023-06-05"))["metrics"]["totalViews"] == 1_006


async def test_no_total_becomes_one_that_is_not_counted(bench: Bench) -> None:
    studio = bench.studio
    await bench.take([total(studio, "2023-06-05", 10)])
    await bench.execute("UPDATE subject_totals SET count = 9007199254740972")
    before = await bench.rows()

    with pytest.raises(BadUserInput) as refused:
        await imported(studio, [line(studio, 1, 30)])
    assert refused.value.extensions["reason"] == "TOO_LARGE"
    assert await bench.rows() == before
    work = await imported(studio, [line(studio, 1, 29)])
    assert (work.tally.changed, work.tally.difference) == (1, 19)
    assert [row[-1] for row in (await bench.rows("subject_totals"))["subject_totals"]] == [2**53 - 1]
