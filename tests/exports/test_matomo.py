import csv
import json
from pathlib import Path
from typing import Any

import pytest

from tests.exports.history import FILES, URL, History, lines

VISITS = FILES / "matomo/Live.getLastVisitsDetails_day.json"
PAGES = FILES / "matomo/Actions.getPageUrls_day.csv"
NO_DAY = (
    "left out: it does not say of which day it is. Export several days at once (period=day and "
    "date=2026-03-01,2026-03-31), or put the day into the name of the file, such as pages-2026-03-01.csv."
)


def rules(history: History) -> None:
    history.map(
        ("/models/teapot", "pageview", URL, "VIEW"),
        ("/models/teapot", "3D/ar_open", history.asset, "AR_CLICK"),
        ("https://shop.example/*", "outlink", URL, "SHARE"),
    )


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
async def test_the_actions_of_visits_are_brought_once(history: History) -> None:
    draft = await history.draft("matomo", VISITS)
    rules(history)

    first = await history.bring("matomo", VISITS)
    figures = await history.figures()
    again = await history.bring("matomo", VISITS)

    # Matomo writes `&amp;` in links that lead away.
    assert draft == [
        ("/models/teapot", "3D/ar_open", "", "", "1"),
        ("/models/teapot", "pageview", URL, "VIEW", "1"),
        ("https://shop.example/cart?a=1&b=2", "outlink", "", "", "1"),
    ]
    assert figures.views == [("20260301", "DESKTOP", "atelier.example", 1)]
    assert figures.ar_clicks == [("20260301", "DESKTOP", "atelier.example", 1)]
    assert (figures.shares, figures.visitors) == (1, 1)
    assert lines(first)[1:] == ["events: 3 stored, 0 stored before"]
    assert lines(again)[1:] == ["events: 0 stored, 3 stored before"]
    assert await history.figures() == figures
    await history.verified()


async def test_numbers_may_be_texts_and_the_csv_of_visits_has_a_column_for_each_value(
    history: History, tmp_path: Path
) -> None:
    (visit,) = json.loads(VISITS.read_text())
    teapot: dict[str, Any] = visit["actionDetails"][0]
    goal = {"type": "goal", "url": teapot["url"], "timestamp": "1772405999"}
    other = {
        **visit,
        "deviceType": "Phablet",
        "actionDetails": [{**teapot, "pageId": 12}, goal, {"type": "x"}],
    }
    as_json = tmp_path / "visits.json"
    as_json.write_text(json.dumps([visit, other, {"idVisit": 7}]))
    flat = {
        **{name: value for name, value in visit.items() if isinstance(value, str | int)},
        **{
            f"actionDetails_{n}_{name}": v
            for n, a in enumerate(visit["actionDetails"])
            for name, v in a.items()
        },
    }
    as_csv = tmp_path / "visits.csv"
    with as_csv.open("w", encoding="utf-16", newline="") as stream:
        table = csv.DictWriter(stream, list(flat))
        table.writeheader()
        table.writerow(flat)
    rules(history)

    told = await history.bring("matomo", as_json)
    same = await history.bring("matomo", as_csv)

    assert (await history.figures()).views == [
        ("20260301", "DESKTOP", "atelier.example", 1),
        ("20260301", "MOBILE", "atelier.example", 1),
    ]
    assert lines(told)[1:7] == [
        "events: 4 stored, 0 stored before",
        "rejected               2",
        "2  INVALID_EVENT",
        "visits.json, line 2: INVALID_EVENT an action of the visit has no type, timestamp or address "
        "that can be read",
        "visits.json, line 3: INVALID_EVENT it is no visit with actions (actionDetails)",
        "not in the table: 1 paths and events, 1 counts",
    ]
    assert lines(same)[1] == "events: 0 stored, 3 stored before"


async def test_a_list_of_a_hundred_visits_may_be_cut(history: History, tmp_path: Path) -> None:
    file = tmp_path / "visits.json"
    file.write_text(json.dumps([{"idVisit": n, "actionDetails": []} for n in range(100)]))
    rules(history)

    assert lines(await history.bring("matomo", file))[-1] == (
        "- visits.json has exactly 100 visits, after which Matomo cuts a list: export each day again with "
        "filter_limit=-1."
    )


async def test_a_list_that_ends_early_ends_the_run_with_its_reason(history: History, tmp_path: Path) -> None:
    file = tmp_path / "visits.json"
    file.write_text(VISITS.read_text()[:-1])
    rules(history)

    told = await history.told("import-export", "matomo", file, "--table", history.table, exit_code=1)

    assert lines(told)[0] == "This is import 1: `viewgraph import --undo 1` undoes it."
    assert lines(told)[3].startswith("visits.json is no JSON after item 1: ")
    # What was read before is stored, and is found again when the whole file comes.
    assert lines(await history.bring("matomo", VISITS))[1] == "events: 0 stored, 3 stored before"


async def test_a_report_of_pages_has_the_day_in_its_name(history: History, tmp_path: Path) -> None:
    """In UTF-16, with an apostrophe before what a spreadsheet would calculate."""
    dated = tmp_path / "pages-2026-03-01.csv"
    dated.write_bytes(PAGES.read_bytes())

    refused = await history.told("import-export", "matomo", PAGES, "--table", history.table, exit_code=1)
    draft = await history.draft("matomo", dated)
    history.map(("/größe", "pageview", URL, "VIEW"), ("/=teapot", "pageview", URL, "VIEW"))
    first = await history.bring("matomo", dated)
    again = await history.bring("matomo", dated)

    assert f"- {PAGES.name} is {NO_DAY}" in lines(refused)
    assert draft == [
        ("/", "pageview", "", "", "52"),
        ("/=teapot", "pageview", "", "", "45"),
        ("/größe", "pageview", "", "", "3"),
    ]
    assert (await history.figures()).views == [("20260301", None, "atelier.example", 48)]
    assert lines(first)[1] == "totals of days: 1 new, 0 changed, 0 removed, 0 stored before; +48 in all"
    assert lines(again)[1] == "totals of days: 0 new, 0 changed, 0 removed, 1 stored before; +0 in all"
    await history.verified()


async def test_a_report_of_several_days_has_them_in_a_column(history: History, tmp_path: Path) -> None:
    file = tmp_path / "pages.tsv"
    rows = "".join(f"2026-03-02\t/page-{n}\t1\t\thttps://a.example/page-{n}\n" for n in range(99))
    file.write_text(
        "date\tlabel\tnb_hits\tidsubdatatable\tmetadata_url\n"
        "2026-03-01\t/teapot\t7\t\thttps://a.example/teapot?x=1\n"
        "2026-03-01\tmodels\t9\t12\t\n"
        "2026-03-01\tOthers\t8\t\t\n"
        '"2026-02-23,2026-03-01"\t/teapot\t70\t\thttps://a.example/teapot\n'
        f"2026-03-02\t/teapot\t5\t\thttps://a.example/teapot\n{rows}",
        encoding="utf-16",
    )
    history.map(("/teapot", "pageview", URL, "VIEW"), ("/page*", "pageview", "", "IGNORE"))

    told = await history.bring("matomo", file)

    assert (await history.figures()).views == [
        ("20260301", None, "a.example", 7),
        ("20260302", None, "a.example", 5),
    ]
    assert lines(told)[4:] == [
        "- Visitors and visits of pages are left out: they do not add up over days or pages.",
        "- 2 rows without an address are left out: they are folders, whose pages stand in other rows (export "
        "with flat=1), or the rest that Matomo calls Others.",
        "- 1 rows are left out: they are of weeks, months or years, which are not days.",
        "- pages.tsv has days with exactly 100 pages, after which Matomo cuts a report: export it again with "
        "filter_limit=-1.",
    ]


async def test_what_has_no_pages_is_left_out_and_reports_do_not_count_beside_visits(history: History) -> None:
    rules(history)

    told = await history.bring("matomo", *(file for file in sorted(FILES.joinpath("matomo").iterdir())))

    assert (await history.figures()).views == [("20260301", "DESKTOP", "atelier.example", 1)]
    assert lines(told)[1:] == [
        "events: 3 stored, 0 stored before",
        "- Live.getLastVisitsDetails_day.csv is left out: it has visits without their actions "
        "(actionDetails). Export JSON instead.",
        "- VisitsSummary.get_day.csv, VisitsSummary.get_day_unicode0.csv, VisitsSummary.get_weeks.csv are "
        "left out: each has visits and people of the whole site. Export Actions.getPageUrls, with flat=1.",
        "- VisitsSummary.get_day_de.csv, caddy_json.log, common_complete.log and 3 more are left out: each "
        "is neither Live.getLastVisitsDetails nor Actions.getPageUrls with the names of the API "
        "(translateColumnNames=0). Reports by mail have no days.",
        "- empty.csv is left out: it says that there is no data.",
        "- Actions.getPageUrls_day.csv, Actions.getPageUrls_day.tsv are left out: its pageviews are those of "
        "the visits, which count instead. For other days, bring it in a run of its own.",
    ]
