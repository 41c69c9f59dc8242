from tests.exports.drafting import FILES, Draft, Drafting
from tests.exports.history import URL, History, lines

PROGRAM = "meta"
SAMPLES = FILES / "meta"
POSTS = "Mar-01-2026_Mar-28-2026_100000000000000{}.csv"
LIFETIME = "are left out: each has totals of posts since they appeared, and no days."


def _series(*lines: str, title: str = "Views", separator: str = ",") -> bytes:
    head = [f"sep={separator}", f'"{title}"', f'"Date"{separator}"Primary"']
    return "\n".join([*head, *lines, ""]).encode("utf-16")


def test_daily_series_are_totals_of_days(drafting: Drafting) -> None:
    assert drafting.draft(PROGRAM, SAMPLES) == Draft(
        {("", "pageview"): 20701, ("", "Instagram link clicks"): 812},
        0,
        [
            "Audience.csv is left out: it has no days.",
            f"{POSTS.format(1)}, {POSTS.format(2)} {LIFETIME}",
            "Reach.csv is left out: “Facebook reach” cannot be added up: whoever comes on two days is "
            "counted twice in a sum.",
        ],
    )


def test_the_folder_tells_instagram_from_facebook(drafting: Drafting) -> None:
    drafting.file(_series('"2026-03-01T00:00:00","5"'), "meta/instagram/Views.csv")
    drafting.file(_series('"2026-03-01T01:00:00","7"'), "meta/facebook/Views.csv")
    assert drafting.draft(PROGRAM, drafting.folder / "meta").counts == {
        ("instagram", "pageview"): 5,
        ("facebook", "pageview"): 7,
    }


def test_two_files_that_differ_in_a_day_are_not_one_series(drafting: Drafting) -> None:
    first = _series('"2026-03-01T00:00:00","5"', '"2026-03-02T00:00:00","6"')
    again = _series('"2026-03-01T00:00:00","5"', '"2026-03-02T00:00:00","7"', '"2026-03-03T00:00:00","8"')
    files = (drafting.file(first, "Views.csv"), drafting.file(again, "Views (1).csv"))
    draft = drafting.draft(PROGRAM, *files)
    assert (draft.counts, draft.unusable) == ({("", "pageview"): 5 + 6 + 5 + 8}, 1)


def test_other_separators_and_lines_without_a_day_or_a_count(drafting: Drafting) -> None:
    lines = ['"2026-03-01T01:00:00";"5"', '"2026-02-30T01:00:00";"5"', '"2026-03-02T01:00:00";"n/a"']
    draft = drafting.draft(PROGRAM, drafting.file(_series(*lines, separator=";"), "Views.csv"))
    assert (draft.counts, draft.unusable) == ({("", "pageview"): 5}, 2)


async def test_a_folder_is_brought_once(history: History) -> None:
    history.map(("", "pageview", URL, "VIEW"), ("", "Instagram link clicks", URL, "SHARE"))
    told = [await history.bring(PROGRAM, SAMPLES) for _ in range(2)]

    figures = await history.figures()
    assert figures.views == [("20260301", None, None, 20701)]
    assert (figures.shares, figures.visitors) == (407 + 405, 0)
    assert "totals of days: 3 new, 0 changed, 0 removed, 1 stored before; +21,513 in all" in lines(told[0])
    assert "totals of days: 0 new, 0 changed, 0 removed, 4 stored before; +0 in all" in lines(told[1])
    await history.verified()
