from tests.exports.drafting import FILES, Draft, Drafting
from tests.exports.history import URL, History, lines

PROGRAM = "simple-analytics"
SAMPLES = FILES / "simple_analytics"


def test_a_data_point_is_a_view_or_an_event(drafting: Drafting) -> None:
    assert drafting.draft(PROGRAM, SAMPLES / "datapoints.csv") == Draft(
        {("/", "pageview"): 1, ("/models/teapot", "pageview"): 1, ("/models/teapot", "ar_open"): 1}, 0, []
    )


def test_without_their_column_all_data_points_are_views(drafting: Drafting) -> None:
    assert drafting.draft(PROGRAM, SAMPLES / "datapoints_min.csv") == Draft(
        {("/models/teapot", "pageview"): 1},
        0,
        ["datapoints_min.csv has no column datapoint: each line counts as a view of a page"],
    )


def test_robots_are_left_out_however_it_is_spelled(drafting: Drafting) -> None:
    text = "added_unix,path,datapoint,is_robot\n" + "".join(
        f"1772405998,/a,pageview,{robot}\n" for robot in ("true", "True", "1", "false", "0", "")
    )
    assert drafting.draft(PROGRAM, drafting.file(text, "points.csv")) == Draft(
        {("/a", "pageview"): 3}, 0, ["3 events of robots are left out"]
    )


def test_a_file_without_times_is_left_out_and_a_line_without_one_is_unusable(drafting: Drafting) -> None:
    file = drafting.file("path,datapoint\n/a,pageview\n", "points.csv")
    assert drafting.draft(PROGRAM, file).notes == [
        "points.csv is left out: it has neither added_iso nor added_unix."
    ]
    text = "added_iso,path\n,/a\n2026-03-01T22:59:58,/a\n2026-03-01T22:59:58Z,/a\n"
    draft = drafting.draft(PROGRAM, drafting.file(text, "points.csv"))
    assert len(draft.notes) == 1
    assert (draft.counts, draft.unusable) == ({("/a", "pageview"): 1}, 2)


async def test_data_points_are_brought_once(history: History) -> None:
    history.map(
        ("*", "pageview", URL, "VIEW"),
        ("/models/teapot", "ar_open", history.asset, "AR_CLICK"),
    )
    told = [await history.bring(PROGRAM, SAMPLES / "datapoints.csv") for _ in range(2)]

    figures = await history.figures()
    assert figures.views == [("20260301", "DESKTOP", "atelier.example", 2)]
    assert figures.ar_clicks == [("20260301", "DESKTOP", "atelier.example", 1)]
    assert figures.visitors == 1
    assert "events: 3 stored, 0 stored before" in lines(told[0])
    assert "events: 0 stored, 3 stored before" in lines(told[1])
    await history.verified()
