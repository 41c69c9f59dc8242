import zipfile
from pathlib import Path

import pytest

from tests.exports.history import FILES, URL, History, lines

EXPORT = FILES / "plausible/atelier_example_20260303.zip"
NOTES = [
    "- Devices, browsers, systems, countries, sources, entry and exit pages are left out: the export has "
    "them for the whole site and not for each page. So the device of each total is unknown.",
    "- 64 `engagement` events are left out: with them Plausible measures how long a page is read.",
    "- Visitors and visits are left out: whoever comes on two days, or to two pages, counts twice in their "
    "sum.",
]


async def test_the_draft_has_every_page_and_event_and_recognises_publications(history: History) -> None:
    assert await history.draft("plausible", EXPORT) == [
        ("/models/teapot", "pageview", URL, "VIEW", "105"),
        ("/", "pageview", "", "", "52"),
        ("/über/größe", "pageview", "", "", "28"),
        ("https://shop.example/cart", "Outbound Link: Click", "", "", "4"),
        ("", "Signup", "", "", "2"),
        ("/gone", "404", "", "", "1"),
    ]


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
async def test_a_zip_is_brought_once(history: History) -> None:
    # The zip was written as a stream, with the sizes after the data.
    with zipfile.ZipFile(EXPORT) as archive:
        assert {member.flag_bits & 8 for member in archive.infolist()} == {8}
    history.map(
        ("/models/*", "pageview", URL, "VIEW"),
        ("/über/*", "pageview", URL, "VIEW"),
        ("*", "Outbound*", history.asset, "AR_CLICK"),
        ("/gone", "*", "", "IGNORE"),
        ("/never", "pageview", URL, "VIEW"),
    )
    rest = [
        "not in the table: 2 paths and events, 54 counts",
        "52 of pageview at /",
        "2 of Signup, without a path",
        "left out by the table: 1 counts",
        f"{history.table} has lines that match nothing: 6",
        *NOTES,
    ]

    first = await history.bring("plausible", EXPORT)
    figures = await history.figures()
    again = await history.bring("plausible", EXPORT)

    assert figures.views == [
        ("20260301", None, "atelier.example", 45),
        ("20260302", None, "atelier.example", 60),
        ("20260302", None, "www.atelier.example", 28),
    ]
    assert figures.ar_clicks == [("20260301", None, None, 4)]
    assert lines(first) == [
        f"By {history.table}",
        "totals of days: 4 new, 0 changed, 0 removed, 0 stored before; +137 in all",
        "as days of UTC, the reporting time zone",
        *rest,
    ]
    assert lines(again) == [
        f"By {history.table}",
        "totals of days: 0 new, 0 changed, 0 removed, 4 stored before; +0 in all",
        "as days of UTC, the reporting time zone",
        *rest,
    ]
    assert await history.figures() == figures
    await history.verified()


async def test_a_dry_run_stores_nothing(history: History) -> None:
    history.map(("*", "pageview", URL, "VIEW"))

    told = await history.bring("plausible", EXPORT, "--dry-run")

    assert lines(told)[:2] == [
        f"By {history.table}, of which nothing is stored: --dry-run",
        "totals of days: 3 new, 0 changed, 0 removed, 0 stored before; +185 in all",
    ]
    assert (await history.figures()).views == []


async def test_exports_that_overlap_are_not_added(history: History, tmp_path: Path) -> None:
    """A folder has the zip, its files, and a later export of the second day."""
    header = "date,page,pageviews,hostname\n"
    (tmp_path / "export").mkdir()
    for name in ("atelier_example_20260303.zip", "imported_pages_20260301_20260302.csv"):
        (tmp_path / "export" / name).write_bytes((FILES / "plausible" / name).read_bytes())
    later = tmp_path / "export" / "imported_pages_20260302_20260303.csv"
    # Columns are found by their names.
    later.write_text(f"{header}2026-03-02,/models/teapot,64,atelier.example\n")
    history.map(("/models/teapot", "pageview", URL, "VIEW"))

    told = await history.bring("plausible", tmp_path / "export")

    assert (await history.figures()).views == [
        ("20260301", None, "atelier.example", 45),
        ("20260302", None, "atelier.example", 64),
    ]
    assert "- 3 totals are in two files: what the later file says counts." in lines(told)


async def test_older_exports_and_what_is_no_number_or_no_day(history: History, tmp_path: Path) -> None:
    (tmp_path / "export").mkdir()
    for file in (FILES / "plausible/older").iterdir():
        (tmp_path / "export" / file.name).write_bytes(file.read_bytes())
    # Their import takes files without the prefix, too.
    (tmp_path / "export" / "pages.csv").write_text(
        "date,page,pageviews\n2024-01-03,/faq,1e3\n03.01.2024,/faq,2\n2024-01-03,/faq\n2024-01-03,/faq,7\n"
    )
    (tmp_path / "export" / "notes.txt").write_text("Of the old site.")
    history.map(("/faq", "pageview", URL, "VIEW"), ("/", "*", "", "IGNORE"))

    told = await history.bring("plausible", tmp_path / "export", "--rejects", tmp_path / "rejects.ndjson")

    assert (await history.figures("2024-01-01", "2024-01-31")).views == [
        ("20240102", None, "atelier.example", 5),
        ("20240103", None, None, 7),
    ]
    assert lines(told)[1:8] == [
        "events: 0 stored, 0 stored before",
        "rejected               3",
        "3  INVALID_EVENT",
        "pages.csv, line 2: INVALID_EVENT pageviews is '1e3', which is no whole number",
        "pages.csv, line 3: INVALID_EVENT date is '03.01.2024', which is no day such as 2026-03-01",
        "pages.csv, line 4: INVALID_EVENT 2 cells under a header of 3",
        "totals of days: 2 new, 0 changed, 0 removed, 0 stored before; +12 in all",
    ]
    assert "- notes.txt is left out: it is no table of Plausible." in lines(told)
    assert (tmp_path / "rejects.ndjson").read_text().splitlines() == [
        '{"file":"pages.csv","line":2,"reason":"INVALID_EVENT","detail":"pageviews is \'1e3\', which is no '
        'whole number","text":"2024-01-03,/faq,1e3"}',
        '{"file":"pages.csv","line":3,"reason":"INVALID_EVENT","detail":"date is \'03.01.2024\', which is no '
        'day such as 2026-03-01","text":"03.01.2024,/faq,2"}',
        '{"file":"pages.csv","line":4,"reason":"INVALID_EVENT","detail":"2 cells under a header of 3",'
        '"text":"2024-01-03,/faq"}',
    ]


async def test_the_dashboard_has_days_of_the_whole_site_alone(history: History, tmp_path: Path) -> None:
    history.map(("", "pageview", URL, "VIEW"))

    told = await history.bring("plausible", FILES / "plausible_dashboard")
    (tmp_path / "visitors.csv").write_text("date,pageviews,views_per_visit\n2026-02-01,5,1\n2026-03-01,6,1\n")
    months = await history.bring("plausible", tmp_path / "visitors.csv")

    assert (await history.figures()).views == [("20260301", None, None, 97)]
    assert lines(told)[3:] == [
        "- pages.csv is left out: it has no days, only sums of the range that the dashboard showed, and ends "
        "after 100 or 300 rows. Export the site (Settings, Imports & exports) instead.",
        "- The curve of the dashboard is of the whole site, so its path is empty. To have days of each page, "
        "export the site (Settings, Imports & exports).",
    ]
    assert lines(months)[-1] == (
        "- visitors.csv is left out: its rows are not single days: show days in the dashboard, and download "
        "it again."
    )


async def test_pages_that_do_not_add_up_to_the_site_are_told(history: History, tmp_path: Path) -> None:
    site, pages = tmp_path / "imported_visitors.csv", tmp_path / "imported_pages.csv"
    site.write_text("date,pageviews\n2026-03-01,9\n")
    pages.write_text("date,page,pageviews\n2026-03-01,/,7\n")
    history.map(("/", "pageview", URL, "VIEW"))

    told = await history.bring("plausible", site, pages)

    assert lines(told)[-1] == (
        "- The pageviews of pages and those of the whole site differ on 1 days. On 2026-03-01 they are 7 and "
        "9. Those of pages are counted."
    )
