from typing import Any

import pytest_asyncio

from tests.studio import Clock, Studio


def event(
    asset: str, action: str, at: str, device: str | None, domain: str | None, view: int
) -> dict[str, Any]:
    return {
        "subject": {"assetId": asset},
        "action": action,
        "occurredAt": at,
        "deviceCategory": device,
        "domain": domain,
        "viewId": f"00000000-0000-4000-8000-{view:012}",
    }


@pytest_asyncio.fixture
async def assets(studio: Studio, clock: Clock) -> list[str]:
    """A chair and a table in the first workspace, a lamp in the second, and what happened to them."""
    clock.advance(days=30)
    chair, table = [await studio.add_asset(name) for name in ("Chair", "Table")]
    lamp = await studio.add_asset("Lamp", workspace=1)
    await studio.ask(
        "mutation($input: UpdateAssetInput!) { updateAsset(input: $input) { asset { id } } }",
        "admin",
        input={"id": chair, "formats": [{"type": "GLB", "url": "https://files.test/c.glb", "sizeBytes": 7}]},
    )
    await studio.report(
        [
            event(chair, "VIEW_3D", "2023-06-01T00:00:00Z", "DESKTOP", "vntana.com", 1),
            event(chair, "INTERACTION", "2023-06-01T00:00:10Z", "DESKTOP", "vntana.com", 1),
            event(chair, "INTERACTION", "2023-06-01T00:00:20Z", "DESKTOP", "vntana.com", 1),
            event(chair, "VIEW_3D", "2023-06-04T12:00:00Z", "MOBILE", "vntana.com", 2),
            event(chair, "VIEW_3D", "2023-06-05T12:00:00Z", None, "vntana.com", 3),
            event(table, "VIEW_3D", "2023-06-05T12:00:00Z", "DESKTOP", "mywebsite.com", 4),
            event(table, "AR_CLICK", "2023-06-05T12:00:30Z", "MOBILE", "mywebsite.com", 4),
            event(table, "AR_SCAN", "2023-05-31T23:59:59Z", "DESKTOP", "mywebsite.com", 5),
            event(lamp, "VIEW_3D", "2023-07-01T23:59:59.999Z", "TABLET", "vntana.com", 6),
            event(lamp, "VIEW_3D", "2023-07-02T00:00:00Z", "TABLET", "vntana.com", 7),
        ]
    )
    return [chair, table, lamp]
