"""The figures of 3D assets by REST."""

from base64 import b64decode
from typing import Any

import pytest

from tests.rest.asking import RANGE, dashboard_of, post, problem, uuid_of
from tests.studio import Studio
from tests.workbooks import HEADINGS, XLSX, rows, workbook

DASHBOARD, VIEWS, REPORT = (f"/v2/metrics/{name}" for name in ("dashboard", "views-data", "summary-report"))
EMPTY: dict[str, Any] = {"clientUuids": None, "productsUuid": None, "domain": None}
WEEKS = {"viewType": "3DView", "actionTypes": ["view"], "dateInterval": "WEEK", "returnFields": ["device"]}


async def answer(studio: Studio, path: str, body: dict[str, Any], by: str = "admin") -> Any:
    """Of a request that succeeds."""
    response = await post(studio, path, {**RANGE, **body}, by)
    assert response.status_code == 200, response.text
    found = response.json()
    assert list(found) == ["success", "errors", "response"]
    assert (found["success"], found["errors"]) == (True, [])
    return found["response"]


async def test_the_dashboard(studio: Studio, assets: list[str]) -> None:
    assert await answer(studio, DASHBOARD, EMPTY) == dashboard_of(assets)


async def test_an_organization_without_views_has_no_most_viewed_product(studio: Studio) -> None:
    assert await answer(studio, DASHBOARD, {}) == {
        "total3DViews": 0,
        "totalARViews": 0,
        "userEngagement": 0,
        "avgNumberInteractions": 0.0,
        "mostViewedProduct": None,
    }


@pytest.mark.usefixtures("assets")
@pytest.mark.parametrize("end", ["2023-07-01T23:59:59", "2023-07-01", "2023-07-01T23:59:59Z"])
async def test_the_end_is_included_to_its_last_second(studio: Studio, end: str) -> None:
    """The lamp was seen at 23:59:59.999, and again at midnight."""
    found = await answer(studio, DASHBOARD, {"startDate": "2023-07-01", "endDate": end})

    assert found["total3DViews"] == 1


@pytest.mark.usefixtures("assets")
async def test_views_by_week_and_device(studio: Studio) -> None:
    assert await answer(studio, VIEWS, {**WEEKS, **EMPTY}) == {
        "count": 5,
        "grid": [
            {"dateInterval": "202322", "count": 1, "deviceCategory": "desktop"},
            {"dateInterval": "202322", "count": 1, "deviceCategory": "mobile"},
            {"dateInterval": "202323", "count": 1, "deviceCategory": None},
            {"dateInterval": "202323", "count": 1, "deviceCategory": "desktop"},
            {"dateInterval": "202326", "count": 1, "deviceCategory": "tablet"},
        ],
    }


@pytest.mark.usefixtures("assets")
@pytest.mark.parametrize("fields", [None, []])
async def test_without_device_the_points_have_none(studio: Studio, fields: list[str] | None) -> None:
    asked = {**WEEKS, "dateInterval": "DAY", "returnFields": fields}

    assert (await answer(studio, VIEWS, asked))["grid"] == [
        {"dateInterval": "20230601", "count": 1},
        {"dateInterval": "20230604", "count": 1},
        {"dateInterval": "20230605", "count": 2},
        {"dateInterval": "20230701", "count": 1},
    ]


@pytest.mark.usefixtures("assets")
@pytest.mark.parametrize(
    ("actions", "count"), [(None, 2), (["click", "scan"], 2), (["click"], 1), (["scan"], 1)]
)
async def test_ar_views_by_month_and_action(studio: Studio, actions: list[str] | None, count: int) -> None:
    asked = {"viewType": "ARView", "actionTypes": actions, "dateInterval": "MONTH", "startDate": "2023-05-01"}

    found = await answer(studio, VIEWS, asked)

    assert found["count"] == count
    assert {point["dateInterval"] for point in found["grid"]} <= {"202305", "202306"}


async def test_workspaces_assets_and_domains_narrow_what_counts(studio: Studio, assets: list[str]) -> None:
    chair, table, lamp = map(uuid_of, assets)
    furniture, lighting = map(uuid_of, studio.workspaces)

    async def views(**filters: Any) -> int:
        count: int = (await answer(studio, DASHBOARD, filters))["total3DViews"]
        return count

    assert await views(clientUuids=[furniture]) == 4
    assert await views(clientUuids=[lighting]) == 1
    assert await views(clientUuids=[furniture, lighting]) == 5
    assert await views(clientUuids=[]) == 0
    assert await views(productsUuid=[chair]) == 3
    assert await views(productUuids=[chair, lamp.upper()]) == 4
    assert await views(productsUuid=[chair], productUuids=[table]) == 4
    assert await views(productsUuid=assets) == 5, "global ids are good as well"
    assert await views(productsUuid=None, productUuids=[table]) == 1
    assert await views(domain="mywebsite.com") == 1
    assert await views(clientUuids=[furniture], domain="vntana.com") == 3


@pytest.mark.usefixtures("assets")
async def test_the_report_is_the_workbook_of_graphql(studio: Studio, assets: list[str]) -> None:
    found = await answer(studio, REPORT, {"startDate": "2023-06-01", "endDate": "2023-07-01"})

    assert found["contentType"] == XLSX
    assert b64decode(found["document"], validate=True)[:2] == b"PK"
    assert rows(workbook(found["document"]), "Assets")[:2] == [
        HEADINGS,
        ["Chair", "Furniture", "Desktop", 1, 0, 0, 0, 1, 2, 2, assets[0]],
    ]


@pytest.mark.parametrize("path", [DASHBOARD, VIEWS, REPORT])
@pytest.mark.parametrize(
    ("wrong", "argument", "reason"),
    [
        ({"startDate": "01.06.2023"}, "range.start", "INVALID_DATE"),
        ({"endDate": "2023-06-31"}, "range.end", "INVALID_DATE"),
        ({"endDate": "2023-05-01"}, "range", "INVALID_RANGE"),
        ({"startDate": None}, "startDate", "MISSING_START_DATE"),
        ({"startDate": 20230601}, "startDate", "INVALID_VALUE"),
        ({"clientUuids": "all"}, "clientUuids", "INVALID_VALUE"),
        ({"domain": "no domain"}, "domain", "INVALID_DOMAIN"),
    ],
)
@pytest.mark.parametrize("engine", ["sqlite"])
async def test_wrong_parameters_are_unprocessable(
    studio: Studio, path: str, wrong: dict[str, Any], argument: str, reason: str
) -> None:
    response = await post(studio, path, {**RANGE, **WEEKS, **wrong}, "admin")

    assert response.status_code == 422
    assert problem(response) == {"code": "BAD_USER_INPUT", "argument": argument, "reason": reason}


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"viewType": "2DView"}, "INVALID_VALUE"),
        ({"viewType": "ARView"}, "INVALID_VALUE"),
        ({"actionTypes": []}, "INVALID_VALUE"),
        ({"dateInterval": "YEAR"}, "INVALID_VALUE"),
        ({"dateInterval": None}, "INVALID_VALUE"),
        ({"returnFields": ["country"]}, "INVALID_VALUE"),
    ],
)
@pytest.mark.parametrize("engine", ["sqlite"])
async def test_wrong_views_are_unprocessable(studio: Studio, wrong: dict[str, Any], reason: str) -> None:
    response = await post(studio, VIEWS, {**RANGE, **WEEKS, **wrong}, "admin")

    assert response.status_code == 422
    assert problem(response)["reason"] == reason


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_what_is_missing_is_named(studio: Studio) -> None:
    answers = [
        await post(
            studio,
            VIEWS,
            {name: value for name, value in {**RANGE, **WEEKS}.items() if name != gone},
            "admin",
        )
        for gone in ("startDate", "endDate", "viewType")
    ]

    assert [(one.status_code, problem(one)["reason"]) for one in answers] == [
        (422, "MISSING_START_DATE"),
        (422, "MISSING_END_DATE"),
        (422, "MISSING_VIEW_TYPE"),
    ]


async def test_what_the_caller_may_not_know_of_is_forbidden(studio: Studio, assets: list[str]) -> None:
    nowhere = "11111111-1111-4111-8111-111111111111"

    answers = [
        await post(studio, DASHBOARD, {**RANGE, "productsUuid": [nowhere]}, "admin"),
        await post(studio, DASHBOARD, {**RANGE, "clientUuids": ["string"]}, "admin"),
        await post(studio, DASHBOARD, {**RANGE, "productsUuid": assets}, "member"),
        await post(studio, DASHBOARD, RANGE, "stranger"),
    ]

    assert [one.status_code for one in answers] == [403] * 4
    assert [problem(one)["code"] for one in answers] == ["NOT_FOUND", "NOT_FOUND", "FORBIDDEN", "FORBIDDEN"]
