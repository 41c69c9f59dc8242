"""The table that says what an export means here, and the files of an export, whatever program made it."""

import json
import re
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from zipfile import ZipFile

from hypothesis import given, settings
from hypothesis import strategies as st

from exports.drafts import Suggestion, write_draft
from exports.mapping import What, guarded, rules_in, unguarded
from tests.draws import scaled
from tests.exports.history import URL, History, lines
from tests.studio import Studio
from tests.subjects import add_work

PAGES = "date,page,hostname,pageviews\n"


def pages(folder: Path, *rows: str, name: str = "pages.csv") -> Path:
    file = folder / name
    file.write_text(PAGES + "".join(f"2026-03-01,{row}\n" for row in rows))
    return file


async def give_legacy_ids(studio: Studio) -> None:
    """A publication and an asset have the same one."""
    async with studio.services.database.engine.begin() as connection:
        await connection.exec_driver_sql("UPDATE assets SET legacy_id = '4711'")
        await connection.exec_driver_sql(
            "UPDATE publications SET legacy_id = '4711' WHERE custom_url = 'teapot'"
        )


async def test_the_first_line_that_matches_counts_with_all_others_of_the_same_path_and_event(
    history: History, tmp_path: Path
) -> None:
    file = pages(tmp_path, "/a,,1", "/a/b,,2", "/a/c,,4", "=x,,8", "/(y),,16", "/ignored,,32")
    history.map(
        ("/a/b", "*", "", ""),
        ("/a/b", "pageview", history.asset, "AR_CLICK"),
        ("/a*", "pageview", URL, "VIEW"),
        ("/a*", "page*", URL, "SHARE"),
        ("/a*", "pageview", history.asset, "ar_click"),
        ("/a", "pageview", URL, "SHARE"),
        ("'=x", "pageview", URL, "SHARE"),
        ("/(*)", "*", URL, "SHARE"),
        ("/i*", "*", "", "IGNORE"),
    )

    told = await history.bring("plausible", file)
    figures = await history.figures()

    assert figures.views == [("20260301", None, None, 5)]
    assert figures.ar_clicks == [("20260301", None, None, 7)]
    assert figures.shares == 24
    assert "left out by the table: 32 counts" in lines(told)
    # 5: the same as 4, but for the event; 7: after `/a*`.
    assert f"{history.table} has lines that match nothing: 5, 7" in lines(told)


async def test_a_table_may_be_saved_by_a_spreadsheet(history: History, tmp_path: Path) -> None:
    file = pages(tmp_path, "/über,,1", "=cmd,,2")
    draft = await history.draft("plausible", file)
    text = "path;event;subject;action\r\n/über;pageview;teapot;view\r\n'=cmd;pageview;teapot;VIEW\r\n"
    history.table.write_bytes(text.encode("utf-16"))

    await history.bring("plausible", file)

    # A spreadsheet would calculate it without the apostrophe.
    assert draft == [("'=cmd", "pageview", "", "", "2"), ("/über", "pageview", "", "", "1")]
    assert (await history.figures()).views == [("20260301", None, None, 3)]


async def test_a_table_has_no_formula_behind_another_separator(history: History, tmp_path: Path) -> None:
    file = pages(tmp_path, "/a;=1,,1", '/b;"@c,,2', "/c;''-d,,4", "/d;e-f,,8", '"/e,=1",,16')
    draft = await history.draft("plausible", file)
    history.map(*((path, event, "teapot", "VIEW") for path, event, *_ in draft))

    await history.bring("plausible", file)

    assert [path for path, *_ in draft] == ["/e,=1", "/d;e-f", "/c;'''-d", "/b;'\"@c", "/a;'=1"]
    # With the guard taken off, each line of the table means what was found.
    assert (await history.figures()).views == [("20260301", None, None, 31)]


@given(st.text(st.sampled_from("=-@;\t\"' a＝"), max_size=8))  # noqa: RUF001
def test_what_is_guarded_is_no_formula_and_can_be_read(text: str) -> None:
    guard = guarded(text)

    assert not [cell for cell in re.split("[;\t]", guard) if re.match(r"[\s\"]*[=+\-@＝＋－＠]", cell)]  # noqa: RUF001
    assert unguarded(guard) == text


async def test_subjects_have_several_names(history: History, tmp_path: Path) -> None:
    studio = history.studio
    work = await add_work(studio, "owner")
    await give_legacy_ids(studio)
    file = pages(tmp_path, "/p,,1", "/q,,2", "/a,,4", "/o,,8", "/w,,16")
    history.map(
        ("/p", "pageview", "4711", "VIEW"),
        ("/q", "pageview", URL, "VIEW"),
        ("/a", "pageview", "4711", "AR_CLICK"),
        ("/o", "pageview", "owner", "PROFILE_VIEW"),
        ("/w", "pageview", f"{work['userId']}/YOUTUBE/{work['itemId']}", "PLAY"),
    )

    told = await history.bring("plausible", file)

    figures = await history.figures()
    assert (figures.views, figures.ar_clicks) == (
        [("20260301", None, None, 3)],
        [("20260301", None, None, 4)],
    )
    assert lines(told)[1] == "totals of days: 4 new, 0 changed, 0 removed, 0 stored before; +31 in all"


HEADER = "path,event,subject,action\n"
WRONG = {
    "path;subject\n/;x\n": "table.csv needs a header with path, event, subject, action.",
    f"{HEADER}/,*,teapot\n": "table.csv, line 2: 3 cells under a header of 4.",
    f"{HEADER}/,*,teapot,\n": "table.csv, line 2: a subject without an action.",
    f"{HEADER}/,*,teapot,VIEW\n/,*,nothing,VIEW\n": "Line 3: VIEW needs the global id, legacy id or "
    "customUrl of a publication, and 'nothing' is none.",
    f"{HEADER}/,*,teapot,VIEW_3D\n": "Line 2: VIEW_3D needs the global id or legacy id of an asset, and "
    "'teapot' is none.",
    f"{HEADER}/,*,owner,PLAY\n": "Line 2: PLAY needs a work such as usr_.../YOUTUBE/dQw4w9WgXcQ, and 'owner' "
    "is none.",
    f"{HEADER}/,*,teapot,UNLIKE\n": "Line 2: 'UNLIKE' is none of VIEW, LIKE, BOOKMARK, SHARE, COMMENT, BOOK, "
    "VIEW_3D, AR_CLICK, AR_SCAN, INTERACTION, ENGAGED_VIEW, PROFILE_VIEW, PROFILE_SEARCH, PLAY, IGNORE.",
}


async def test_a_wrong_table_stores_nothing_and_names_its_line(history: History, tmp_path: Path) -> None:
    file = pages(tmp_path, "/,,1")
    for text, words in WRONG.items():
        history.table.write_text(text)
        told = await history.told("import-export", "plausible", file, "--table", history.table, exit_code=1)
        assert lines(told) == [words]
    assert (await history.figures()).views == []


async def test_totals_may_be_of_actions_that_no_event_has(history: History, tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    log.write_text('203.0.113.9 - - [01/Mar/2026:12:00:00 +0000] "GET /a HTTP/1.1" 200 1\n')
    history.map(("/a", "pageview", URL, "LIKE"))

    told = await history.bring("plausible", pages(tmp_path, "/a,,3"))
    refused = await history.bring("access-log", log)

    assert lines(told)[1] == "totals of days: 1 new, 0 changed, 0 removed, 0 stored before; +3 in all"
    assert (
        "access.log, line 1: INVALID_EVENT LIKE counts what stands, so it can only come as a total of a day"
        in (lines(refused))
    )


async def test_only_one_site_of_several_and_only_what_an_account_may_report(
    history: History, tmp_path: Path
) -> None:
    file = pages(tmp_path, "/a,one.example,1", "/a,TWO.example,2", "/a,,4")
    history.map(("/a", "pageview", URL, "VIEW"))

    other = await history.bring("plausible", file, "--as", "stranger@example.com")
    none = await history.figures()
    told = await history.bring(
        "plausible",
        file,
        "--domain",
        "two.example",
        "--as",
        "owner@example.com",
        "--rejects",
        tmp_path / "no",
    )
    history.table.unlink()
    draft = await history.told("import-export", "plausible", file, "--table", history.table)

    assert (none.views, lines(other)[3:5]) == ([], ["rejected               3", "3  UNKNOWN_SUBJECT"])
    assert (await history.figures()).views == [
        ("20260301", None, None, 4),
        ("20260301", None, "two.example", 2),
    ]
    assert "- 1 events and totals are of other sites than those of --domain, and left out." in lines(told)
    assert "sites        2: one.example, TWO.example; --domain takes one of them alone" in lines(draft)


async def test_what_is_not_stored_is_written_with_its_reason(history: History, tmp_path: Path) -> None:
    file = pages(tmp_path, "/a,,1", "/b,not a host,2", "/c,,-3")
    history.map(("/b", "pageview", URL, "VIEW"))

    await history.bring("plausible", file, "--rejects", tmp_path / "rejects.ndjson")

    text = (tmp_path / "rejects.ndjson").read_text()
    rejects = [json.loads(line) for line in text.splitlines()]
    assert [(one["file"], one["line"], one["reason"], one["detail"]) for one in rejects] == [
        ("pages.csv", 2, "NOT_IN_TABLE", "1 of pageview at /a"),
        ("pages.csv", 4, "INVALID_EVENT", "pageviews is '-3', which is no whole number"),
        ("pages.csv", 3, "INVALID_DOMAIN", ""),
    ]
    assert rejects[2]["total"]["day"] == "2026-03-01"


@given(
    st.sets(st.builds(What, st.text(max_size=20), st.text(min_size=1, max_size=20)), min_size=1, max_size=9)
)
@settings(max_examples=scaled(25))
def test_a_draft_that_was_filled_in_names_what_it_was_made_of(whats: set[What]) -> None:
    """Whatever the paths and events of another program are: they come from strangers."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "table.csv"
        write_draft(file, Counter(whats), dict.fromkeys(whats, Suggestion(URL, "VIEW")))
        rules = rules_in(file)

    assert {rule.what for rule in rules} == whats
    assert all(rules.of(what) for what in whats)


# The files


async def test_hidden_files_and_those_of_macos_are_no_parts(history: History, tmp_path: Path) -> None:
    folder = tmp_path / "export"
    (folder / "deep").mkdir(parents=True)
    pages(folder, "/a,,9", name="._pages.csv")
    with ZipFile(folder / "deep" / "export.zip", "w") as archive:
        archive.writestr("__MACOSX/pages.csv", f"{PAGES}2026-03-01,/a,,9\n")
        archive.writestr("site/pages.csv", f"{PAGES}2026-03-01,/a,,1\n2026-03-01,/c,,1,\n")
    history.map(("/a", "pageview", URL, "VIEW"))

    told = await history.bring("plausible", folder)

    assert (await history.figures()).views == [("20260301", None, None, 1)]
    assert "deep/export.zip/site/pages.csv, line 3: INVALID_EVENT 5 cells under a header of 4" in lines(told)


async def test_files_of_one_name_are_told_apart_and_a_file_that_is_named_twice_counts_once(
    history: History, tmp_path: Path
) -> None:
    files = []
    for name, count in (("2025", 1), ("2026", 2)):
        (tmp_path / name).mkdir()
        files.append(pages(tmp_path / name, f"/a,,{count}", f"/b,,{count}", "/c,,x"))
    history.map(("/a", "pageview", URL, "VIEW"), ("/b", "pageview", history.asset, "AR_CLICK"))

    told = await history.bring("plausible", files[0], files[1], tmp_path / "2026", files[1])

    # What the later file says counts.
    assert (await history.figures()).views == [("20260301", None, None, 2)]
    assert f"{files[0]}, line 4: INVALID_EVENT pageviews is 'x', which is no whole number" in lines(told)
    assert "rejected               2" in lines(told)


async def test_a_file_that_is_broken_ends_the_run_with_one_sentence(history: History, tmp_path: Path) -> None:
    whole, cut, packed, text = (tmp_path / name for name in ("a.zip", "b.zip", "pages.csv.gz", "pages.csv"))
    with ZipFile(whole, "w") as archive:
        archive.writestr("pages.csv", f"{PAGES}2026-03-01,/a,,1\n")
    content = bytearray(whole.read_bytes())
    content[45] ^= 1
    cut.write_bytes(content)
    packed.write_bytes(b"\x1f\x8b\x08 no gzip")
    history.map(("/a", "pageview", URL, "VIEW"))

    for file, words in (
        (cut, "b.zip/pages.csv cannot be read: "),
        (packed, "pages.csv.gz cannot be read: "),
    ):
        told = await history.told("import-export", "plausible", file, "--table", history.table, exit_code=1)
        assert lines(told)[-1].startswith(words)
    text.write_bytes(PAGES.encode() + b"2026-03-01,/\xfc,,1\n2026-03-01,/a,,1\n")
    told = await history.bring("plausible", text)
    assert "pages.csv, line 2: INVALID_EVENT it has bytes that are not UTF-8" in lines(told)
    assert (await history.figures()).views == [("20260301", None, None, 1)]


async def test_the_command_replaces_no_file_of_the_export(history: History, tmp_path: Path) -> None:
    file = pages(tmp_path, "/a,,1")
    history.map(("/a", "pageview", URL, "VIEW"))

    for path in (file, tmp_path):
        told = await history.told(
            "import-export", "plausible", path, "--table", history.table, "--rejects", file, exit_code=1
        )
        assert lines(told) == [
            "--rejects is among the files of the export, and could replace one: name another place."
        ]
    assert file.read_text() == f"{PAGES}2026-03-01,/a,,1\n"


async def test_the_command_does_not_replace_its_table(history: History, tmp_path: Path) -> None:
    file = pages(tmp_path, "/a,,1")
    history.map(("/a", "pageview", URL, "VIEW"))
    table, link = history.table.read_text(), tmp_path / "link.csv"
    link.hardlink_to(history.table)

    for rejects in (history.table, link):
        told = await history.told(
            "import-export", "plausible", file, "--table", history.table, "--rejects", rejects, exit_code=1
        )
        assert lines(told) == ["--rejects names the file of --table, which would be lost: name another one."]
    assert history.table.read_text() == table


async def test_an_unknown_program_is_told_which_there_are(history: History, tmp_path: Path) -> None:
    told = await history.told("import-export", "fax", pages(tmp_path), exit_code=1)

    assert lines(told)[0].startswith("There is no reader for 'fax', but for plausible, umami, goatcounter, ")
