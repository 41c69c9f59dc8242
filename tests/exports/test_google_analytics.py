import json
from importlib import import_module

import pytest

from tests.exports.drafting import FILES, Draft, Drafting
from tests.exports.history import URL, History, lines

pa, pq = import_module("pyarrow"), import_module("pyarrow.parquet")

PROGRAM = "google-analytics"
SAMPLES = FILES / "ga4"
TEAPOT = "/models/teapot"
OF_THE_SAMPLE = Draft(
    {(TEAPOT, "pageview"): 1, (TEAPOT, "session_start"): 1, (TEAPOT, "view_model"): 1}, 0, []
)
HEAD = "# Report\n# Account: 12345678\n# Start date: {}\n# End date: {}\n"
EVENT = {"event_name": "a", "event_timestamp": 1772405998695757}
ADD_DATE = "it has no days. Add the dimension Date to the report, or download each day alone."


@pytest.mark.parametrize("name", ["events_20260302.parquet", "events_20260302.json", "console_results.json"])
def test_events_leave_bigquery_in_three_ways_and_are_the_same(drafting: Drafting, name: str) -> None:
    assert drafting.draft(PROGRAM, SAMPLES / name) == OF_THE_SAMPLE


@pytest.mark.parametrize(
    ("names", "counted"),
    [
        (("events_20260302", "events_intraday_20260302", "events_fresh_20260302"), {"events": 1}),
        (("events_intraday_20260302", "events_fresh_20260302"), {"fresh": 1}),
        (("events_20260302", "events_intraday_20260303"), {"events": 1, "intraday": 1}),
        (("events_20260302_000000000000", "events_20260302_000000000001"), {"events": 2}),
    ],
)
def test_of_a_day_only_one_kind_of_table_counts(
    drafting: Drafting, names: tuple[str, ...], counted: dict[str, int]
) -> None:
    files = []
    for name in names:
        kind = next((kind for kind in ("intraday", "fresh") if kind in name), "events")
        event = {"event_name": kind, "event_timestamp": "1772405998695757"}
        files.append(drafting.file(json.dumps(event), f"{name}.json"))
    draft = drafting.draft(PROGRAM, *files)
    assert draft.counts == {("", kind): count for kind, count in counted.items()}
    assert sum(note.count(".json") for note in draft.notes) == len(names) - sum(counted.values())


def test_values_stand_under_any_type_and_events_without_a_page_keep_their_screen(drafting: Drafting) -> None:
    params = [
        {"key": "session_engaged", "value": {"int_value": "1"}},
        {"key": "firebase_screen", "value": {"string_value": "Home"}},
        {"key": "nothing", "value": None},
    ]
    event = {"event_name": "screen_view", "event_timestamp": 1772405998695757, "event_params": params}
    lines = [event, {**event, "event_timestamp": "x"}]
    file = drafting.file("\n".join(map(json.dumps, lines)), "events.json")
    assert drafting.draft(PROGRAM, file) == Draft({("Home", "screen_view"): 1}, 1, [])


def test_lines_that_are_no_events_are_unusable(drafting: Drafting) -> None:
    good = EVENT
    lines = [
        good,
        {**good, "event_params": {"key": 1}},
        {**good, "event_params": [{"key": "page_location", "value": 5}]},
        {**good, "device": "x"},
        {**good, "device": {"web_info": "x"}},
        {**good, "event_timestamp": "-9999999999999999999"},
        {**good, "user_id": {"a": 1}},
    ]
    file = drafting.file("\n".join(map(json.dumps, lines)), "events.json")
    assert drafting.draft(PROGRAM, file) == Draft({("", "a"): 1}, 6, [])


def test_a_row_of_parquet_that_is_no_event_is_one_unusable_line(drafting: Drafting) -> None:
    file = drafting.folder / "events.parquet"
    stamps = pa.array([1772405998695757, None, 2**62], pa.int64())
    pq.write_table(pa.table({"event_name": ["a", "b", "c"], "event_timestamp": stamps}), file)
    assert drafting.draft(PROGRAM, file) == Draft({("", "a"): 1}, 2, [])


@pytest.mark.parametrize(
    ("name", "first", "totals"),
    [
        ("Pages_and_screens_Page_path_and_screen_class.csv", "Page path and screen class", 0),
        ("data-export_ja.csv", "ページパス + クエリ文字列", 1),
        ("exploration_free_form.csv", "Page path + query string", 1),
    ],
)
def test_a_report_of_several_days_has_no_days(drafting: Drafting, name: str, first: str, totals: int) -> None:
    draft = drafting.draft(PROGRAM, SAMPLES / name)
    assert draft.counts == {}
    assert draft.notes == [
        *["1 rows with a total of other rows are left out"] * totals,
        f"The table of “{first}” in {name} is left out: {ADD_DATE}",
    ]


def test_a_report_by_days_is_totals_and_people_are_not_added_up(drafting: Drafting) -> None:
    report = HEAD.format("20260301", "20260302") + (
        "\nPage path and screen class,Date,Device category,"
        "Views,Active users,Views per active user,Total revenue\n"
        f"{TEAPOT},20260301,mobile,60,30,2.0,0\n"
        f'{TEAPOT}?a=1,20260302,desktop,"1,045",40,2.5,0\n'
        '"/search?q=""tea, pot""",20260301,desktop,3,3,1,4.5\n'
        "(other),20260301,desktop,7,7,1,0\n"
        "/torn,20260301\n"
        "/no-day,20261399,desktop,5,5,1,0\n"
    )
    draft = drafting.draft(PROGRAM, drafting.file(report, "report.csv"))
    assert draft.counts == {
        (TEAPOT, "pageview"): 1105,
        ("/search", "pageview"): 3,
        ("(other)", "pageview"): 7,
    }
    assert draft.unusable == 2
    assert draft.notes == [
        "“Active users” is left out: whoever comes on two days is counted twice in a sum.",
        "“Views per active user” is left out: it is no count.",
        "“Total revenue” is left out: it is no count.",
    ]


def test_a_report_of_one_day_is_that_day_in_any_language(drafting: Drafting) -> None:
    japanese = (SAMPLES / "data-export_ja.csv").read_text().replace("20260302", "20260301")
    exploration = (SAMPLES / "exploration_free_form.csv").read_text().replace("20260302", "20260301")
    draft = drafting.draft(PROGRAM, drafting.file(japanese, "ja.csv"))
    assert draft.counts == {(TEAPOT, "pageview"): 1105, ("/", "pageview"): 52}
    assert draft.notes == [
        "1 rows with a total of other rows are left out",
        "“アクティブ ユーザー” is left out: whoever comes on two days is counted twice in a sum.",
    ]
    draft = drafting.draft(PROGRAM, drafting.file(exploration, "exploration.csv"))
    assert draft.counts == {(TEAPOT, "pageview"): 105, ("/", "pageview"): 52}


def test_each_table_of_an_overview_has_its_own_days(drafting: Drafting) -> None:
    overview = (
        HEAD.format("20260301", "20260302")
        + "\nCity,Users\nMunich,30\n\n"
        + HEAD.format("20260302", "20260302")
        + "Event name,Event count,Total users,Views\npage_view,20,3,20\nar_open,4,2,0\n\n"
        + HEAD.format("20260303", "20260303")
        + "City,Views\nMunich,9"
    )
    draft = drafting.draft(PROGRAM, drafting.file(overview, "overview.csv"))
    assert draft.counts == {("", "pageview"): 20, ("", "ar_open"): 4}
    assert draft.notes == [
        f"The table of “City” in overview.csv is left out: {ADD_DATE}",
        "“Total users” is left out: of events, only the event count is brought.",
        "“Views” is left out: of events, only the event count is brought.",
        "The table of “City” in overview.csv is left out: it says nothing of pages or events.",
    ]


def test_files_of_other_kinds_are_left_out(drafting: Drafting) -> None:
    # An array is not read by its lines, however long they are.
    events = drafting.file(f"\ufeff[{json.dumps({**EVENT, 'title': 'x' * 1_000_000})}]", "array.json")
    csv = drafting.file("event_timestamp,event_name\n1772405998695757,page_view\n", "events.csv")
    others = (drafting.file('{"fields": []}', "schema.json"), drafting.file("See schema.json", "readme.txt"))
    assert drafting.draft(PROGRAM, events, csv, *others) == Draft(
        {("", "a"): 1},
        0,
        [
            "events.csv is left out: CSV has no parameters of events. Save them as JSON or as Parquet.",
            "schema.json, readme.txt are left out: each has no events of Google Analytics 4.",
        ],
    )


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
async def test_events_are_brought_once(history: History) -> None:
    history.map(
        (TEAPOT, "pageview", URL, "VIEW"),
        (TEAPOT, "view_model", history.asset, "AR_CLICK"),
        ("*", "session_start", "", "IGNORE"),
    )
    first = await history.bring(PROGRAM, SAMPLES / "events_20260302.json")
    again = await history.bring(PROGRAM, SAMPLES / "events_20260302.json", SAMPLES / "console_results.json")

    figures = await history.figures()
    assert figures.views == [("20260301", "DESKTOP", "atelier.example", 1)]
    # The last one happened a second later.
    assert figures.ar_clicks == [("20260301", "DESKTOP", "atelier.example", 1)]
    assert figures.visitors == 1
    # The property's days are those of Tokyo: its `event_date` is the second of March.
    assert (await history.figures(zone="Asia/Tokyo")).views == [("20260302", "DESKTOP", "atelier.example", 1)]
    assert "events: 2 stored, 0 stored before" in lines(first)
    assert "events: 0 stored, 4 stored before" in lines(again)
    await history.verified()


async def test_parquet_and_a_report_are_brought(history: History) -> None:
    report = history.folder / "report.csv"
    report.write_text(
        f"{HEAD.format('20260302', '20260302')}Page path,Hostname,Views\n{TEAPOT},b.example,7\n"
    )
    history.map((TEAPOT, "pageview", URL, "VIEW"))

    told = await history.bring(PROGRAM, SAMPLES / "events_20260302.parquet", report)

    assert (await history.figures()).views == [
        ("20260301", "DESKTOP", "atelier.example", 1),
        ("20260302", None, "b.example", 7),
    ]
    assert "not in the table: 2 paths and events, 2 counts" in lines(told)
    await history.verified()
