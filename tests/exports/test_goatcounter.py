import gzip
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.exports.history import FILES, URL, History, lines

CSV = FILES / "goatcounter/goatcounter-export-atelier-20260303T090000Z-0.csv"
PACKED = CSV.with_name(f"{CSV.name}.gz")
JSON = FILES / "goatcounter/goatcounter-export-atelier-20260303T090000Z.zip"
HEADER = CSV.read_text().splitlines()[0]
AGAIN = (
    "- 1 pageviews are of a page that was seen before in the same visit. They count here; GoatCounter shows "
    "only the first of each visit."
)


def rules(history: History, name: str = "pageview") -> None:
    history.map(
        ("/models/teapot", name, URL, "VIEW"),
        ("/", name, "", "IGNORE"),
        ("", "click-buy", history.asset, "AR_CLICK"),
    )


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
async def test_pageviews_are_brought_once_packed_or_not(history: History) -> None:
    rules(history)

    first = await history.bring("goatcounter", PACKED)
    figures = await history.figures()
    again = await history.bring("goatcounter", CSV)

    assert figures.views == [("20260301", "DESKTOP", None, 2)]
    assert figures.ar_clicks == [("20260302", "MOBILE", None, 1)]
    assert figures.visitors == 1
    assert lines(first)[1:] == ["events: 3 stored, 0 stored before", "left out by the table: 1 counts", AGAIN]
    assert lines(again)[1:] == ["events: 0 stored, 3 stored before", "left out by the table: 1 counts", AGAIN]
    assert await history.figures() == figures
    await history.verified()


async def test_equal_pageviews_of_one_second_all_count_and_overlapping_exports_do_not(
    history: History, tmp_path: Path
) -> None:
    row = "/models/teapot,,0,,Firefox 140,Linux,0-0,{bot},,,,,1,2026-03-01T10:00:0{second}Z\n"
    one, two = tmp_path / "one.csv", tmp_path / "two.csv.gz"
    equal = row.format(bot=0, second=0)
    one.write_text(f"{HEADER}\n{equal}{equal}{row.format(bot=3, second=1)}")
    two.write_bytes(gzip.compress(f"{HEADER}\n{equal}{equal}{equal}{row.format(bot=0, second=2)}".encode()))
    rules(history)

    told = await history.bring("goatcounter", one)
    more = await history.bring("goatcounter", two)

    assert (await history.figures()).views == [("20260301", "DESKTOP", None, 4)]
    # Ids that are 0 say that sessions are turned off.
    assert (await history.figures()).visitors == 0
    assert lines(told)[1] == "events: 2 stored, 0 stored before"
    assert "- 1 pageviews are left out, because GoatCounter recognised bots." in lines(told)
    assert lines(more)[1] == "events: 2 stored, 2 stored before"


async def test_the_json_has_visits_by_hour(history: History) -> None:
    rules(history, "visit")

    draft = await history.draft("goatcounter", JSON)
    rules(history, "visit")
    first = await history.bring("goatcounter", JSON, "--time-zone", "UTC")
    figures = await history.figures()
    again = await history.bring("goatcounter", JSON, "--time-zone", "UTC")

    assert draft == [
        ("", "click-buy", "", "", "1"),
        ("/", "visit", "", "", "1"),
        ("/models/teapot", "visit", URL, "VIEW", "1"),
    ]
    assert figures.views == [("20260301", None, None, 1)]
    assert figures.ar_clicks == [("20260302", None, None, 1)]
    assert lines(first)[1] == "totals of days: 2 new, 0 changed, 0 removed, 0 stored before; +2 in all"
    assert lines(again)[1] == "totals of days: 0 new, 0 changed, 0 removed, 2 stored before; +0 in all"
    await history.verified()


async def test_hours_become_days_of_the_zone(history: History) -> None:
    rules(history, "visit")

    told = await history.bring("goatcounter", JSON)
    utc = (await history.figures()).views
    await history.told("import-totals", "--undo", "goatcounter")
    await history.bring("goatcounter", JSON, "--time-zone", "Asia/Tokyo")

    assert utc == [("20260301", None, None, 1)]
    assert (await history.figures()).views == [("20260302", None, None, 1)]
    assert (
        "- The hours of the export are added up to days in UTC. If your reporting time zone is another one, "
        "name it with --time-zone."
    ) in lines(told)


async def test_json_exports_that_overlap_are_not_added(history: History, tmp_path: Path) -> None:
    """An incremental export has its first day again, and more of it."""
    names = ("20260301", "20260302")
    for name, hours in zip(names, ([(10, 5)], [(10, 5), (10, 1), (12, 2)]), strict=True):
        with ZipFile(tmp_path / f"{name}.zip", "w") as archive:
            archive.writestr("paths.jsonl", '{"id": 7, "path": "/models/teapot"}\n')
            archive.writestr(
                "hit_stats.jsonl",
                "".join(
                    f'{{"hour": "2026-03-01T{hour}:00:00Z", "path_id": 7, "count": {count}}}\n'
                    for hour, count in hours
                )
                + '{"hour": "2026-03-01T10:00:00Z", "path_id": 8, "count": 1}\n',
            )
    rules(history, "visit")

    told = await history.bring("goatcounter", *(tmp_path / f"{name}.zip" for name in names))

    assert (await history.figures()).views == [("20260301", None, None, 8)]
    words = "it needs an hour with an offset, a count, and a path_id that is in paths.jsonl"
    assert f"20260301.zip/hit_stats.jsonl, line 2: INVALID_EVENT {words}" in lines(told)


async def test_halves_of_a_day_in_two_exports_add_up(history: History, tmp_path: Path) -> None:
    for name, hour, count in (("a", "11", "5"), ("b", "12", "2")):
        with ZipFile(tmp_path / f"{name}.zip", "w") as archive:
            archive.writestr("paths.jsonl", '{"id": 7, "path": "/models/teapot"}\n')
            archive.writestr(
                "hit_stats.jsonl",
                f'{{"hour": "2026-03-01T{hour}:00:00Z", "path_id": 7, "count": {count}}}\n'
                f'{{"hour": "2026-03-01T{hour}:00:00Z", "path_id": 7, "count": 1e999}}\n',
            )
    rules(history, "visit")

    told = await history.bring("goatcounter", tmp_path / "a.zip", tmp_path / "b.zip")

    assert (await history.figures()).views == [("20260301", None, None, 7)]
    assert "2  INVALID_EVENT" in lines(told)


async def test_only_one_of_both_counts(history: History) -> None:
    rules(history)

    told = await history.bring("goatcounter", CSV, JSON)

    assert (await history.figures()).views == [("20260301", "DESKTOP", None, 2)]
    assert lines(told)[-1].endswith(
        "is left out: its visits are those of the pageviews in CSV, which count instead."
    )


async def test_an_empty_export_and_an_older_version_are_left_out(history: History, tmp_path: Path) -> None:
    empty, older = tmp_path / "empty.csv", tmp_path / "older.csv"
    empty.write_text(f"{HEADER}\n")
    older.write_text("1Path,Title,Event\n/,,0\n")

    told = await history.told(
        "import-export", "goatcounter", empty, older, "--table", history.table, exit_code=1
    )

    assert lines(told) == [
        "There are no events and no totals of days in it.",
        "- empty.csv is left out: it has no pageviews: GoatCounter keeps single pageviews only if that is "
        "turned on in its settings. Export JSON instead.",
        "- older.csv is left out: it has version 1 of the format, and not 2: export it again.",
    ]


async def test_a_dry_run_counts_only_events_that_the_account_may_report(history: History) -> None:
    history.map(("/models/teapot", "pageview", URL, "VIEW"))

    strangers = await history.bring("goatcounter", CSV, "--dry-run", "--as", "stranger@example.com")
    owners = await history.bring("goatcounter", CSV, "--dry-run", "--as", "owner@example.com")

    assert lines(strangers)[1:4] == [
        "events: 0 stored, 0 stored before",
        "rejected               2",
        "2  UNKNOWN_SUBJECT",
    ]
    assert lines(owners)[1] == "events: 2 stored, 0 stored before"
    assert (await history.figures()).views == []
