"""The report against a count in plain Python, and against the other fields of the same metrics."""

import re
from base64 import b64decode
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from tests.studio import Clock, Studio
from tests.workbooks import HEADINGS, SHEETS, XLSX, charts, rows, table, types, workbook

ASK = """query($o: ID!, $start: RangeBound!, $end: RangeBound!, $zone: TimeZone, $domain: String,
  $assets: [ID!], $interval: DateInterval!) {
  organization(id: $o) { metrics(range: {start: $start, end: $end}, timeZone: $zone, domain: $domain,
    assetIds: $assets) {
      range { start end } total3DViews totalARViews userEngagement avgNumberInteractions
      topAssets { rank asset { name } total3DViews totalARViews userEngagement avgNumberInteractions }
      in3D: views(viewType: VIEW_3D, interval: $interval, zeroFill: true) {
        points { dateInterval isPartial count } }
      inAR: views(viewType: VIEW_AR, interval: $interval, zeroFill: true) { points { count } }
      xlsx: summaryReport { document contentType filename }
      csv: summaryReport(format: CSV) { document contentType filename }
      daily: summaryReport(format: CSV, rows: DAYS) { document }
      sheets: summaryReport(rows: DAYS) { document } } } }"""
ZONES = ("UTC", "America/New_York", "Asia/Kathmandu")
START = datetime(2023, 1, 20, tzinfo=UTC)
DAYS = 140
DEVICES = ("Desktop", "Mobile", "Tablet", "Unknown")
NAMES = {"B": ("Beech table", 1), "A": ("ash chair", 0), "C": ("Copper lamp", 0), "D": ("Dusty shelf", 1)}
"""In another order than that of the names; nothing ever happens to the last one."""


class Happened(NamedTuple):
    asset: str
    action: str
    at: datetime
    device: str
    domain: str
    view: int


def some_events(random: Random) -> list[Happened]:
    return [
        Happened(
            random.choice("ABC"),
            random.choice(("VIEW_3D", "VIEW_3D", "AR_CLICK", "AR_SCAN", "INTERACTION", "INTERACTION")),
            START + timedelta(seconds=random.randrange(DAYS * 86_400)),
            random.choice(DEVICES),
            random.choice(("a.example", "b.example")),
            random.randrange(1, 60),
        )
        for _ in range(300)
    ]


async def report(studio: Studio, ids: dict[str, str], events: list[Happened]) -> None:
    await studio.report(
        [
            {
                "id": str(UUID(int=number + 1)),
                "subject": {"assetId": ids[event.asset]},
                "action": event.action,
                "occurredAt": event.at.isoformat(),
                "deviceCategory": None if event.device == "Unknown" else event.device.upper(),
                "domain": event.domain,
                "viewId": str(UUID(int=event.view)),
            }
            for number, event in enumerate(events)
        ]
    )


def first_interactions(events: list[Happened]) -> list[Happened]:
    firsts: dict[int, Happened] = {}
    for event in sorted(events, key=lambda event: event.at):
        if event.action == "INTERACTION":
            firsts.setdefault(event.view, event)
    return [event._replace(action="ENGAGED") for event in firsts.values()]


def figures(counts: Counter[str]) -> list[float]:
    clicks, scans = counts["AR_CLICK"], counts["AR_SCAN"]
    engaged, interactions = counts["ENGAGED"], counts["INTERACTION"]
    average = interactions / engaged if engaged else 0
    return [counts["VIEW_3D"], clicks, scans, clicks + scans, engaged, interactions, average]


def lines(
    shown: list[Happened],
    ids: dict[str, str],
    chosen: set[str],
    parts: Sequence[str] = DEVICES,
    part_of: Callable[[Happened], str] = lambda event: event.device,
) -> list[list[Any]]:
    """What the sheet of assets holds, with its headings and totals."""
    counts: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    total: Counter[str] = Counter()
    for event in shown:
        counts[event.asset, part_of(event)][event.action] += 1
        total[event.action] += 1
    found: list[list[Any]] = [list(HEADINGS)]
    for letter in sorted(chosen):
        name, place = NAMES[letter]
        workspace = ("Furniture", "Lighting")[place]
        on: list[str | None] = [part for part in parts if (letter, part) in counts]
        found.extend(
            [name, workspace, part, *figures(counts[letter, part or ""]), ids[letter]]
            for part in on or [None]
        )
    return [*found, ["Total", None, None, *figures(total), None]]


def by_days(shown: list[Happened], ids: dict[str, str], chosen: set[str], zone: ZoneInfo) -> list[list[Any]]:
    """The same with a row for each day of the zone."""

    def day_of(event: Happened) -> str:
        return event.at.astimezone(zone).date().isoformat()

    found = lines(shown, ids, chosen, sorted({day_of(event) for event in shown}), day_of)
    found[0][2] = "Day"
    return found


@pytest.mark.parametrize("seed", range(3))
async def test_the_report_is_what_a_count_by_hand_gives(studio: Studio, clock: Clock, seed: int) -> None:
    clock.advance(days=300)
    random = Random(seed)  # noqa: S311  # no secret
    ids = {letter: await studio.add_asset(name, workspace=place) for letter, (name, place) in NAMES.items()}
    events = some_events(random)
    await report(studio, ids, events)
    for _ in range(5):
        zone = random.choice(ZONES)
        first = START + timedelta(seconds=random.randrange(DAYS * 86_400))
        last = first + timedelta(seconds=random.randrange(1, 120 * 86_400))
        domain = random.choice((None, "a.example"))
        chosen = random.choice((None, {"A"}, {"A", "C", "D"}, set()))
        by_day = last + timedelta(seconds=1) - first <= timedelta(days=92)

        answer = await studio.ask(
            ASK,
            "admin",
            o=studio.organization,
            start=first.isoformat(),
            end=last.isoformat(),
            zone=zone,
            domain=domain,
            assets=None if chosen is None else [ids[letter] for letter in sorted(chosen)],
            interval="DAY" if by_day else "MONTH",
        )

        found = answer.data["organization"]["metrics"]
        book = workbook(found["xlsx"]["document"])
        asked = set(NAMES) if chosen is None else chosen
        shown = [
            event
            for event in [*events, *first_interactions(events)]
            if first <= event.at < last + timedelta(seconds=1)
            and domain in (None, event.domain)
            and event.asset in asked
        ]
        by_hand = lines(shown, ids, asked)
        assert book.sheetnames == SHEETS
        assert rows(book, "Assets") == written(by_hand)
        assert table(b64decode(found["csv"]["document"])) == as_text(by_hand)
        daily = by_days(shown, ids, asked, ZoneInfo(zone))
        assert table(b64decode(found["daily"]["document"])) == as_text(daily)
        assert rows(workbook(found["sheets"]["document"]), "Assets") == written(with_days(daily))
        assert_totals_are_the_apis(found, by_hand[-1])
        assert rows(book, "Views over time") == over_time(found, shown, ZoneInfo(zone), by_day)
        assert rows(book, "Top assets")[1:] == written(top(found))
        assert rows(book, "Devices") == written(devices(shown))
        assert [line[1] for line in rows(book, "Summary")[3:10]] == written(by_hand)[-1][3:10]


def written(found: list[list[Any]]) -> list[list[Any]]:
    """A number in a workbook has 16 digits."""
    return [[float(f"{cell:.16G}") if isinstance(cell, float) else cell for cell in line] for line in found]


def with_days(found: list[list[Any]]) -> list[list[Any]]:
    """As cells of a workbook have them."""
    return [
        [datetime.fromisoformat(cell) if place == 2 and cell and number else cell for place, cell in cells]
        for number, cells in enumerate(map(enumerate, found))
    ]


def as_text(found: list[list[Any]]) -> list[list[str]]:
    """The average, and no other figure, is a decimal number."""
    return [
        ["" if cell is None else str(float(cell) if place == 9 and number else cell) for place, cell in cells]
        for number, cells in enumerate(map(enumerate, found))
    ]


def assert_totals_are_the_apis(found: dict[str, Any], total: list[Any]) -> None:
    assert [found["total3DViews"], found["totalARViews"], found["userEngagement"]] == [
        total[3],
        total[6],
        total[7],
    ]
    assert found["avgNumberInteractions"] == total[9]


def over_time(found: dict[str, Any], shown: list[Happened], zone: ZoneInfo, by_day: bool) -> list[list[Any]]:
    """From the API's series; their counts are those of a count by hand."""
    spelled = "%Y%m%d" if by_day else "%Y%m"
    by_hand = Counter(
        (event.at.astimezone(zone).strftime(spelled), event.action == "VIEW_3D")
        for event in shown
        if event.action in ("VIEW_3D", "AR_CLICK", "AR_SCAN")
    )
    points = [
        (point["dateInterval"], point["isPartial"], point["count"], in_ar["count"])
        for point, in_ar in zip(found["in3D"]["points"], found["inAR"]["points"], strict=True)
    ]
    assert [point[2:] for point in points] == [
        (by_hand[key, True], by_hand[key, False]) for key, *_ in points
    ]
    return [
        ["Day" if by_day else "Month", "3D views", "AR views", "Covered"],
        *(
            [datetime.strptime(key, spelled), in_3d, in_ar, "in part" if is_partial else "whole"]  # noqa: DTZ007
            for key, is_partial, in_3d, in_ar in points
        ),
        ["Total", found["total3DViews"], found["totalARViews"], None],
    ]


def top(found: dict[str, Any]) -> list[list[Any]]:
    return [
        [
            one["rank"],
            one["asset"]["name"],
            one["total3DViews"],
            one["totalARViews"],
            one["userEngagement"],
            one["avgNumberInteractions"],
            one["asset"]["name"],
        ]
        for one in found["topAssets"]
    ]


def devices(shown: list[Happened]) -> list[list[Any]]:
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    total: Counter[str] = Counter()
    for event in shown:
        counts[event.device][event.action] += 1
        total[event.action] += 1
    return [
        ["Device", *HEADINGS[3:10]],
        *([name, *figures(counts[name])] for name in DEVICES if name in counts or name != "Unknown"),
        ["Total", *figures(total)],
    ]


REPORT = """query($o: ID!) { organization(id: $o) {
  metrics(range: {start: "2023-06-01", end: "2023-06-30"}, timeZone: "Europe/Paris") {
    xlsx: summaryReport { document contentType filename }
    csv: summaryReport(format: CSV) { document contentType filename } } } }"""
HOSTILE = (
    '=HYPERLINK("https://evil.example","click")',
    "+1+1",
    "-2+3",
    "@SUM(A1)",
    "＝1+1",  # noqa: RUF001
    "a\tb\rc\nd\x01e\x7f",
    "https://evil.example/",
    "_x0041_ and _x000D_",
    "<b>&amp;</b>",
    "\"quoted\", and 'quoted'",
    "👩‍👩‍👧‍👦 chair 🪑",
    "كرسي ‏مريح",
    "\u202egnp.exe",
    "名" * 200,
    "[Sheet:*?/\\]' of more than thirty-one characters",
    "\ufffe no character",
    "1.5",
    "'already quoted",
)
"""Names, as people give them."""


async def test_names_stay_text_whatever_they_are(studio: Studio) -> None:
    ids = [await studio.add_asset(name) for name in HOSTILE]
    await studio.report(
        [{"subject": {"assetId": id}, "action": "VIEW_3D"} for id in ids for _ in range(ids.index(id) + 1)]
    )

    answer = await studio.ask(REPORT, "admin", o=studio.organization)

    found = answer.data["organization"]["metrics"]
    document = b64decode(found["xlsx"]["document"])
    book = workbook(document)
    shown = [name.replace("\ufffe", "\ufffd") for name in HOSTILE]
    shown[5] = "a b c d e "
    in_csv = {name: f"'{name}" for name in shown[:5]}
    assert {row[0] for row in rows(book, "Assets")[1:-1]} == set(shown)
    assert [row[1] for row in rows(book, "Top assets")[1:]] == shown[:-11:-1]
    assert [types(book, sheet) for sheet in SHEETS] == [
        {"s", "n"},
        {"s", "n"},
        {"s", "n", "d"},
        {"s", "n"},
        {"s", "n"},
        {"s"},
    ]
    assert all(cell.hyperlink is None for row in book["Assets"].iter_rows() for cell in row)
    csv = table(b64decode(found["csv"]["document"]))
    assert {row[0] for row in csv[1:-1]} == {in_csv.get(name, name) for name in shown}
    assert [row[3] for row in csv[1:-1]] == [row[3] for row in map(as_strings, rows(book, "Assets")[1:-1])]
    assert len(charts(document)) == 3


def as_strings(row: list[Any]) -> list[str]:
    return [str(cell) for cell in row]


async def test_the_file_is_called_by_whom_it_tells_of_and_by_its_days(studio: Studio) -> None:
    answer = await studio.ask(REPORT, "admin", o=studio.organization)

    found = answer.data["organization"]["metrics"]
    assert {name: found[name]["contentType"] for name in ("xlsx", "csv")} == {
        "xlsx": XLSX,
        "csv": "text/csv; charset=utf-8",
    }
    assert [found[name]["filename"] for name in ("xlsx", "csv")] == [
        "Works 2023-06-01 to 2023-06-30.xlsx",
        "Works 2023-06-01 to 2023-06-30.csv",
    ]


async def test_a_report_of_nothing_is_whole(studio: Studio) -> None:
    answer = await studio.ask(REPORT, "admin", o=studio.organization)

    found = answer.data["organization"]["metrics"]
    document = b64decode(found["xlsx"]["document"])
    book = workbook(document)
    assert rows(book, "Assets") == [HEADINGS, ["Total", None, None, *[0] * 7, None]]
    assert len(rows(book, "Views over time")) == 32
    assert rows(book, "Devices")[1:] == [[name, *[0] * 7] for name in (*DEVICES[:3], "Total")]
    assert len(rows(book, "Top assets")) == 1
    assert len(charts(document)) == 2


async def test_the_sheet_of_filters_says_what_was_asked(studio: Studio) -> None:
    chair, lamp = await studio.add_asset("Chair"), await studio.add_asset("Lamp", workspace=1)
    answer = await studio.ask(
        """query($o: ID!, $assets: [ID!], $workspaces: [ID!]) { organization(id: $o) {
          metrics(range: {start: "2023-06-01", end: "2023-06-10T11:30:00"}, timeZone: "Europe/Paris",
            assetIds: $assets, workspaceIds: $workspaces, domain: "Shop.example") {
            summaryReport { document } } } }""",
        "admin",
        o=studio.organization,
        assets=[chair, lamp],
        workspaces=studio.workspaces[:1],
    )

    book = workbook(answer.data["organization"]["metrics"]["summaryReport"]["document"])
    assert rows(book, "Filters")[:14] == [
        ["What was asked", None],
        ["Organization", "Works"],
        ["Workspace", "Furniture"],
        ["Asset", "Chair"],
        ["Asset", "Lamp"],
        ["Assets in this report", "1"],
        ["Domain", "shop.example"],
        ["Time zone", "Europe/Paris"],
        ["From (included)", "2023-06-01T00:00:00+02:00"],
        ["To (not included)", "2023-06-10T11:30:01+02:00"],
        ["From, in UTC", "2023-05-31T22:00:00Z"],
        ["To, in UTC", "2023-06-10T09:30:01Z"],
        ["Made at, in UTC", "2023-06-15T12:00:00Z"],
        [None, None],
    ]
    assert rows(book, "Summary")[:2] == [["Works", None], ["2023-06-01 to 2023-06-10", None]]
    assert rows(book, "Summary")[11] == ["Made at 2023-06-15 12:00:00 UTC", None]


async def test_headings_stay_in_sight_and_rows_can_be_filtered(studio: Studio) -> None:
    chair = await studio.add_asset("Chair")
    await studio.report([{"subject": {"assetId": chair}, "action": "VIEW_3D"}])

    answer = await studio.ask(REPORT, "admin", o=studio.organization)

    book = workbook(answer.data["organization"]["metrics"]["xlsx"]["document"])
    assert {name: book[name].freeze_panes for name in SHEETS[1:]} == {
        "Assets": "B2",
        "Views over time": "A2",
        "Devices": "A2",
        "Top assets": "A2",
        "Filters": "A2",
    }
    assert {name: book[name].auto_filter.ref for name in SHEETS[1:5]} == {
        "Assets": "A1:K2",
        "Views over time": "A1:D31",
        "Devices": "A1:H5",
        "Top assets": "A1:G2",
    }
    assert [cell.number_format for cell in book["Assets"][2][3:10]] == ["#,##0"] * 6 + ["#,##0.00"]
    assert book["Views over time"]["A2"].number_format == "yyyy-mm-dd"


async def test_charts_show_the_tables(studio: Studio) -> None:
    chair, lamp = await studio.add_asset("Chair"), await studio.add_asset("Lamp")
    await studio.report(
        [
            {"subject": {"assetId": id}, "action": action, "deviceCategory": "MOBILE"}
            for id, action in ((chair, "VIEW_3D"), (lamp, "VIEW_3D"), (lamp, "VIEW_3D"), (lamp, "AR_SCAN"))
        ]
    )

    answer = await studio.ask(REPORT, "admin", o=studio.organization)

    document = b64decode(answer.data["organization"]["metrics"]["xlsx"]["document"])
    days = ["0"] * 30
    in_3d, in_ar = [*days[:14], "3", *days[15:]], [*days[:14], "1", *days[15:]]
    assert [chart_of(text) for text in charts(document)] == [
        (
            "Views by day",
            ["'Views over time'!$A$2:$A$31", "'Views over time'!$B$2:$B$31"],
            ["'Views over time'!$A$2:$A$31", "'Views over time'!$C$2:$C$31"],
            in_3d + in_ar,
        ),
        (
            "Views by device",
            ["Devices!$A$2:$A$4", "Devices!$B$2:$B$4"],
            ["Devices!$A$2:$A$4", "Devices!$E$2:$E$4"],
            ["0", "3", "0", "0", "1", "0"],
        ),
        (
            "Top assets by 3D views",
            ["'Top assets'!$G$2:$G$3", "'Top assets'!$C$2:$C$3"],
            ["2", "1"],
        ),
    ]


def chart_of(text: str) -> tuple[Any, ...]:
    """The title, what the series refer to, and the values that are kept."""
    (title,) = re.findall(r"<c:title>.*?<a:t>(.*?)</a:t>", text)[:1]
    references = re.findall(r"<c:f>(.*?)</c:f>", text)
    pairs = [references[place : place + 2] for place in range(0, len(references), 2)]
    return (title, *pairs, re.findall(r"<c:v>(\d+)</c:v>", text))


MANY = 50
OF_MANY = """query($w: ID!, $n: Int) { workspace(id: $w) { assets(first: $n) { edges { node {
  metrics(range: {start: "2023-06-01", end: "2023-06-30"}) { %s } } } } } }"""
STATEMENTS = {
    # The totals.
    "total3DViews": 1,
    "summaryReport { contentType filename }": 0,
    # Who asks is known by then.
    "summaryReport { url }": 0,
    # Figures by device, views over time in 3D and in AR, the assets, their workspace, the organization.
    "summaryReport(format: CSV) { document }": 6,
    "summaryReport(format: CSV) { document url } other: summaryReport(format: CSV) { document }": 6,
}
"""How many statements each takes more than the assets do, be it for 1 asset or for 50."""


async def test_reports_of_50_assets_take_as_many_statements_as_of_one(studio: Studio) -> None:
    ids = []
    for number in range(MANY):
        # In the order of their making, in which they are listed.
        studio.clock.advance(seconds=1)
        ids.append(await studio.add_asset(f"Asset {number}"))
    await studio.report(
        [
            {"subject": {"assetId": id}, "action": "VIEW_3D", "deviceCategory": "MOBILE"}
            for number, id in enumerate(ids)
            for _ in range(number % 3 + 1)
        ]
    )
    taken = {}
    for field in STATEMENTS:
        numbers = []
        # From its second time on, a plan answers, which reads some rows together.
        await studio.ask(OF_MANY % field, "admin", w=studio.workspaces[0], n=1)
        for asked in (1, MANY):
            with studio.statements() as statements:
                answer = await studio.ask(OF_MANY % field, "admin", w=studio.workspaces[0], n=asked)
            numbers.append(len(statements))
            found = [edge["node"]["metrics"] for edge in answer.data["workspace"]["assets"]["edges"]]
            assert len(found) == asked
            if "document" in field:
                documents = [b64decode(metrics["summaryReport"]["document"]) for metrics in found]
                assert [table(document)[1:] for document in documents] == [
                    [
                        [f"Asset {n}", "Furniture", "Mobile", str(n % 3 + 1), *"00000", "0.0", ids[n]],
                        ["Total", "", "", str(n % 3 + 1), *"00000", "0.0", ""],
                    ]
                    for n in range(asked)
                ]
        taken[field] = numbers
    assets = taken["summaryReport { contentType filename }"][0]
    assert taken == {field: [assets + more] * 2 for field, more in STATEMENTS.items()}


@pytest.mark.parametrize(
    ("viewer", "denied"),
    [
        (None, ("UNAUTHENTICATED", "organization")),
        ("stranger", ("NOT_FOUND", "organization")),
        ("member", ("FORBIDDEN", "organization.metrics")),
    ],
)
async def test_who_may_not_see_the_metrics_gets_no_report_and_no_link(
    studio: Studio, viewer: str | None, denied: tuple[str, str]
) -> None:
    await studio.add_asset("Secret prototype")

    answer = await studio.ask(
        """query($o: ID!) { organization(id: $o) { metrics(range: {start: "2023-06-01", end: "2023-06-30"}) {
          summaryReport { document url filename } } } }""",
        viewer,
        o=studio.organization,
    )

    assert answer.errors == [denied]
    assert answer.body["data"] == {"organization": {"metrics": None} if viewer == "member" else None}
    assert "reports/" not in str(answer.body)


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_a_link_holds_a_hundred_ids(studio: Studio) -> None:
    ids = [await studio.add_asset(f"Asset {number}") for number in range(101)]
    ask = """query($o: ID!, $assets: [ID!]) { organization(id: $o) {
      metrics(range: {start: "2023-06-01", end: "2023-06-30"}, assetIds: $assets) {
        summaryReport(format: CSV) { %s } } } }"""

    many = await studio.ask(ask % "url", "admin", o=studio.organization, assets=ids)
    fitting = await studio.ask(ask % "url", "admin", o=studio.organization, assets=ids[:100])
    document = await studio.ask(ask % "document", "admin", o=studio.organization, assets=ids)

    assert many.extensions == {"code": "BAD_USER_INPUT", "argument": "assetIds", "reason": "TOO_MANY"}
    url = fitting.data["organization"]["metrics"]["summaryReport"]["url"]
    assert len(url) < 8_000
    assert len(table((await studio.client.get(url)).content)) == 102
    text = document.data["organization"]["metrics"]["summaryReport"]["document"]
    assert len(table(b64decode(text))) == 103
