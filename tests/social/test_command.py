"""`viewgraph refresh` and what the server does by itself, by the settings of an operator."""

import asyncio
import logging
import os
import pty
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner, Result

from models import Network
from server.app import create_app
from server.background_jobs import background_jobs
from server.commands.cli import app
from server.services import close_services, services_of
from server.settings import Settings
from server.social_networks import networks_of
from social import graph_api, soundcloud, x, youtube
from social.refresh import ConnectedNetwork, MissingSettings
from tests.commands import remove_settings
from tests.server.program import environment
from tests.social import sites
from tests.social.conftest import Told, Web
from tests.social.sites import SECRETS, Reply

FIGURES = [30, 31, 230, 4546, 4547, 4564]
CREDENTIALS = {
    "VIEWGRAPH_YOUTUBE_API_KEY": sites.YOUTUBE_KEY,
    "VIEWGRAPH_SOUNDCLOUD_CLIENT_ID": sites.SOUNDCLOUD_ID,
    "VIEWGRAPH_SOUNDCLOUD_CLIENT_SECRET": sites.SOUNDCLOUD_SECRET,
    "VIEWGRAPH_X_BEARER_TOKEN": sites.X_TOKEN,
    "VIEWGRAPH_FACEBOOK_ACCESS_TOKEN": sites.FACEBOOK_TOKEN,
    "VIEWGRAPH_INSTAGRAM_USER_ID": sites.INSTAGRAM_ID,
    "VIEWGRAPH_INSTAGRAM_ACCESS_TOKEN": sites.INSTAGRAM_TOKEN,
}
OF_X = {"VIEWGRAPH_X_BEARER_TOKEN": sites.X_TOKEN}
SKIPPED = """\
youtube     skipped: VIEWGRAPH_YOUTUBE_API_KEY is not set
soundcloud  skipped: VIEWGRAPH_SOUNDCLOUD_CLIENT_ID, VIEWGRAPH_SOUNDCLOUD_CLIENT_SECRET are not set
"""
SKIPPED_META = """\
facebook    skipped: VIEWGRAPH_FACEBOOK_ACCESS_TOKEN is not set
instagram   skipped: VIEWGRAPH_INSTAGRAM_USER_ID, VIEWGRAPH_INSTAGRAM_ACCESS_TOKEN are not set
"""
HEAD = "network      refreshed    gone  failed   calls\n"


@pytest.fixture(autouse=True)
def addresses(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    """The networks are here. Facebook and Instagram share an address, and so these two stand in one place."""
    remove_settings(monkeypatch)
    monkeypatch.setattr(youtube, "ADDRESS", web.youtube.address)
    monkeypatch.setattr(soundcloud, "ADDRESS", web.soundcloud.address)
    monkeypatch.setattr(soundcloud, "TOKENS", f"{web.soundcloud.address}/oauth/token")
    monkeypatch.setattr(x, "ADDRESS", web.x.address)
    monkeypatch.setattr(graph_api, "ADDRESS", web.facebook.address)
    answer = web.facebook.answer

    def answer_both(request: sites.Request) -> Reply:
        return web.instagram.answer(request) if sites.INSTAGRAM_ID in request.path else answer(request)

    monkeypatch.setattr(web.facebook, "answer", answer_both)


async def refresh(url: str, *words: str, variables: Mapping[str, str] = CREDENTIALS) -> Result:
    """In a thread, because commands have an event loop of their own."""
    given = ["refresh", *words, "--database-url", url]
    result = await asyncio.to_thread(CliRunner().invoke, app, given, env=dict(variables))
    assert not [secret for secret in SECRETS if secret in result.output]
    return result


async def test_all_networks_are_refreshed_and_summed_up(told: Told, database_url: str) -> None:
    result = await refresh(database_url)

    assert result.stdout == (
        f"{HEAD}"
        "youtube              2       0       0       1\n"
        "soundcloud           1       0       0       1\n"
        "x                    1       0       0       1\n"
        "facebook             1       0       0       1\n"
        "instagram            1       0       0       1\n"
    )
    assert (result.exit_code, result.stderr) == (0, "")
    assert await told.figures() == FIGURES


async def test_networks_without_credentials_are_skipped_and_say_so(told: Told, database_url: str) -> None:
    result = await refresh(database_url, variables=OF_X)

    x = "x                    1       0       0       1\n"
    assert result.stdout == HEAD + SKIPPED + x + SKIPPED_META
    assert result.exit_code == 0
    assert await told.figures() == [None, None, None, 4546, None, None]


async def test_one_user_and_one_network_can_be_named(told: Told, web: Web, database_url: str) -> None:
    await told.tell("stranger", twitterHandle="stranger")
    web.x.known["stranger"] = 5

    result = await refresh(database_url, "--user", "stranger", "--network", "x")

    assert result.stdout == f"{HEAD}x                    1       0       0       1\n"
    assert (await told.read("stranger"))["twitterFollowersCount"] == 5
    assert await told.figures() == [None] * 6


async def test_what_could_not_be_asked_is_told_and_the_exit_code_is_1(
    told: Told, web: Web, database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    web.x.known = {}
    web.youtube.always = Reply({"error": {"message": SECRETS[0]}}, 500)
    web.soundcloud.faults.extend([web.soundcloud.answer, Reply({}, 403)])

    result = await refresh(database_url)

    assert result.stdout == (
        f"{HEAD}"
        "youtube              0       0       2       3\n"
        "soundcloud           0       0       0       1\n"
        "            stopped: it refuses the credentials (403)\n"
        "x                    0       1       0       1\n"
        "facebook             1       0       0       1\n"
        "instagram            1       0       0       1\n"
    )
    assert result.exit_code == 1
    assert await told.figures() == [None, None, None, None, 4547, 4564]
    assert "youtube: 2 of a call failed: it answered 500" in caplog.messages
    assert "soundcloud: stopped, because it refuses the credentials (403)" in caplog.messages


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--user", "nobody"], "There is no user `nobody`."),
        (["--network", "youtube"], "youtube cannot be asked: VIEWGRAPH_YOUTUBE_API_KEY is not set."),
    ],
)
async def test_what_cannot_be_refreshed_is_said_in_one_line(
    database_url: str, words: list[str], said: str
) -> None:
    result = await refresh(database_url, *words, variables=OF_X)

    assert (result.exit_code, result.stdout, result.stderr) == (1, "", f"{said}\n")


async def test_no_other_network_can_be_named(told: Told, database_url: str) -> None:
    result = await refresh(database_url, "--network", "myspace")

    assert (result.exit_code, result.stdout) == (2, "")
    assert await told.figures() == [None] * 6


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_a_terminal_shows_how_far_it_is(told: Told, web: Web, database_url: str) -> None:
    program = (
        f"from social import x; x.ADDRESS = {web.x.address!r}; from server.commands.cli import main; main()"
    )
    terminal, end = pty.openpty()
    variables = OF_X | {"VIEWGRAPH_DATABASE_URL": database_url, "TERM": "xterm", "COLUMNS": "80"}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", program, "refresh", "--network", "x"),
        env=environment(variables),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=end,
    )
    out, _ = await process.communicate()
    os.close(end)
    shown = os.read(terminal, 100_000).decode()
    os.close(terminal)

    assert process.returncode == 0, shown
    assert out.decode() == f"{HEAD}x                    1       0       0       1\n"
    assert "1/1" in shown
    assert (await told.figures())[3] == 4546


async def test_the_server_refreshes_by_itself(told: Told, web: Web, caplog: pytest.LogCaptureFixture) -> None:
    services = replace(told.studio.services, refresher=web.refresher(told.studio.services))
    told.clock.advance(hours=1)
    caplog.set_level(logging.INFO, "viewgraph")

    async with background_jobs(services), asyncio.timeout(30):
        # Said when its connections are closed.
        while caplog.text.count(" refreshed, ") < 5:  # noqa: ASYNC110
            await asyncio.sleep(0.05)

    assert await told.figures() == FIGURES
    assert web.calls() == [1, 1, 1, 1, 1]


# Settings


def settings(**given: str) -> Settings:
    return Settings.model_validate(given)


def test_quotas_and_credentials_are_settings() -> None:
    made = dict(
        networks_of(settings(x_bearer_token="t", x_quota="10 per 2 minutes", soundcloud_client_id="id"))
    )

    connection = made.pop(Network.X)
    assert isinstance(connection, ConnectedNetwork)
    assert (connection.quota.calls, connection.quota.window.total_seconds()) == (10, 120)
    assert made == {
        Network.YOUTUBE: MissingSettings(["VIEWGRAPH_YOUTUBE_API_KEY"]),
        Network.SOUNDCLOUD: MissingSettings(["VIEWGRAPH_SOUNDCLOUD_CLIENT_SECRET"]),
        Network.FACEBOOK: MissingSettings(["VIEWGRAPH_FACEBOOK_ACCESS_TOKEN"]),
        Network.INSTAGRAM: MissingSettings(
            ["VIEWGRAPH_INSTAGRAM_USER_ID", "VIEWGRAPH_INSTAGRAM_ACCESS_TOKEN"]
        ),
    }


@pytest.mark.parametrize("engine", ["sqlite"])
@pytest.mark.parametrize(("hours", "every"), [("0", None), ("6", 6.0)])
async def test_how_old_figures_become_is_a_setting(
    database_url: str, hours: str, every: float | None
) -> None:
    services = services_of(settings(database_url=database_url, secret="s" * 32, refresh_hours=hours))

    assert services.refresher
    found = services.refresher.every
    assert (found and found.total_seconds() / 3600) == every
    await close_services(services)


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_weights_are_settings_of_the_score_that_is_shown(told: Told, database_url: str) -> None:
    await refresh(database_url)

    async def scored(**weights: str) -> Any:
        services = services_of(settings(database_url=database_url, secret="s" * 32, **weights))
        transport = httpx.ASGITransport(create_app(Settings(), services))
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            query = """query($id: ID!) { userInsight(userId: $id) {
              insightScore insightScoreParts { reach activity interest } } }"""
            variables = {"id": told.studio.people["owner"].id}
            response = await client.post("/graphql", json={"query": query, "variables": variables})
        await close_services(services)
        return response.json()["data"]["userInsight"]

    # 13,948 followers and plays; two videos and a track.
    parts = {"reach": "5.92", "activity": "3.00", "interest": "0.00"}
    assert await scored() == {"insightScore": "2.97", "insightScoreParts": parts}
    weighted = await scored(score_reach_weight="3", score_activity_weight="1", score_interest_weight="0")
    assert weighted == {"insightScore": "5.19", "insightScoreParts": parts}
