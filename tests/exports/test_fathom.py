import shutil

from tests.exports.drafting import FILES, Draft, Drafting
from tests.exports.history import URL, History, lines

PROGRAM = "fathom"
SAMPLES = FILES / "fathom"
ZIP = SAMPLES / "atelier_Dashboard_Export_2026-03-02.zip"
RANGE = "2026-03-01 00:00:00 to 2026-03-02 16:02:04 (UTC)"


def test_an_export_of_several_days_says_what_to_do(drafting: Drafting) -> None:
    assert drafting.draft(PROGRAM, ZIP) == Draft(
        {},
        0,
        [
            f"{ZIP.name}/Dashboard_Export_2026-03-02/Summary.csv is left out: its folder has no days, but "
            f"totals of “{RANGE}”. Export each day alone."
        ],
    )


def _of_one_day(drafting: Drafting, *changes: tuple[str, str]) -> Draft:
    folder = drafting.folder / "export"
    shutil.copytree(SAMPLES, folder, ignore=shutil.ignore_patterns("*.zip"), dirs_exist_ok=True)
    text = (SAMPLES / "Summary.csv").read_text()
    for before, after in changes:
        assert before in text
        text = text.replace(before, after)
    (folder / "Summary.csv").write_text(text)
    return drafting.draft(PROGRAM, folder)


def test_an_export_of_one_day_is_that_day(drafting: Drafting) -> None:
    draft = _of_one_day(drafting, ("2026-03-01 00", "2026-03-02 00"))
    assert draft.counts == {("/", "pageview"): 52, ("/models/teapot", "pageview"): 45, ("", "ar_open"): 4}
    assert draft.notes == [
        "Browsers.csv, Cities.csv, Countries.csv and 8 more are left out: each says nothing of pages or "
        "events."
    ]


def test_a_part_of_a_site_and_files_without_a_summary_are_left_out(drafting: Drafting) -> None:
    one_day = ("2026-03-01 00", "2026-03-02 00")
    draft = _of_one_day(drafting, one_day, ('"Filters Applied",0', '"Filters Applied",1'))
    assert draft == Draft(
        {},
        0,
        ["Summary.csv is left out: its folder is of a part of the site, as filters were applied."],
    )
    assert drafting.draft(PROGRAM, SAMPLES / "Pages.csv").notes == [
        "Pages.csv is left out: without Summary.csv beside it, nobody knows its days."
    ]


async def test_a_day_is_brought_once(history: History) -> None:
    folder = history.folder / "export"
    shutil.copytree(SAMPLES, folder, ignore=shutil.ignore_patterns("*.zip"))
    summary = (SAMPLES / "Summary.csv").read_text()
    (folder / "Summary.csv").write_text(summary.replace("2026-03-01 00", "2026-03-02 00"))
    history.map(("*", "pageview", URL, "VIEW"), ("", "ar_open", history.asset, "AR_CLICK"))
    told = [await history.bring(PROGRAM, folder) for _ in range(2)]

    figures = await history.figures()
    assert (figures.views, figures.visitors) == ([("20260302", None, None, 97)], 0)
    assert figures.ar_clicks == [("20260302", None, None, 4)]
    assert "totals of days: 2 new, 0 changed, 0 removed, 0 stored before; +101 in all" in lines(told[0])
    assert "totals of days: 0 new, 0 changed, 0 removed, 2 stored before; +0 in all" in lines(told[1])
    await history.verified()
