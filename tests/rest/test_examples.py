"""Clients of the three APIs, unchanged but for the host and the token, as their own tools run them."""

import asyncio
import json
import shutil
from base64 import b64encode
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.live.served import PATIENCE, Served, served
from tests.rest.asking import dashboard_of, number_of, uuid_of
from tests.rest.scripts import CURL, HTTPIE, STUDIO, Script
from tests.studio import Studio
from tests.workbooks import SHEETS, workbook

# What is asked is the same on both engines.
pytestmark = pytest.mark.parametrize("engine", ["sqlite"])


@pytest_asyncio.fixture
async def server(studio: Studio) -> AsyncIterator[Served]:
    async with served(studio.services) as server:
        yield server


async def said(script: Script, folder: Path, server: Served, token: str, user: str = "") -> bytes:
    """What it prints. Skips the test if this machine lacks a tool."""
    text = script.text.replace("HOST", f"http://127.0.0.1:{server.port}")
    file = folder / f"script{script.suffix}"
    file.write_text(text.replace("TOKEN", token).replace("USER", user))
    command = script.command(str(file))
    if command is None:
        pytest.skip(f"{script.tool} is not installed")
    running = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, err = await asyncio.wait_for(running.communicate(), PATIENCE)
    assert running.returncode == 0, err.decode()
    return out


def require(*tools: str) -> None:
    for tool in tools:
        if not shutil.which(tool):
            pytest.skip(f"{tool} is not installed")


async def by_curl(name: str, studio: Studio, server: Served, folder: Path) -> Any:
    require("curl")
    return json.loads(await said(CURL[name], folder, server, studio.token("admin")))


async def test_the_dashboard(studio: Studio, server: Served, assets: list[str], tmp_path: Path) -> None:
    assert await by_curl("dashboard", studio, server, tmp_path) == {
        "success": True,
        "errors": [],
        "response": dashboard_of(assets),
    }


@pytest.mark.usefixtures("assets")
async def test_3d_views_by_week(studio: Studio, server: Served, tmp_path: Path) -> None:
    found = await by_curl("3D views by week", studio, server, tmp_path)

    assert found["response"] == {
        "count": 4,
        "grid": [
            {"dateInterval": "202322", "count": 1, "deviceCategory": "desktop"},
            {"dateInterval": "202322", "count": 1, "deviceCategory": "mobile"},
            {"dateInterval": "202323", "count": 1, "deviceCategory": None},
            {"dateInterval": "202323", "count": 1, "deviceCategory": "desktop"},
        ],
    }


@pytest.mark.usefixtures("assets")
async def test_ar_views_by_month(studio: Studio, server: Served, tmp_path: Path) -> None:
    found = await by_curl("AR views by month", studio, server, tmp_path)

    assert found["response"] == {
        "count": 2,
        "grid": [
            {"dateInterval": "202305", "count": 1, "deviceCategory": "desktop"},
            {"dateInterval": "202306", "count": 1, "deviceCategory": "mobile"},
        ],
    }


@pytest.mark.usefixtures("assets")
async def test_the_report_is_stored_as_a_workbook(studio: Studio, server: Served, tmp_path: Path) -> None:
    require("curl", "jq", "base64")
    content = await said(CURL["report"], tmp_path, server, studio.token("admin"))

    assert workbook(b64encode(content).decode()).sheetnames == SHEETS


@pytest.mark.parametrize("script", STUDIO, ids=lambda script: script.tool)
async def test_the_dashboard_of_a_studio(
    studio: Studio, server: Served, script: Script, tmp_path: Path
) -> None:
    zeros = ("views", "likes", "bookmarks", "shares", "comments", "appointments")

    assert json.loads(await said(script, tmp_path, server, studio.token("owner"))) == {
        "publication": {
            "id": number_of(studio.publication),
            "name": "Ai Research Studio",
            "custom_url": "ai-research-studio",
            "created_at": "2023-06-15T12:00:00Z",
            "allow_bookings": True,
        },
        "experience_counts": {"AI_EXPERT": 0, "AI_NOTE": 0, "QUEST": 0, "PODCAST": 0, "total": 0},
        "metrics": {**{f"total_{name}": 0 for name in zeros}, "monthly_active_users": 0},
        "social_metrics": {"followers_count": 0, "following_count": 0},
        "generated_at": "2023-06-15T12:00:00Z",
    }


async def test_an_insight_by_httpie(studio: Studio, server: Served, tmp_path: Path) -> None:
    require("http")
    made = await studio.ask('mutation { createAuthenticationKey(input: {name: "app"}) { secret } }', "owner")
    key = made.data["createAuthenticationKey"]["secret"]

    out = await said(HTTPIE, tmp_path, server, key, uuid_of(studio.people["owner"].id))

    created, read = map(json.loads, out.decode().strip().splitlines())
    assert created["number_of_roles"] == read["number_of_roles"] == 2
    assert (created["insight_score"], created["id"]) == ("1.00", read["id"])
    assert read["works"] == [{**created["works"][0], "non_app_plays": None}]
