from pathlib import Path

import pytest

from tests.exports.history import FILES, URL, History, lines

CLOUD = FILES / "umami/cloud_export.zip"


def rules(history: History) -> None:
    history.map(
        ("/models/teapot", "pageview", URL, "VIEW"),
        ("/models/teapot", "ar_open", history.asset, "AR_CLICK"),
        ("/", "pageview", URL, "SHARE"),
    )


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
async def test_the_export_of_the_cloud_is_brought_once(history: History) -> None:
    rules(history)

    first = await history.bring("umami", CLOUD)
    figures = await history.figures()
    again = await history.bring("umami", CLOUD)

    # Two events have one id.
    assert figures.views == [("20260301", "DESKTOP", "atelier.example", 1)]
    assert figures.ar_clicks == [("20260301", "DESKTOP", "atelier.example", 1)]
    assert (figures.shares, figures.visitors) == (1, 1)
    rest = [
        "- Umami's ids of sessions change each month, or as you set it: a visitor without an id of your own "
        "counts anew then.",
        "- 1 measurements of how fast pages are (type 5) are left out: they are no views.",
        "- cloud_export.zip/event_data.csv, cloud_export.zip/session_data.csv are left out: each has "
        "properties, which Viewgraph does not keep.",
    ]
    assert lines(first)[1:] == ["events: 3 stored, 1 stored before", *rest]
    assert lines(again)[1:] == ["events: 0 stored, 4 stored before", *rest]
    assert await history.figures() == figures
    await history.verified()


async def test_the_tables_of_an_own_server_are_the_same_events(history: History) -> None:
    """The device stands in another table, and PostgreSQL writes times as `2026-03-01 22:59:58.123+00`."""
    rules(history)

    told = await history.bring("umami", FILES / "umami/postgres")
    figures = await history.figures()
    # The ids of the events are those of the export of the cloud.
    other = await history.bring("umami", CLOUD)

    assert lines(told)[1] == "events: 3 stored, 0 stored before"
    assert figures.views == [("20260301", "DESKTOP", "atelier.example", 1)]
    assert figures.visitors == 1
    assert lines(other)[1] == "events: 0 stored, 4 stored before"


async def test_a_day_is_that_of_the_zone_in_which_it_is_asked(history: History) -> None:
    rules(history)

    await history.bring("umami", CLOUD)

    views = (await history.figures(zone="Asia/Tokyo")).views
    assert views == [("20260302", "DESKTOP", "atelier.example", 1)]


async def test_a_download_of_the_overview_has_no_days(history: History) -> None:
    told = await history.told(
        "import-export", "umami", FILES / "umami/overview/download.zip", "--table", history.table, exit_code=1
    )

    assert lines(told) == [
        "There are no events and no totals of days in it.",
        "- download.zip/browsers.csv, download.zip/countries.csv, download.zip/devices.csv and 4 more are "
        "left out: each is a download of the overview, which has sums without days, cut after 500 rows. Take "
        "the data export of Umami Cloud, or the tables website_event and session of your own server.",
    ]
    assert not history.table.exists()


async def test_lines_that_are_no_events_cost_themselves_alone(history: History, tmp_path: Path) -> None:
    file = tmp_path / "website_event.csv"
    head = "event_id,session_id,event_type,event_name,created_at,url_path,browser,device\n"
    file.write_text(
        f"{head}1,s,1,,2026-03-01 10:00:00,/models/teapot,ios,laptop\n"
        r"2,s,1,,2026-03-01 10:00:01,/models/teapot,crios,\N" + "\n"
        "3,s,7,,2026-03-01 10:00:02,/models/teapot,chrome,desktop\n"
        "4,s,1,,yesterday,/models/teapot,chrome,desktop\n"
        "5,s,2,\\N,2026-03-01 10:00:02,/models/teapot,chrome,desktop\n"
        '6,s,1,,2026-03-01 10:00:02,/models/%74eapot,"smart\ntv",tv\n'
    )
    rules(history)

    told = await history.bring("umami", file)

    assert (await history.figures()).views == [
        ("20260301", None, None, 2),
        ("20260301", "DESKTOP", None, 1),
    ]
    assert lines(told)[1:7] == [
        "events: 3 stored, 0 stored before",
        "rejected               3",
        "3  INVALID_EVENT",
        "website_event.csv, line 4: INVALID_EVENT event_type is '7', and event_name is ''",
        "website_event.csv, line 5: INVALID_EVENT created_at: 'yesterday' is no instant, such as "
        "2023-06-04T23:59:59Z",
        r"website_event.csv, line 6: INVALID_EVENT event_type is '2', and event_name is '\\N'",
    ]
