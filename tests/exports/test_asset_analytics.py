"""Answers of the asset analytics API: those of its documents, and our own, asked for and brought again."""

import json
from typing import Any

import pytest

from tests.exports.drafting import Draft, Drafting

PROGRAM = "asset-analytics"
ASSET = "0b6e6e0a-1111-4111-8111-000000000001"
VIEWS = {"viewType": "3DView", "actionTypes": ["view"], "dateInterval": "DAY", "productsUuid": [ASSET]}
Point = tuple[str, str | None, int]


def answered(request: dict[str, Any] | None, *points: Point) -> dict[str, Any]:
    grid = [{"deviceCategory": device, "dateInterval": day, "count": count} for day, device, count in points]
    answer = {"success": True, "errors": [], "response": {"count": 0, "grid": grid}}
    return {"request": request, "answer": answer} if request else answer


def drafted(drafting: Drafting, *answers: Any, indent: int | None = None) -> Draft:
    file = drafting.file("\n".join(json.dumps(answer, indent=indent) for answer in answers), "teapot.json")
    return drafting.draft(PROGRAM, file)


@pytest.mark.parametrize("indent", [None, 2])
def test_an_answer_beside_its_request_says_what_it_is_about(drafting: Drafting, indent: int) -> None:
    ar = {**VIEWS, "viewType": "ARView", "actionTypes": ["scan", "click"]}
    assert drafted(
        drafting,
        answered(VIEWS, ("20230627", "desktop", 9), ("20230605", "desktop", 51)),
        answered({**VIEWS, "productUuids": [ASSET], "productsUuid": None}, ("20230606", None, 3)),
        [answered({**ar, "actionTypes": ["scan"]}, ("20230605", "mobile", 2))],
        answered(ar, ("20230605", "mobile", 5)),
        indent=indent,
    ) == Draft({(ASSET, "3DView"): 63, (ASSET, "ARView click scan"): 5, (ASSET, "ARView scan"): 2}, 0, [])


def test_a_bare_answer_is_called_by_its_file(drafting: Drafting) -> None:
    assert drafted(drafting, answered(None, ("20230627", "desktop", 9))).counts == {
        ("teapot", "views-data"): 9
    }


def test_of_answers_that_overlap_the_last_counts(drafting: Drafting) -> None:
    first = answered(VIEWS, ("20230605", "desktop", 50), ("20230605", None, 1), ("20230605", "tv", 1))
    again = answered(VIEWS, ("20230605", "desktop", 51), ("20230606", "desktop", 9))
    assert drafted(drafting, first, again) == Draft({(ASSET, "3DView"): 51 + 2 + 9}, 0, [])


@pytest.mark.parametrize(
    "answer",
    [
        answered({**VIEWS, "dateInterval": "WEEK"}, ("202322", "desktop", 9)),
        answered(VIEWS, ("20230631", "desktop", 9)),
        answered({**VIEWS, "productsUuid": None}, ("20230605", "desktop", 9)),
        answered({**VIEWS, "productsUuid": [ASSET, "another"]}, ("20230605", "desktop", 9)),
        answered({**VIEWS, "domain": "a.example"}, ("20230605", "desktop", 9)),
        answered(VIEWS, ("20230605", "desktop", -9)),
        {"request": VIEWS, "answer": {"response": {"grid": ["20230605"]}}},
        {"request": VIEWS, "answer": {"response": {"grid": None}}},
        {"request": VIEWS, "answer": {"response": {"grid": 5}}},
        {"answer": {"response": {"document": "é"}}},
        answered({**VIEWS, "domain": ["a.example"]}, ("20230605", "desktop", 9)),
    ],
    ids=[
        "weeks",
        "no day",
        "all assets",
        "two assets",
        "counted already",
        "no count",
        "no point",
        "null for a grid",
        "a number for a grid",
        "no base64",
        "no domain",
    ],
)
def test_what_is_no_day_of_an_asset_is_unusable(drafting: Drafting, answer: Any) -> None:
    first = answered(VIEWS, ("20230701", "desktop", 1))
    assert drafted(drafting, first, answer) == Draft({(ASSET, "3DView"): 1}, 1, [])


def test_answers_without_days_are_told(drafting: Drafting) -> None:
    dashboard = {"success": True, "errors": [], "response": {"total3DViews": 5}}
    studio = {"publication": {"id": 1}, "metrics": {"total_views": 5}, "generated_at": "2023-06-05T00:00:00Z"}
    assert drafted(
        drafting, dashboard, studio, {"success": False, "errors": ["no"], "response": None}
    ) == Draft({}, 0, ["3 Answers without days, such as that of a dashboard, are left out."])


def test_files_of_other_kinds_are_told(drafting: Drafting) -> None:
    for file, words in (
        (drafting.file("{", "notes.txt"), "notes.txt is left out: it is neither JSON nor XLSX."),
        (drafting.file("{", "broken.json"), "broken.json is no JSON after value 0"),
        (
            drafting.file("Asset,Workspace\n", "report.csv"),
            "report.csv is left out: it has no days, and no range.",
        ),
        (drafting.file(b"PK\x03\x04", "report.xlsx"), "report.xlsx is no whole workbook"),
    ):
        assert words in drafting.draft(PROGRAM, file).notes[0]
