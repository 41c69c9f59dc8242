"""Instants, as they are written everywhere: what is right, by whichever door."""

import json
from datetime import date, datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from sqlmodel import col

from base.calendar import time_zone
from base.instants import InvalidInstant, instant_in_file, instant_of
from ingest.file_times import FileTimes
from ingest.files import EventFile
from models import Action, DayTotal
from resolvers.importing import Import
from tests.graph.test_record_events import RECORD, literal
from tests.server.test_collect import DESKTOP
from tests.studio import Studio
from tests.subjects import stored_events, totals

arrow, parquet = import_module("pyarrow"), import_module("pyarrow.parquet")
CASES = json.loads((Path(__file__).parents[1] / "cases" / "instants.json").read_text())
RIGHT = [case for case in CASES if case["instant"]]
EVERYWHERE = [case for case in RIGHT if " " not in case["text"]]
"""The others stand in files alone."""


def instant(case: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(case["instant"])


@pytest.mark.parametrize("case", EVERYWHERE)
async def test_every_door_has_the_same_instant_of_the_same_day(
    studio: Studio, tmp_path: Path, case: dict[str, Any]
) -> None:
    studio.clock.now = instant(case) + timedelta(hours=3)
    event = {
        "subject": {"publicationId": studio.publication},
        "action": "VIEW",
        "occurredAt": case["text"],
    }
    await studio.client.post("/collect", json=event, headers={"user-agent": DESKTOP})
    await studio.ask(RECORD, "owner", events=[event])
    await studio.ask(f"mutation {{ recordEvents(events: [{literal(event)}]) {{ stored }} }}", "owner")
    one = "mutation($event: EventInput!) { recordEvents(events: [$event]) { stored } }"
    await studio.ask(one, "owner", event=event)
    files = written(tmp_path, case["text"], studio.publication)
    for file in files:
        await Import(studio.services, EventFile(file)).run()

    assert await totals(studio) == {Action.VIEW: 4 + len(files)}
    assert {event.occurred_at for event in await stored_events(studio)} == {instant(case)}
    async with studio.services.database.writing() as session:
        days = (await session.execute(select(col(DayTotal.day)))).scalars().all()
    assert set(days) == {date.fromisoformat(case["day"])}

    views = """query($start: RangeBound!, $end: RangeBound!) { publication(url: "ai-research-studio") {
      views(range: {start: $start, end: $end}, interval: DAY) { points { dateInterval count } }
    } }"""
    asked = await studio.ask(views, "owner", start="2026-06-29T00:00:00Z", end=case["text"])
    points = asked.data["publication"]["views"]["points"]
    assert points[-1] == {"dateInterval": case["day"], "count": 4 + len(files)}
    asked = await studio.ask(views, "owner", start=case["text"], end=case["text"])
    points = asked.data["publication"]["views"]["points"]
    assert points == [{"dateInterval": case["day"], "count": 4 + len(files)}]


def written(folder: Path, text: str, publication: str) -> list[Path]:
    """A file of each kind with this one event, of another visitor in each: equal lines are one event."""
    event = {"subject": {"publicationId": publication}, "action": "VIEW", "occurredAt": text}
    (lines := folder / "events.ndjson").write_text(json.dumps(event | {"visitor": "of lines"}))
    (cells := folder / "events.csv").write_text(
        f"publicationId,action,occurredAt,visitor\n{publication},VIEW,{text},of cells\n"
    )
    files = [lines, cells]
    nanoseconds = arrow.array([text]).cast(arrow.timestamp("ns", "UTC"))
    for name, column in (("text", arrow.array([text])), ("instants", nanoseconds)):
        table = arrow.table(
            {
                "publicationId": [publication],
                "action": ["VIEW"],
                "occurredAt": column,
                "visitor": [f"of {name}"],
            }
        )
        parquet.write_table(table, folder / f"{name}.parquet")
        files.append(folder / f"{name}.parquet")
    return files


@pytest.mark.parametrize("case", CASES)
def test_files_have_instants_as_databases_write_them(tmp_path: Path, case: dict[str, Any]) -> None:
    (file := tmp_path / "events.csv").write_text(f"assetId,action,occurredAt\na,VIEW_3D,{case['text']}\n")
    (line,) = EventFile(file)
    (told,) = EventFile(file, times=FileTimes(time_zone("America/New_York")))

    if case["instant"]:
        assert line.event
        assert told.event
        assert line.event.occurred_at == told.event.occurred_at == instant(case)
    else:
        assert line.event is None
        assert line.problem == (
            f"'{case['text']}' has no offset, and no --time-zone says whose time it is - at `$.occurredAt`"
        )
        # So one says it by an option.
        assert told.event
        assert told.event.occurred_at == datetime.fromisoformat(f"{case['text']}-04:00")


@pytest.mark.parametrize("case", [case for case in CASES if case not in EVERYWHERE])
async def test_elsewhere_they_are_refused_and_nothing_is_stored(studio: Studio, case: dict[str, Any]) -> None:
    event = {"subject": {"publicationId": studio.publication}, "action": "VIEW", "occurredAt": case["text"]}
    collected = await studio.client.post("/collect", json=event, headers={"user-agent": DESKTOP})
    recorded = await studio.ask(RECORD, "owner", events=[event])
    inline = await studio.ask(
        f"mutation {{ recordEvents(events: [{literal(event)}]) {{ stored }} }}", "owner"
    )

    assert collected.status_code == 400
    assert recorded.errors == [("BAD_USER_INPUT", "")]
    assert inline.errors
    assert await studio.count("events") == 0


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("2025-06-01 10:00:00.5-07", "2025-06-01T17:00:00.500000+00:00"),
        ("2025-06-01 10:00:00+0530", "2025-06-01T04:30:00+00:00"),
        ("2025-06-01 10:00:00.123 +0000", "2025-06-01T10:00:00.123000+00:00"),
        ("2025-06-01T10:00:00UTC", "2025-06-01T10:00:00+00:00"),
        # Shown twice: the first time. Skipped: the jump.
        ("2025-11-02 01:30:00", "2025-11-02T05:30:00+00:00"),
        ("2025-03-09 02:30:00.25", "2025-03-09T07:00:00+00:00"),
    ],
)
def test_what_else_files_may_have(text: str, read: str) -> None:
    assert instant_in_file(text, time_zone("America/New_York")) == datetime.fromisoformat(read)


@pytest.mark.parametrize(
    "text",
    [
        "2025-06-01",
        "2025-06-01 10:00",
        "2025-06-01 24:00:00Z",
        "2025-06-01 10:00:00 CET",
        "2025-06-31 10:00:00Z",
        "1748772000",
        "0001-01-01 00:00:00",
        "\u0662025-06-01 10:00:00Z",
    ],
)
def test_what_is_no_instant_is_refused(text: str) -> None:
    with pytest.raises(InvalidInstant):
        instant_in_file(text, time_zone("Asia/Tokyo"))


@given(
    st.datetimes(datetime.fromisoformat("1970-01-02"), datetime.fromisoformat("2999-12-31")),
    st.text("0123456789", max_size=6),
)
def test_digits_beyond_the_microsecond_are_cut(at: datetime, more: str) -> None:
    text = f"{at:%Y-%m-%dT%H:%M:%S.%f}"
    assert instant_of(f"{text}{more}Z") == instant_of(f"{text}Z") == instant_of(f"{text}{more}+00:00")
