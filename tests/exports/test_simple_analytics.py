from tests.exports.drafting import FILES, Draft, Drafting

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
