import gzip
import json
from pathlib import Path

import pytest

from tests.exports.drafting import Drafting
from tests.exports.history import FILES, URL, History, lines

LOGS = FILES / "matomo/logs"
CHROME = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/145.0.0.0 Safari/537.36"
)
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_3 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/18.3 Mobile/15E148 Safari/604.1"
)
VISITORS = (
    "- Visitors are told apart by address and user agent within a day. They have other names in each run: "
    "give all logs of a day to one run."
)


def line(
    path: str, *, at: str = "01/Mar/2026:12:00:00 +0000", status: int = 200, agent: str = CHROME, by: int = 9
) -> str:
    return f'203.0.113.{by} - - [{at}] "GET {path} HTTP/1.1" {status} 5120 "-" "{agent}"\n'


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
async def test_four_formats_are_read_and_their_offsets_subtracted(history: History) -> None:
    """Three of them have one view at 22:59:58 in UTC; the fourth was redirected."""
    history.map(("/models/teapot", "pageview", URL, "VIEW"))

    first = await history.bring("access-log", LOGS)
    figures = await history.figures()
    again = await history.bring("access-log", LOGS)

    rest = [
        VISITORS,
        "- 1 requests are left out: they are no GET, or were not answered by 200 or 304.",
    ]
    # nginx and Apache say the same second, Caddy also its fraction.
    assert figures.views == [("20260301", "DESKTOP", "atelier.example", 2)]
    assert figures.visitors == 1
    assert lines(first)[1:] == ["events: 2 stored, 1 stored before", *rest]
    assert lines(again)[1:] == ["events: 0 stored, 3 stored before", *rest]
    assert await history.figures() == figures
    await history.verified()


async def test_bots_parts_of_pages_and_errors_are_left_out(history: History, tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    log.write_text(
        line("/teapot?from=mail")
        + line("/teapot?from=mail")
        + line("/%74eapot", agent=IPHONE, by=7, status=304)
        + line("/teapot", agent="Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)")
        + line("/teapot", agent="-")
        + line("/teapot", agent="curl/8.1")
        + line("/teapot.png")
        + line("/teapot", status=404)
        + line("/teapot", at="01/Mar/2026:00:30:00 +0100", by=8)
        + line("/teapot.glb")
        + '203.0.113.9 - - [01/Mar/2026:12:00:00 +0000] "POST /teapot HTTP/1.1" 200 1 "-" "x"\n'
        + "# Restarted.\n\nno request at all\n"
        + line("/teapot", at="01/March/2026 12:00")
    )
    history.map(("/teapot", "pageview", URL, "VIEW"), ("*.glb", "download", history.asset, "AR_CLICK"))

    told = await history.bring("access-log", log, "--rejects", tmp_path / "rejects.ndjson")
    figures = await history.figures()

    assert figures.views == [
        ("20260228", "DESKTOP", None, 1),
        ("20260301", "DESKTOP", None, 2),
        ("20260301", "MOBILE", None, 1),
    ]
    assert figures.ar_clicks == [("20260301", "DESKTOP", None, 1)]
    assert figures.visitors == 3
    assert lines(told)[1:] == [
        "events: 5 stored, 0 stored before",
        "rejected               2",
        "2  INVALID_EVENT",
        "access.log, line 14: INVALID_EVENT it is neither in the common log format nor in one that extends "
        "it",
        "access.log, line 15: INVALID_EVENT '01/March/2026 12:00' is no time such as 01/Mar/2026:23:59:58 "
        "+0100",
        "bots and programs: 3 events, left out",
        VISITORS,
        "- 1 requests for images, styles, scripts and fonts are left out.",
        "- 2 requests are left out: they are no GET, or were not answered by 200 or 304.",
        f"All that is not stored is in {tmp_path / 'rejects.ndjson'}.",
    ]


async def test_a_log_that_was_packed_and_cut_in_two_counts_each_request_once(
    history: History, tmp_path: Path
) -> None:
    """Of two equal lines of a second both count; in two logs that overlap, none counts again."""
    equal = line("/teapot")
    older, newer = tmp_path / "access.log.2.gz", tmp_path / "access.log.1"
    older.write_bytes(gzip.compress((equal * 2).encode()))
    newer.write_text(equal * 2 + line("/teapot", by=1))
    history.map(("/teapot", "pageview", URL, "VIEW"))

    await history.bring("access-log", older, newer)

    figures = await history.figures()
    assert (figures.views, figures.visitors) == ([("20260301", "DESKTOP", None, 3)], 2)


async def test_without_user_agents_nobody_knows_bots_and_without_an_offset_the_user_says_the_zone(
    history: History, tmp_path: Path
) -> None:
    log = tmp_path / "access.log"
    log.write_text('a.example:443 203.0.113.9 - - [01/Mar/2026:00:30:00] "GET /teapot HTTP/1.1" 200 1\n')
    history.map(("/teapot", "pageview", URL, "VIEW"))

    refused = await history.bring("access-log", log)
    told = await history.bring("access-log", log, "--time-zone", "Europe/Berlin")

    assert "no --time-zone says whose time it is" in lines(refused)[4]
    assert (await history.figures()).views == [("20260228", None, "a.example", 1)]
    assert lines(told)[-1] == (
        "- 1 requests have no user agent in the log: bots among them cannot be told, nor devices."
    )


def test_json_with_other_types_than_text_is_unusable(drafting: Drafting) -> None:
    good = {"ip": "203.0.113.9", "date": "2026-03-01T10:00:00Z", "path": "/teapot", "status": 200}
    bad: tuple[dict[str, object], ...] = (
        {"path": 5},
        {"path": []},
        {"ip": 5},
        {"host": 5},
        {"user_agent": [1]},
    )
    log = "".join(json.dumps(good | one) + "\n" for one in ({}, *bad))
    draft = drafting.draft("access-log", drafting.file(log, "access.log"))
    assert (draft.counts, draft.unusable) == ({("/teapot", "pageview"): 1}, len(bad))
