"""A real Chromium, a real server, and two sites that embed its snippet."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import pytest_asyncio
from playwright.async_api import Browser, ConsoleMessage, Error, Page, async_playwright

from base.ids import Kind, global_id, uuid7
from database import Database
from models import Asset, Organization, Tenant, Workspace
from tests.browser.live import PATIENCE, LiveServer
from tests.browser.sites import Site
from tests.npm import installed
from tests.ports import held_port
from tests.server.program import ROOT
from tests.studio import START

FLAGS = [
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # The network ends at this machine: no other name has an address.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
]
UNDRIVEN = "--disable-blink-features=AutomationControlled"
"""A browser that a test drives tells its pages, and then counts as nobody. With this it does not."""
DESKTOP = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36"
)
"""Headless Chromium calls itself HeadlessChrome, which is dropped as a bot. A context's `user_agent`
would not do: what a page sends while it is left does not have it."""


def chromium() -> str:
    """Its path. Without it the tests are skipped, and the summary says so."""
    path = shutil.which("chromium")
    if path is None:
        pytest.skip("Chromium is not installed: apt-get install chromium")
    return path


class World(NamedTuple):
    database: Path
    chair: str
    table: str
    """Assets, by their global ids."""


@dataclass
class Tab:
    page: Page
    complaints: list[str] = field(default_factory=list)
    """Errors and warnings on its console, and errors that went uncaught in it."""

    async def run(self, script: str) -> Any:
        return await self.page.evaluate(script)

    async def until(self, condition: str) -> None:
        """As soon as it holds. Playwright evaluates texts in the page, which policies forbid."""
        async with asyncio.timeout(PATIENCE):
            while not await self.run(condition):  # noqa: ASYNC110  # in a browser
                await asyncio.sleep(0.02)

    async def leave(self) -> None:
        await self.page.goto("about:blank")

    def hear(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(message.text)

    def fail(self, error: Error) -> None:
        self.complaints.append(f"uncaught: {error}")


@pytest.fixture(scope="session")
def template(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> World:
    file = tmp_path_factory.mktemp("browser") / "template.sqlite3"
    shutil.copy(sqlite_template, file)
    chair, table = asyncio.run(_furnish(f"sqlite:///{file}"))
    return World(file, chair, table)


async def _furnish(url: str) -> list[str]:
    database = Database(url)
    async with database.writing() as session:
        session.add(tenant := Tenant())
        await session.flush()
        organization = Organization(
            public_id=uuid7(START), tenant_id=tenant.id, name="Works", created_at=START
        )
        session.add(organization)
        await session.flush()
        workspace = Workspace(
            public_id=uuid7(START), organization_id=organization.id, name="Furniture", created_at=START
        )
        session.add(workspace)
        await session.flush()
        ids = [uuid7(START), uuid7(START)]
        session.add_all(
            Asset(
                public_id=id,
                organization_id=organization.id,
                workspace_id=workspace.id,
                name=name,
                created_at=START,
            )
            for id, name in zip(ids, ("Chair", "Table"), strict=True)
        )
    await database.close()
    return [global_id(Kind.ASSET, id) for id in ids]


@pytest.fixture
def world(template: World, tmp_path: Path) -> World:
    file = tmp_path / "test.sqlite3"
    shutil.copy(template.database, file)
    return template._replace(database=file)


@pytest.fixture
def live(world: World) -> Iterator[LiveServer]:
    with held_port() as port:
        server = LiveServer(world.database, port)
        server.start()
        yield server
        server.stop()


@pytest.fixture(scope="session")
def site() -> Iterator[Site]:
    site = Site("127.0.0.1")
    yield site
    site.close()


@pytest.fixture(scope="session")
def other_site() -> Iterator[Site]:
    site = Site("localhost")
    yield site
    site.close()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    path = chromium()
    async with async_playwright() as playwright:
        flags = [*FLAGS, UNDRIVEN, f"--user-agent={DESKTOP}"]
        browser = await playwright.chromium.launch(executable_path=path, args=flags)
        yield browser
        await browser.close()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def usual_page(browser: Browser) -> Page:
    """One tab goes from test to test, as a person's from site to site: each new one costs a process."""
    context = await browser.new_context()
    return await context.new_page()


@pytest.fixture(scope="session")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The snippet's source, beside what builds it and the real <model-viewer>."""
    folder = tmp_path_factory.mktemp("npm") / "snippet"
    folder.mkdir()
    return installed(ROOT / "snippet", folder, ".npmrc", "viewer.js")


Open = Callable[..., Awaitable[Tab]]


@pytest_asyncio.fixture(loop_scope="session")
async def opened(browser: Browser, usual_page: Page) -> AsyncIterator[Open]:
    """Opens an address; `anew`, or with traits such as `user_agent`, for a new visitor.

    Whatever happens, no page sees an error of the snippet's.
    """
    tabs: list[Tab] = []

    async def visit(address: str, *, anew: bool = False, **traits: Any) -> Tab:
        is_new = anew or traits
        page = await (await browser.new_context(**traits)).new_page() if is_new else usual_page
        tab = Tab(page)
        page.on("console", tab.hear)
        page.on("pageerror", tab.fail)
        tabs.append(tab)
        await page.goto(address)
        return tab

    yield visit
    for tab in tabs:
        if tab.page is usual_page:
            await tab.leave()
            tab.page.remove_listener("console", tab.hear)
            tab.page.remove_listener("pageerror", tab.fail)
        else:
            await tab.page.context.close()
    assert [text for tab in tabs for text in tab.complaints if text.startswith("uncaught")] == []
