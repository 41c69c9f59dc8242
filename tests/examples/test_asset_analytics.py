"""The examples of the API that asset analytics replace, as documents that anyone can send."""

from base64 import b64decode
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from httpx import AsyncClient

from tests.studio import Clock, Studio
from tests.workbooks import HEADINGS, SHEETS, XLSX, rows, workbook

EXAMPLES = Path(__file__).parents[2] / "examples" / "asset-analytics"


def document(name: str) -> str:
    return (EXAMPLES / f"{name}.graphql").read_text()


def event(asset: str, action: str, at: str, device: str, domain: str | None, view: int = 0) -> dict[str, Any]:
    told = {
        "subject": {"assetId": asset},
        "action": action,
        "occurredAt": at,
        "deviceCategory": device,
        "domain": domain,
    }
    return {**told, "viewId": f"00000000-0000-4000-8000-{view:012}"} if view else told


@pytest_asyncio.fixture
async def assets(studio: Studio, clock: Clock) -> list[str]:
    """A chair and a table in the first workspace, a lamp in the second, and what happened to them."""
    clock.advance(days=200)
    chair, table = [await studio.add_asset(name) for name in ("Chair", "Table")]
    lamp = await studio.add_asset("Lamp", workspace=1)
    await studio.ask(
        "mutation($input: UpdateAssetInput!) { updateAsset(input: $input) { asset { id } } }",
        "admin",
        input={"id": chair, "formats": [{"type": "GLB", "url": "https://files.test/chair.glb"}]},
    )
    await studio.report(
        [
            event(chair, "VIEW_3D", "2023-06-01T00:00:00Z", "DESKTOP", "vntana.com", 1),
            event(chair, "INTERACTION", "2023-06-01T00:00:10Z", "DESKTOP", "vntana.com", 1),
            event(chair, "INTERACTION", "2023-06-01T00:00:20Z", "DESKTOP", "vntana.com", 1),
            event(chair, "VIEW_3D", "2023-06-04T12:00:00Z", "MOBILE", "vntana.com", 2),
            event(table, "VIEW_3D", "2023-06-05T12:00:00Z", "DESKTOP", "vntana.com", 3),
            event(table, "AR_CLICK", "2023-06-05T12:00:30Z", "MOBILE", "vntana.com", 3),
            event(table, "AR_SCAN", "2023-05-31T23:59:59Z", "DESKTOP", "mywebsite.com"),
            event(lamp, "VIEW_3D", "2023-07-01T23:59:59Z", "TABLET", "vntana.com", 4),
            event(lamp, "VIEW_3D", "2023-07-02T00:00:00Z", "TABLET", "vntana.com", 5),
            event(lamp, "VIEW_3D", "2023-01-02T00:00:00Z", "DESKTOP", "mywebsite.com", 6),
            event(lamp, "INTERACTION", "2023-01-02T00:00:01Z", "DESKTOP", "mywebsite.com", 6),
        ]
    )
    return [chair, table, lamp]


async def ask(studio: Studio, name: str, **variables: Any) -> Any:
    answer = await studio.ask(document(name), "admin", organization=studio.organization, **variables)
    return answer.data["organization"]["metrics"]


@pytest.mark.usefixtures("assets")
async def test_the_dashboard(studio: Studio) -> None:
    assert await ask(studio, "dashboard") == {
        "total3DViews": 4,
        "totalARViews": 1,
        "userEngagement": 1,
        "avgNumberInteractions": 2.0,
        "mostViewedAsset": {
            "total3DViews": 2,
            "asset": {
                "name": "Chair",
                "formats": [{"type": "GLB", "url": "https://files.test/chair.glb"}],
            },
        },
    }


@pytest.mark.usefixtures("assets")
async def test_3d_views_by_week_and_device(studio: Studio) -> None:
    assert (await ask(studio, "views-3d-by-week"))["views"] == {
        "count": 4,
        "points": [
            {"deviceCategory": "DESKTOP", "dateInterval": "202301", "count": 1},
            {"deviceCategory": "DESKTOP", "dateInterval": "202322", "count": 1},
            {"deviceCategory": "MOBILE", "dateInterval": "202322", "count": 1},
            {"deviceCategory": "DESKTOP", "dateInterval": "202323", "count": 1},
        ],
    }


@pytest.mark.usefixtures("assets")
async def test_ar_views_by_month_and_device(studio: Studio) -> None:
    assert (await ask(studio, "views-ar-by-month"))["views"] == {
        "count": 2,
        "points": [
            {"deviceCategory": "DESKTOP", "dateInterval": "202305", "count": 1},
            {"deviceCategory": "MOBILE", "dateInterval": "202306", "count": 1},
        ],
    }


@pytest.mark.usefixtures("assets")
async def test_one_workspace(studio: Studio) -> None:
    metrics = await ask(studio, "one-workspace", workspace=studio.workspaces[1])

    assert metrics == {"total3DViews": 3, "totalARViews": 0, "userEngagement": 1}


async def test_several_assets(studio: Studio, assets: list[str]) -> None:
    metrics = await ask(studio, "several-assets", assets=assets[1:])

    assert metrics == {
        "total3DViews": 4,
        "topAssets": [
            {"rank": 1, "asset": {"name": "Lamp"}, "total3DViews": 3},
            {"rank": 2, "asset": {"name": "Table"}, "total3DViews": 1},
        ],
    }


@pytest.mark.usefixtures("assets")
async def test_one_domain(studio: Studio) -> None:
    metrics = await ask(studio, "one-domain")

    assert metrics == {"total3DViews": 1, "totalARViews": 1, "userEngagement": 1}


async def test_the_report(studio: Studio, assets: list[str], client: AsyncClient) -> None:
    report = (await ask(studio, "report"))["summaryReport"]
    book = workbook(report["document"])
    linked = await client.get(report["url"])

    chair, table, lamp = assets
    assert book.sheetnames == SHEETS
    assert rows(book, "Assets") == [
        HEADINGS,
        ["Chair", "Furniture", "Desktop", 1, 0, 0, 0, 1, 2, 2, chair],
        ["Chair", "Furniture", "Mobile", 1, 0, 0, 0, 0, 0, 0, chair],
        ["Lamp", "Lighting", "Desktop", 1, 0, 0, 0, 1, 1, 1, lamp],
        ["Table", "Furniture", "Desktop", 1, 0, 1, 1, 0, 0, 0, table],
        ["Table", "Furniture", "Mobile", 0, 1, 0, 1, 0, 0, 0, table],
        ["Total", None, None, 4, 1, 1, 2, 2, 3, 1.5, None],
    ]
    assert rows(book, "Views over time") == [
        ["Month", "3D views", "AR views", "Covered"],
        [datetime(2023, 1, 1), 1, 0, "whole"],  # noqa: DTZ001
        *([datetime(2023, month, 1), 0, 0, "whole"] for month in (2, 3, 4)),  # noqa: DTZ001
        [datetime(2023, 5, 1), 0, 1, "whole"],  # noqa: DTZ001
        [datetime(2023, 6, 1), 3, 1, "whole"],  # noqa: DTZ001
        ["Total", 4, 2, None],
    ]
    assert (report["contentType"], report["filename"]) == (XLSX, "Works 2023-01-01 to 2023-06-30.xlsx")
    assert linked.content == b64decode(report["document"])
