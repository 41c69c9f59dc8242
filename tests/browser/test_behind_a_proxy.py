"""Behind nginx with TLS and a path: pages, streams and links work in a browser, and nobody complains."""

import re
import shutil
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path
from ssl import CERT_NONE, create_default_context

import httpx
import pytest
from playwright.async_api import expect

from tests.browser.conftest import Open
from tests.browser.live import PATIENCE
from tests.browser.test_graphiql import WATCH, Editor
from tests.browser.test_studio import PUBLICATION, StudioPage
from tests.nginx import nginx_before
from tests.server.program import Program

pytestmark = pytest.mark.asyncio(loop_scope="session")
expect.set_options(timeout=1000 * PATIENCE)

SHARE = "mutation($id: ID!) { sharePublication(publicationId: $id) { publication { id } } }"
REPORT = """query($range: DateRange!) { organizations(first: 1) { edges { node {
  metrics(range: $range) { summaryReport(format: CSV) { url document } } } } } }"""


@pytest.fixture(scope="module")
def demo(demo_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """Its links lead to the address that a request names, as the proxy passes it on."""
    folder = tmp_path_factory.mktemp("behind")
    for file in demo_folder.glob("viewgraph-demo.*"):
        shutil.copy(file, folder)
    with Program("demo", folder=folder, VIEWGRAPH_PUBLIC_ORIGIN="request") as program:
        yield program


@pytest.fixture(scope="module")
def proxy(demo: Program, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the server behind it."""
    with nginx_before(demo.port, tmp_path_factory.mktemp("nginx")) as address:
        yield f"{address}/figures"


async def test_below_a_path_pages_streams_and_links_work(demo: Program, proxy: str, opened: Open) -> None:
    owner, stranger = (
        {"Authorization": f"Bearer {demo.token(f'{name}@demo.test')}"} for name in ("owner", "stranger")
    )
    found = demo.post(f'{{ publication(url: "{PUBLICATION}") {{ id metrics {{ totalShares }} }} }}', owner)
    publication, shares = (found["data"]["publication"][name] for name in ("id", "metrics"))
    tab = await opened(f"{proxy}/studio", anew=True, ignore_https_errors=True, locale="en-GB")
    studio = StudioPage(tab, proxy)
    await studio.is_still()
    assert studio.page.url == f"{proxy}/studio/publications/{PUBLICATION}"
    await expect(studio.page.get_by_text("Live", exact=True)).to_be_visible()
    await studio.page.get_by_label("Query of Sites").click()
    async with studio.page.expect_popup() as popup:
        await studio.page.get_by_role("link", name="Open in GraphiQL").click()
    assert (await popup.value).url.startswith(f"{proxy}/graphql")
    await (await popup.value).close()

    editor = Editor(await opened(f"{proxy}/graphql", anew=True, ignore_https_errors=True))
    response = editor.tab.page.locator(".graphiql-response .view-lines")
    await editor.press("owner")
    await expect(editor.button("owner")).to_have_attribute("aria-pressed", "true")
    await editor.replace(WATCH, "Watch")
    await editor.press("Execute query (Ctrl-Enter)")
    await expect(response).to_contain_text(f'"totalShares": {shares["totalShares"]}\n')

    assert demo.post(SHARE, stranger, id=publication)["data"]
    await expect(response).to_contain_text(f'"totalShares": {shares["totalShares"] + 1}\n')
    await expect(studio.page.get_by_role("log")).to_contain_text(re.compile("1 . Shares"))
    await editor.press("Stop query (Ctrl-Enter)")
    assert tab.complaints + editor.tab.complaints == []


async def test_links_lead_through_the_proxy(demo: Program, proxy: str, opened: Open) -> None:
    trust = create_default_context()
    trust.check_hostname, trust.verify_mode = False, CERT_NONE
    admin = {"Authorization": f"Bearer {demo.token('admin@demo.test')}"}
    asked = {"query": REPORT, "variables": {"range": {"start": "2026-01-01", "end": "2026-01-31"}}}
    async with httpx.AsyncClient(verify=trust) as client:
        answer = (await client.post(f"{proxy}/graphql", json=asked, headers=admin)).json()
        home = await client.get(f"{proxy}/")
        slash = await client.get(f"{proxy}/graphql/?a=b")
        by_ipv6 = await client.get(f"{proxy.replace('127.0.0.1', '[::1]')}/livez")
    report = answer["data"]["organizations"]["edges"][0]["node"]["metrics"]["summaryReport"]
    tab = await opened(f"{proxy}/openapi", anew=True, ignore_https_errors=True)
    async with tab.page.expect_download() as download:
        await tab.run(f"location.assign('{report['url']}')")

    assert report["url"].startswith(f"{proxy}/reports/")
    assert (await (await download.value).path()).read_bytes() == b64decode(report["document"])
    assert (home.status_code, home.headers["location"]) == (307, "/figures/graphql")
    assert (slash.status_code, slash.headers["location"]) == (307, "/figures/graphql?a=b")
    assert by_ipv6.json() == {"status": "live"}
    assert await tab.run("performance.getEntriesByType('navigation')[0].nextHopProtocol") == "h2"
    # Of a page of JSON the browser asks the proxy itself for an icon.
    assert tab.complaints == []
    await tab.page.get_by_role("link", name="openapi.json").click()
    assert tab.page.url == f"{proxy}/openapi.json"
