import pytest

from tests.exports.drafting import FILES, Draft, Drafting
from tests.exports.history import URL, History, lines

PROGRAM = "youtube"
SAMPLES = FILES / "youtube"
ZIP = SAMPLES / "Content 2026-03-01_2026-03-03 Atelier.zip"
TEAPOT, HANDLE = "aB3dE6fG7hI", "'-iX9yZ8wV7u"
"""Spreadsheets calculate what begins with `-`: the table has an apostrophe before it."""
RANGE = "is left out: it has totals of a range without days. The days are in the chart and in the totals."
OF_THE_SAMPLE = {(TEAPOT, "pageview"): 1100, (HANDLE, "pageview"): 101, ("(other videos)", "pageview"): 10}
CHART = "Date,Content,Video title,Video publish time,Duration,{}\n"


def test_videos_and_the_rest_of_the_channel_are_the_totals_of_the_days(drafting: Drafting) -> None:
    draft = drafting.draft(PROGRAM, ZIP)
    assert draft == Draft(OF_THE_SAMPLE, 0, [f"{ZIP.name}/Table data.csv {RANGE}"])
    assert sum(draft.counts.values()) == 606 + 605
    loose = [SAMPLES / name for name in ("Totals.csv", "Chart data.csv")]
    assert drafting.draft(PROGRAM, *loose) == Draft(OF_THE_SAMPLE, 0, [])


def test_totals_without_a_chart_are_all_of_other_videos(drafting: Drafting) -> None:
    assert drafting.draft(PROGRAM, SAMPLES / "Totals.csv").counts == {("(other videos)", "pageview"): 1211}


@pytest.mark.parametrize("padding", ["", ",,,,,,,,"])
def test_a_table_that_was_cut_off_is_told(drafting: Drafting, padding: str) -> None:
    text = (SAMPLES / "truncated" / "Table data.csv").read_text().rstrip("\n") + padding
    draft = drafting.draft(PROGRAM, drafting.file(text, "Table data.csv"))
    assert draft == Draft(
        {},
        0,
        [
            "Table data.csv is cut off, as its last line says: “Showing top 500 results”",
            f"Table data.csv {RANGE}",
        ],
    )


def test_files_are_known_by_what_is_in_them_in_any_language(drafting: Drafting) -> None:
    chart = (
        "Datum,Inhalt,Videotitel,Dauer,Aufrufe\r\n"
        "2026-03-01,aB3dE6fG7hI,„Kanne“,61,5\r\n"
        "2026-03-02,aB3dE6fG7hI,„Kanne“,61,\r\n"
    )
    totals = "Datum,Aufrufe\r\nGesamt,9\r\n2026-03-01,9\r\n"
    files = (drafting.file(chart, "Diagrammdaten.csv"), drafting.file(totals, "Summen.csv"))
    assert drafting.draft(PROGRAM, *files) == Draft(
        {(TEAPOT, "Aufrufe"): 5, ("(other videos)", "Aufrufe"): 4}, 0, []
    )


def test_viewers_hours_and_percentages_are_not_added_up(drafting: Drafting) -> None:
    for figure in ("Unique viewers", "Watch time (hours)", "Average percentage viewed (%)"):
        text = CHART.format(figure) + "2026-03-01,aB3dE6fG7hI,Teapot,,61,3\n"
        draft = drafting.draft(PROGRAM, drafting.file(text, "Chart data.csv"))
        assert draft.counts == {}
        assert draft.notes[0].startswith(f"“{figure}” is left out: ")


def test_days_that_a_spreadsheet_wrote_anew_and_torn_rows_are_unusable(drafting: Drafting) -> None:
    rows = ["2026-03-01,4,0", "02-03-2026,5,0", "03-03-2026,5,0", "2026-03-04,1.5,0", "2026-03-05,5"]
    totals = "\n".join(["Date,Views,Unique viewers", *rows])
    draft = drafting.draft(PROGRAM, drafting.file(totals, "Totals.csv"))
    assert (draft.counts, draft.unusable) == ({("(other videos)", "pageview"): 4}, 4)


def test_a_channel_with_less_than_its_videos_is_told(drafting: Drafting) -> None:
    chart = drafting.file(CHART.format("Views") + "2026-03-01,aB3dE6fG7hI,Teapot,,61,30\n", "Chart data.csv")
    totals = drafting.file("Date,Views\n2026-03-01,29\n", "Totals.csv")
    assert drafting.draft(PROGRAM, chart, totals) == Draft({(TEAPOT, "pageview"): 30}, 1, [])


def test_a_chart_of_other_things_than_videos_is_left_out(drafting: Drafting) -> None:
    file = drafting.file("Date,Geography,Views\n2026-03-01,DE,30\n", "Chart data.csv")
    assert drafting.draft(PROGRAM, file).notes == [
        "Chart data.csv is left out: its days are by Geography, and not by video."
    ]


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
async def test_a_zip_is_brought_once(history: History) -> None:
    history.map(
        (TEAPOT, "pageview", URL, "VIEW"),
        (HANDLE, "pageview", history.asset, "AR_CLICK"),
        ("(other videos)", "pageview", URL, "VIEW"),
    )
    first = await history.bring(PROGRAM, ZIP)
    again = await history.bring(PROGRAM, ZIP)

    figures = await history.figures()
    assert figures.views == [("20260301", None, None, 605), ("20260302", None, None, 505)]
    assert figures.ar_clicks == [("20260301", None, None, 1), ("20260302", None, None, 100)]
    assert sum(count for *_, count in figures.views + figures.ar_clicks) == 606 + 605
    assert "totals of days: 4 new, 0 changed, 0 removed, 0 stored before; +1,211 in all" in lines(first)
    assert "totals of days: 0 new, 0 changed, 0 removed, 4 stored before; +0 in all" in lines(again)
    await history.verified()


def test_a_table_of_days_alone_is_told(drafting: Drafting) -> None:
    draft = drafting.draft(PROGRAM, drafting.file("Date\n2026-03-01\n", "Days.csv"))
    assert draft == Draft({}, 0, ["Days.csv is left out: it has one column, and no figures."])
