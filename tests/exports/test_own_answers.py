"""Our own answers, asked for by the asset analytics API and brought again, as the history of other assets."""

import json
from base64 import b64decode
from typing import Any

import pytest

from tests.exports.history import History, lines
from tests.rest.asking import post, uuid_of

PROGRAM = "asset-analytics"
DAY = ("2023-06-05", "2023-06-05")
MONTH = ("2023-06-01", "2023-06-30")
DAYS = {"viewType": "3DView", "actionTypes": ["view"], "dateInterval": "DAY", "returnFields": ["device"]}
HAPPENED = (
    ("2023-06-05", "DESKTOP", "VIEW_3D", 3),
    ("2023-06-05", "MOBILE", "VIEW_3D", 1),
    ("2023-06-05", "MOBILE", "AR_CLICK", 2),
    ("2023-06-06", "DESKTOP", "VIEW_3D", 5),
)


async def asked(history: History, name: str, days: tuple[str, str], **more: Any) -> dict[str, Any]:
    """A request and its answer, as they are saved."""
    first, last = days
    request = {"startDate": f"{first}T00:00:00", "endDate": f"{last}T23:59:59", "domain": None, **more}
    response = await post(history.studio, f"/v2/metrics/{name}", request, "admin")
    return {"request": request, "answer": response.json()}


async def save_report(history: History, name: str, days: tuple[str, str], **more: Any) -> None:
    report = await asked(history, "summary-report", days, **more)
    document = b64decode(report["answer"]["response"]["document"])
    (history.folder / f"{name}.xlsx").write_bytes(document)


async def figures(history: History, asset: str) -> tuple[int, int]:
    """3D views and AR views."""
    answer = await asked(history, "dashboard", MONTH, productsUuid=[uuid_of(asset)])
    found = answer["answer"]["response"]
    return found["total3DViews"], found["totalARViews"]


@pytest.fixture
async def viewed(history: History) -> History:
    """Its asset was viewed."""
    for day, device, action, times in HAPPENED:
        event = {
            "subject": {"assetId": history.asset},
            "action": action,
            "occurredAt": f"{day}T12:00:00Z",
            "deviceCategory": device,
        }
        await history.studio.report([event] * times)
    return history


async def test_days_of_views_are_brought_once(viewed: History) -> None:
    history, uuid = viewed, uuid_of(viewed.asset)
    saved = history.folder / "views.json"
    saved.write_text(json.dumps(await asked(history, "views-data", MONTH, **DAYS, productsUuid=[uuid])))
    other = await history.studio.add_asset("Lamp")
    history.map((uuid, "3DView", other, "VIEW_3D"))

    told = [await history.bring(PROGRAM, saved) for _ in range(2)]

    assert lines(told[0])[1] == "totals of days: 3 new, 0 changed, 0 removed, 0 stored before; +9 in all"
    assert lines(told[1])[1] == "totals of days: 0 new, 0 changed, 0 removed, 3 stored before; +0 in all"
    assert await figures(history, other) == (9, 0)
    await history.verified()


async def test_a_report_has_the_assets_of_a_day_or_the_days_of_an_asset(viewed: History) -> None:
    history, asset = viewed, viewed.asset
    await save_report(history, "day", DAY)
    await save_report(history, "month", MONTH, productUuids=[uuid_of(asset)])
    by_day, by_month = [await history.studio.add_asset(name) for name in ("Lamp", "Chair")]

    history.map((asset, "3D views", by_day, "VIEW_3D"), (asset, "AR views by click", by_day, "AR_CLICK"))
    await history.bring(PROGRAM, history.folder / "day.xlsx", "--source", "day")
    history.map(
        (asset, "3D views", by_month, "VIEW_3D"),
        (asset, "AR views by click or scan", by_month, "AR_CLICK"),
    )
    await history.bring(PROGRAM, history.folder / "month.xlsx", "--source", "month")

    assert await figures(history, by_day) == (4, 2)
    assert await figures(history, by_month) == await figures(history, asset) == (9, 2)
    await history.verified()


async def test_months_and_sums_of_several_days_cannot_be_brought(viewed: History) -> None:
    await save_report(viewed, "year", ("2022-06-01", "2023-06-30"))
    await viewed.studio.add_asset("Lamp")
    await save_report(viewed, "month", MONTH)
    viewed.map(("*", "*", viewed.asset, "VIEW_3D"))

    told = await viewed.bring(PROGRAM, viewed.folder / "year.xlsx")
    assert lines(told)[-1:] == [
        "- year.xlsx is left out: it has months and no days: take a report of fewer days."
    ]

    told = await viewed.bring(PROGRAM, viewed.folder / "month.xlsx")

    assert lines(told)[-1] == (
        "- month.xlsx is left out: it has one sum for each asset of a range of several days. Take a report "
        "for each day, or one for each asset; or save answers of views-data."
    )
    assert await figures(viewed, viewed.asset) == (9, 2)
