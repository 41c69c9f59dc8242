"""GraphiQL in a browser: it works under its policy, without a complaint and without any other host."""

import json
from asyncio import sleep, timeout
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import Locator, expect

from tests.browser.conftest import Open, Tab, World
from tests.browser.live import PATIENCE, LiveServer
from tests.ports import held_port
from tests.server.program import ROOT, Program

pytestmark = pytest.mark.asyncio(loop_scope="session")
expect.set_options(timeout=1000 * PATIENCE)

QUERIES = ROOT / "graphiql" / "src"
FIRST_QUERY = (QUERIES / "first-query.graphql").read_text()
ANY_SERVER = (QUERIES / "any-server.graphql").read_text()
WATCH = """subscription Watch {
  publicationMetricsChanged(url: "ai-research-studio") {
    name
    metrics {
      totalShares
    }
  }
}"""
PROTECTED = ["experienceCounts", "metrics", "socialMetrics"]


class Editor:
    """The page, as somebody uses it."""

    def __init__(self, tab: Tab) -> None:
        self.tab = tab

    def button(self, name: str) -> Locator:
        return self.tab.page.get_by_role("button", name=name, exact=True)

    async def press(self, name: str) -> None:
        await self.button(name).click()

    async def write(self, text: str) -> None:
        """In place of the query that is there, key by key: the editor closes brackets by itself."""
        await self.tab.page.locator(".graphiql-query-editor .view-lines").click()
        await self.tab.page.keyboard.press("Control+A")
        await self.tab.page.keyboard.type(text)

    async def replace(self, text: str, name: str) -> None:
        """The same at once, as it stands; the tab then has the operation's name."""
        await self.tab.run(f"{_model('operation.graphql')}.setValue({json.dumps(text)})")
        await expect(self.tab.page.locator(".graphiql-tab-active")).to_contain_text(name)

    async def complete(self, text: str, offered: str) -> None:
        """As soon as the schema is known; what is offered first is not taken yet."""
        page = self.tab.page
        await self.press("Show Documentation Explorer")
        await expect(page.locator(".graphiql-doc-explorer")).to_contain_text("All Schema Types")
        await self.write(text)
        await page.keyboard.press("Control+Space")
        await expect(page.locator(".suggest-widget .monaco-list-row").first).to_contain_text(offered)

    async def execute(self) -> Any:
        """The answer, as it is shown."""
        async with self.tab.page.expect_response("**/graphql"):
            await self.press("Execute query (Ctrl-Enter)")
        # Before it asks it takes the last answer away. What is on the screen may still be that one.
        async with timeout(PATIENCE):
            while not (shown := await self.text("response.json")):  # noqa: ASYNC110  # in a browser
                await sleep(0.02)
        await expect(self.tab.page.locator(".graphiql-response .view-lines")).to_contain_text("{")
        return json.loads(shown)

    async def headers(self) -> str:
        return await self.text("request-headers.json")

    async def text(self, name: str) -> str:
        """Of a pane; what has no room in it too."""
        found: str = await self.tab.run(f"{_model(name)}.getValue()")
        return found

    async def hosts(self) -> set[str]:
        found = await self.tab.run(
            "performance.getEntriesByType('resource').map(entry => new URL(entry.name).host)"
        )
        return set(found)


def _model(name: str) -> str:
    return f"__MONACO.editor.getModels().find(model => model.uri.path.endsWith('{name}'))"


OpenEditor = Callable[[str], Awaitable[Editor]]


@pytest_asyncio.fixture(loop_scope="session")
async def edited(opened: Open) -> AsyncIterator[OpenEditor]:
    """Opens it for a new visitor. At the end nobody may have complained, a policy least of all."""
    editors: list[Editor] = []

    async def visit(address: str) -> Editor:
        editor = Editor(
            await opened(f"{address}/graphql", anew=True, viewport={"width": 1280, "height": 800})
        )
        editors.append(editor)
        await expect(editor.tab.page.locator(".graphiql-query-editor .view-lines")).to_contain_text("query")
        return editor

    yield visit
    assert [complaint for editor in editors for complaint in editor.tab.complaints] == []


@pytest.fixture
def served_demo(world: World) -> Iterator[LiveServer]:
    """Its sign-ins are offered, but nobody has these accounts."""
    with held_port() as port:
        server = LiveServer(world.database, port, demo=True)
        server.start()
        yield server
        server.stop()


async def test_a_visitor_explores_the_api(live: LiveServer, edited: OpenEditor) -> None:
    """One page for all of it: to load it takes seconds of CPU."""
    editor = await edited(live.url)
    await _the_first_query_is_there_and_runs(editor)
    await _the_history_remembers(editor)
    await _the_documentation_shows_types_and_fields(editor)
    await _headers_that_are_written_are_sent(editor)
    await _what_was_written_the_moment_before_is_what_runs(editor)
    await _nothing_comes_from_another_host(editor, f"127.0.0.1:{live.port}")


async def _the_first_query_is_there_and_runs(editor: Editor) -> None:
    assert await editor.text("operation.graphql") == ANY_SERVER.strip()
    answer = await editor.execute()
    assert list(answer) == ["data"]
    assert answer["data"]["publications"] == {"totalCount": 0, "edges": []}


async def _the_history_remembers(editor: Editor) -> None:
    await editor.press("Show History")

    await expect(editor.tab.page.locator(".graphiql-history-item")).to_have_count(1)
    await expect(editor.tab.page.locator(".graphiql-history-item")).to_contain_text("FirstLook")


async def _the_documentation_shows_types_and_fields(editor: Editor) -> None:
    await editor.press("Show Documentation Explorer")
    explorer = editor.tab.page.locator(".graphiql-doc-explorer")

    await expect(explorer).to_contain_text("All Schema Types")
    await explorer.get_by_role("link", name="Query", exact=True).first.click()
    await explorer.get_by_role("link", name="publication", exact=True).click()
    await expect(explorer.locator(".graphiql-doc-explorer-title")).to_have_text("publication")
    await expect(explorer).to_contain_text("url")


async def _headers_that_are_written_are_sent(editor: Editor) -> None:
    page = editor.tab.page
    await editor.press("Headers")
    await page.locator(".graphiql-editor-tool .view-lines:visible").click()
    await page.keyboard.insert_text('{"X-Colour": "blue"}')
    async with page.expect_request("**/graphql") as sent:
        # To its end: while a query runs, the same button stops it.
        await editor.execute()

    assert (await sent.value).headers["x-colour"] == "blue"


async def _what_was_written_the_moment_before_is_what_runs(editor: Editor) -> None:
    async with editor.tab.page.expect_request("**/graphql") as sent:
        await editor.tab.run(
            f"{_model('operation.graphql')}.setValue('{{ limits {{ maxEvents }} }}');"
            "document.querySelector('.graphiql-execute-button').click()"
        )

    assert json.loads((await sent.value).post_data or "") == {"query": "{ limits { maxEvents } }"}


async def _nothing_comes_from_another_host(editor: Editor, own: str) -> None:
    await editor.press("Prettify query (Shift-Ctrl-P)")

    await expect(editor.tab.page.locator(".graphiql-query-editor .view-lines")).to_contain_text("maxEvents")
    assert await editor.hosts() == {own}


async def test_names_are_completed_and_mistakes_underlined(live: LiveServer, edited: OpenEditor) -> None:
    editor = await edited(live.url)
    page = editor.tab.page
    await editor.complete("{ limits { maxEv", "maxEvents")
    await page.keyboard.press("Enter")
    await expect(page.locator(".graphiql-query-editor .view-lines")).to_contain_text("maxEvents")
    assert await editor.execute() == {"data": {"limits": {"maxEvents": 1000}}}

    await editor.write("{ nothing }")
    await expect(page.locator(".graphiql-query-editor .squiggly-error").first).to_be_visible()


async def test_only_the_demo_has_sign_ins(
    live: LiveServer, served_demo: LiveServer, edited: OpenEditor
) -> None:
    plain, demo = await edited(live.url), await edited(served_demo.url)

    sign_ins = demo.tab.page.get_by_role("toolbar", name="Demo sign-ins")
    await expect(sign_ins).to_be_visible()
    await expect(plain.tab.page.get_by_role("toolbar", name="Demo sign-ins")).to_have_count(0)
    assert "viewgraph-demo" not in await plain.tab.page.content()
    # Nobody has the accounts there.
    await demo.press("owner")
    await expect(sign_ins.get_by_role("status")).to_have_text("The email or the password is wrong.")
    assert await demo.headers() == ""


async def test_one_click_signs_in(demo: Program, edited: OpenEditor) -> None:
    editor = await edited(demo.address)
    before = await editor.execute()
    assert [error["path"][1] for error in before["errors"]] == PROTECTED
    assert {error["extensions"]["code"] for error in before["errors"]} == {"UNAUTHENTICATED"}

    await editor.press("owner")
    await expect(editor.button("owner")).to_have_attribute("aria-pressed", "true")
    headers = json.loads(await editor.headers())
    async with httpx.AsyncClient(base_url=demo.address) as client:
        answer = (await client.post("/graphql", json={"query": FIRST_QUERY}, headers=headers)).json()
    assert list(headers) == ["Authorization"]
    assert without_instant(await editor.execute()) == without_instant(answer)
    assert answer["data"]["publication"]["metrics"]["totalLikes"] == 7

    await editor.press("stranger")
    await expect(editor.button("stranger")).to_have_attribute("aria-pressed", "true")
    await expect(editor.button("owner")).to_have_attribute("aria-pressed", "false")
    after = await editor.execute()
    assert {error["extensions"]["code"] for error in after["errors"]} == {"FORBIDDEN"}

    await editor.press("nobody")
    await expect(editor.button("nobody")).to_have_attribute("aria-pressed", "true")
    assert await editor.headers() == ""
    await _each_world_has_a_tab(editor)


async def _each_world_has_a_tab(editor: Editor) -> None:
    page = editor.tab.page
    await expect(page.locator(".graphiql-tab")).to_contain_text(["FirstLook", "Assets", "Insight"])
    assert await page.locator(".graphiql-tab-active svg").text_content() == "close icon"
    await page.get_by_role("tab", name="Assets").click()
    await editor.press("admin")
    await expect(editor.button("admin")).to_have_attribute("aria-pressed", "true")
    (organization,) = (await editor.execute())["data"]["organizations"]["edges"]
    assert organization["node"]["metrics"]["total3DViews"] > 0
    await page.get_by_role("tab", name="Insight").click()
    assert float((await editor.execute())["data"]["user"]["insight"]["insightScore"]) > 0


async def test_a_subscription_is_followed(demo: Program, edited: OpenEditor) -> None:
    editor = await edited(demo.address)
    response = editor.tab.page.locator(".graphiql-response .view-lines")
    owner, stranger = (
        {"Authorization": f"Bearer {demo.token(f'{name}@demo.test')}"} for name in ("owner", "stranger")
    )
    # How many there are is another with each day.
    found = demo.post('{ publication(url: "ai-research-studio") { id metrics { totalShares } } }', owner)
    publication, shares = (found["data"]["publication"][name] for name in ("id", "metrics"))
    await editor.press("owner")
    await expect(editor.button("owner")).to_have_attribute("aria-pressed", "true")
    await editor.replace(WATCH, "Watch")
    await editor.press("Execute query (Ctrl-Enter)")
    await expect(response).to_contain_text(f'"totalShares": {shares["totalShares"]}\n')

    share = "mutation($p: ID!) { sharePublication(publicationId: $p) { publication { id } } }"
    assert demo.post(share, stranger, p=publication)["data"]
    await expect(response).to_contain_text(f'"totalShares": {shares["totalShares"] + 1}\n')
    await editor.press("Stop query (Ctrl-Enter)")
    await expect(editor.button("Execute query (Ctrl-Enter)")).to_be_visible()


async def test_signing_in_keeps_other_headers_and_stores_no_token(demo: Program, edited: OpenEditor) -> None:
    editor = await edited(demo.address)
    page = editor.tab.page
    await page.locator(".graphiql-editor-tool .view-lines:visible").click()
    await page.keyboard.insert_text('{"X-Colour": "blue", "authorization": "Token old"}')
    await editor.press("member")
    await expect(editor.button("member")).to_have_attribute("aria-pressed", "true")
    await editor.execute()

    headers = json.loads(await editor.headers())
    assert list(headers) == ["X-Colour", "Authorization"]
    assert headers["Authorization"].startswith("Bearer ")
    stored = await editor.tab.run("JSON.stringify(localStorage)")
    assert "FirstLook" in stored
    assert "Bearer" not in stored
    assert "X-Colour" not in stored


async def test_a_link_opens_a_query_and_a_sign_in_outlives_a_reload(
    demo: Program, edited: OpenEditor
) -> None:
    editor = await edited(demo.address)
    page = editor.tab.page
    await editor.tab.run("location.hash = 'query=query+Linked+%7B+viewer+%7B+username+%7D+%7D'")
    await page.reload()
    await expect(page.locator(".graphiql-tab-active")).to_contain_text("Linked")
    await editor.press("owner")
    await expect(editor.button("owner")).to_have_attribute("aria-pressed", "true")
    await editor.tab.until("JSON.stringify({ ...sessionStorage }).includes('Authorization')")
    await page.reload()

    await expect(page.locator(".graphiql-tab-active")).to_contain_text("Linked")
    await expect(editor.button("owner")).to_have_attribute("aria-pressed", "true")
    assert await editor.execute() == {"data": {"viewer": {"username": "owner"}}}
    assert "Bearer" not in await editor.tab.run("JSON.stringify(localStorage)")
    assert "#" not in page.url


def without_instant(answer: Any) -> Any:
    return {**answer, "data": json.loads(json.dumps(answer["data"]), object_hook=_without_instant)}


def _without_instant(object: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in object.items() if name != "generatedAt"}
