import gzip
import json
from importlib import import_module

import brotli
import pytest

from tests.exports.drafting import FILES, Draft, Drafting
from tests.exports.history import URL, History, lines

pa, pq = import_module("pyarrow"), import_module("pyarrow.parquet")

PROGRAM = "posthog"
SAMPLES = FILES / "posthog"
OF_THE_SAMPLE = Draft(
    {("/models/teapot", "pageview"): 1, ("/models/teapot", "ar_open"): 1, ("", "order placed"): 1}, 0, []
)


WITHOUT_IDS = "{} has no column uuid: what another export has of it counts once more"


@pytest.mark.parametrize("name", ["events.jsonl", "events.parquet.zst"])
def test_events_are_the_same_from_each_kind_of_export(drafting: Drafting, name: str) -> None:
    assert drafting.draft(PROGRAM, SAMPLES / name) == OF_THE_SAMPLE


def test_an_answer_of_sql_has_the_same_events_without_ids(drafting: Drafting) -> None:
    draft = drafting.draft(PROGRAM, SAMPLES / "sql_export.csv")
    assert draft == OF_THE_SAMPLE._replace(notes=[WITHOUT_IDS.format("sql_export.csv")])


def test_a_file_of_events_has_only_some_of_their_properties(drafting: Drafting) -> None:
    assert drafting.draft(PROGRAM, SAMPLES / "events_api.csv").counts == {("", "pageview"): 1}
    flat = "id,event,timestamp,properties.$current_url\r\n1,$pageview,2026-03-01T22:59:58Z,https://a.example/b%20c?d\r\n"
    assert drafting.draft(PROGRAM, drafting.file(flat, "flat.csv")).counts == {("/b c", "pageview"): 1}


def test_gzip_and_brotli_are_read_and_other_packing_is_told(drafting: Drafting) -> None:
    lines = (SAMPLES / "events.jsonl").read_bytes()
    assert drafting.draft(PROGRAM, drafting.file(gzip.compress(lines), "events.jsonl.gz")) == OF_THE_SAMPLE
    packed = drafting.file(brotli.compress(lines * 100), "events.jsonl.br")
    assert sum(drafting.draft(PROGRAM, packed).counts.values()) == 300
    for broken, words in (
        (brotli.compress(lines)[:-9], "it ends too early"),
        (lines, "it is not packed with"),
    ):
        (told,) = drafting.draft(PROGRAM, drafting.file(broken, "events.jsonl.br")).notes
        assert words in told
    manifest = drafting.file('{"files": []}', "2026_manifest.json")
    draft = drafting.draft(PROGRAM, drafting.file(b"\x04\x22\x4d\x18", "events.jsonl.lz4"), manifest)
    assert draft.notes == [
        "events.jsonl.lz4 is left out: it is packed with another program than gzip and "
        "brotli. Unpack it first."
    ]


def test_times_of_parquet_without_a_zone_are_those_of_utc_and_nanoseconds_are_cut(drafting: Drafting) -> None:
    file = drafting.folder / "events.parquet"
    times = pa.array([1772405998123456789], pa.timestamp("ns"))
    pq.write_table(pa.table({"uuid": ["1"], "event": ["a"], "timestamp": times, "properties": ["{}"]}), file)
    assert drafting.draft(PROGRAM, file) == Draft({("", "a"): 1}, 0, [])


def test_lines_that_are_no_events_are_unusable(drafting: Drafting) -> None:
    good = {"uuid": "1", "event": "a", "timestamp": "2026-03-01T22:59:58Z", "properties": {}}
    lines = [
        good,
        [],
        {"event": "a"},
        {**good, "timestamp": "yesterday"},
        {**good, "timestamp": 5},
        {**good, "properties": "{"},
        {**good, "properties": 5},
        {**good, "properties": {"$current_url": {"a": 1}}},
        {**good, "uuid": {"a": 1}},
        {**good, "distinct_id": ["a"]},
        {**good, "event": "half a pair: \ud800"},
    ]
    file = drafting.file("\n".join([*map(json.dumps, lines), "{"]), "events.jsonl")
    assert drafting.draft(PROGRAM, file) == Draft({("", "a"): 1}, 11, [])


def test_a_file_with_as_many_rows_as_posthog_gives_at_most_is_told(drafting: Drafting) -> None:
    rows = "a,2026-03-01T22:59:58Z\n" * 3_500
    draft = drafting.draft(PROGRAM, drafting.file(f"event,timestamp\n{rows}", "events.csv"))
    assert draft == Draft(
        {("", "a"): 3_500},
        0,
        [
            WITHOUT_IDS.format("events.csv"),
            "events.csv has 3,500 rows. PostHog cuts files off there: events may be missing.",
        ],
    )


async def test_the_same_events_in_files_of_several_kinds_are_brought_once(history: History) -> None:
    history.map(
        ("/models/*", "pageview", URL, "VIEW"),
        ("/models/*", "ar_open", history.asset, "AR_CLICK"),
        ("*", "pageview", "", "IGNORE"),
        ("", "order placed", URL, "SHARE"),
    )
    names = ("events.jsonl", "events.parquet.zst")
    told = await history.bring(PROGRAM, *(SAMPLES / name for name in names))

    figures = await history.figures()
    assert figures.views == [("20260301", "DESKTOP", "atelier.example", 1)]
    assert figures.ar_clicks == [("20260301", None, "atelier.example", 1)]
    # `order placed` came with the others, and happened days before.
    assert (await history.figures("2026-02-20", "2026-02-20")).shares == figures.shares == 1
    assert figures.visitors == 1
    assert "events: 3 stored, 3 stored before" in lines(told)

    told = await history.bring(PROGRAM, SAMPLES / "events_api.csv")
    assert "left out by the table: 1 counts" in lines(told)
    assert await history.figures() == figures
    await history.verified()


async def test_an_answer_of_sql_is_brought_once(history: History) -> None:
    history.map(("*", "*", URL, "VIEW"))
    for _ in range(2):
        await history.bring(PROGRAM, SAMPLES / "sql_export.csv")
        figures = await history.figures()
        assert figures.views == [
            ("20260220", None, None, 1),
            ("20260301", None, "atelier.example", 1),
            ("20260301", "DESKTOP", "atelier.example", 1),
        ]
        assert figures.visitors == 2
    await history.verified()
