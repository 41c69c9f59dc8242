import shutil

from tests.exports.drafting import FILES, Draft, Drafting

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
    assert len(draft.notes) == 11
    assert "Browsers.csv is left out: it says nothing of pages or events." in draft.notes


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
