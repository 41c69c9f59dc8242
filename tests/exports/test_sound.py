"""Values of JSON that are of another type than they should be."""

import json
from pathlib import Path
from typing import Any
from zipfile import ZipFile

from tests.exports.history import URL, History, lines

ACTION = {"type": "action", "url": "https://a.example/a", "pageId": 1, "timestamp": 1772366400}
VISIT = {"idVisit": 1, "visitorId": "f", "deviceType": "Desktop"}
WRONG = "a value of it is of another type, too large, or no text of Unicode"
ACTIONS = "an action of the visit has no type, timestamp or address that can be read"
VISITS = "it is no visit with actions (actionDetails)"


def visit(action: dict[str, Any], **values: Any) -> dict[str, Any]:
    return {**VISIT, **values, "actionDetails": [{**ACTION, **action}]}


async def test_values_of_another_type_cost_their_line_alone(history: History, tmp_path: Path) -> None:
    file = tmp_path / "visits.json"
    visits = [
        visit({}),
        visit({"url": "https://a.example/a\ud800"}),
        visit({"url": 7}),
        visit({"timestamp": 1e20}),
        visit({"timestamp": "NaN"}),
        visit({}, userId={"a": 1}),
        visit({"type": "event", "eventCategory": "\ud800", "eventAction": []}),
        {**VISIT, "actionDetails": 5},
        "no visit",
        visit({"pageId": [2], "timestamp": 1772366401}),
    ]
    file.write_text(json.dumps(visits))

    draft = await history.draft("matomo", file)
    history.map(("/a", "pageview", URL, "VIEW"))
    told = await history.bring("matomo", file, "--rejects", tmp_path / "rejects.ndjson")

    assert draft == [("/a", "pageview", "", "", "2")]
    assert lines(told)[1:3] == ["events: 2 stored, 0 stored before", "rejected               8"]
    assert [line.partition("INVALID_EVENT ")[2] for line in lines(told)[4:12]] == [
        WRONG,
        ACTIONS,
        ACTIONS,
        ACTIONS,
        WRONG,
        WRONG,
        VISITS,
        VISITS,
    ]
    assert len((tmp_path / "rejects.ndjson").read_text().splitlines()) == 8


async def test_hours_of_another_type_cost_their_line_alone(history: History, tmp_path: Path) -> None:
    file = tmp_path / "goatcounter.zip"
    hour = {"hour": "2026-03-01T10:00:00Z", "path_id": 1, "count": 1}
    paths = [
        {"id": 1, "path": "/a"},
        {"id": 2, "path": {}},
        {"id": [3]},
        4,
        {"id": 5, "path": "/b", "event": 1},
    ]
    hours = [
        hour,
        {**hour, "hour": "2026-03-01T10:00:00"},
        {**hour, "hour": 5},
        {**hour, "count": -1, "hour": "2026-03-01T11:00:00Z"},
        {**hour, "count": 10**13, "path_id": 5},
        {**hour, "path_id": 2},
        {**hour, "path_id": {}},
        [],
    ]
    with ZipFile(file, "w") as archive:
        archive.writestr("paths.jsonl", "\n".join(map(json.dumps, paths)))
        archive.writestr("hit_stats.jsonl", "\n".join([*map(json.dumps, hours), "{", '{"a": "\\ud800"}']))

    draft = await history.draft("goatcounter", file)
    history.map(("/a", "visit", URL, "VIEW"))
    told = await history.bring("goatcounter", file, "--rejects", tmp_path / "rejects.ndjson")

    assert draft == [("/a", "visit", "", "", "1")]
    assert (await history.figures()).views == [("20260301", None, None, 1)]
    assert lines(told)[2:4] == ["rejected               9", "9  INVALID_EVENT"]
