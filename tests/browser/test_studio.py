"""The studio in a browser, on the demo: its figures are those of the API, and nobody complains."""

import csv
import json
import re
from asyncio import to_thread
from base64 import b64decode
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any, NamedTuple
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import pytest
import pytest_asyncio
from playwright.async_api import Locator, Page, Route, expect

from server.demo.sign_ins import PASSWORD
from tests.browser.conftest import Open, Tab
from tests.browser.live import PATIENCE
from tests.commands import done
from tests.npm import installed
from tests.server.program import Program

pytestmark = pytest.mark.asyncio(loop_scope="session")
expect.set_options(timeout=1000 * PATIENCE)

PUBLICATION = "ai-research-studio"
TOTALS = "totalViews totalLikes totalBookmarks totalShares totalComments totalAppointments"
HOMES = {"stranger": "Stranger", "admin": "Ocean Notes", "member": "Quest Atlas"}
AXE = Path(__file__).parent / "axe"


class StudioPage:
    """The page, as somebody uses it."""

    def __init__(self, tab: Tab, address: str) -> None:
        self.tab = tab
        self.page: Page = tab.page
        self.address = address

    async def show(self, path: str) -> None:
        """Goes there by the page's own links: a reload would end the sign-in."""
        await self.tab.run(
            f"history.pushState(null, '', '{path}'); dispatchEvent(new PopStateEvent('popstate'))"
        )
        await self.is_still()

    async def is_still(self) -> None:
        await expect(self.page.locator(".figures")).to_have_attribute("aria-busy", "false")

    async def choose(self, label: str, value: str) -> None:
        await self.page.get_by_label(label, exact=True).select_option(value)
        await self.is_still()

    async def sign_in_as(self, name: str) -> None:
        """As an account of the demo; the page then goes to what is theirs."""
        await self.page.get_by_label("Signed in as").select_option(name)
        await expect(self.page.get_by_role("heading", level=1)).to_have_text(HOMES[name])
        await self.is_still()

    async def cards(self) -> dict[str, float]:
        values = await self.page.locator(".card").evaluate_all(
            "cards => cards.map(card => ["
            "card.querySelector('.name').textContent, +card.querySelector('.value').dataset.value])"
        )
        return dict(values)

    async def before(self) -> list[str | None]:
        """Of the cards: what the figures of the period before were."""
        found: list[str | None] = await self.page.locator(".card .change").evaluate_all(
            "changes => changes.map(change => change.dataset.before)"
        )
        return found

    def panel(self, title: str) -> Locator:
        heading = self.page.get_by_role("heading", name=title, exact=True)
        return self.page.locator("section.panel section.panel, .panels section.panel").filter(has=heading)

    async def scroll_through(self) -> None:
        """Some panels are asked for when they come into sight."""
        for panel in await self.page.locator(".later").all():
            await panel.scroll_into_view_if_needed()
            await expect(panel.get_by_role("heading")).to_be_visible()

    async def rows(self, title: str) -> list[list[str]]:
        """Of the panel's table."""
        rows: list[list[str]] = (
            await self.panel(title)
            .locator("tbody tr")
            .evaluate_all("rows => rows.map(row => [...row.cells].map(cell => cell.textContent))")
        )
        return rows

    async def spoken(self, figure: str) -> list[int]:
        """What the picture says to somebody who goes through it by keys."""
        slider = self.page.get_by_role("slider")
        await slider.focus()
        await slider.press("Home")
        counts = []
        for at in range(int(await slider.get_attribute("aria-valuemax") or 0) + 1):
            await expect(slider).to_have_attribute("aria-valuenow", str(at))
            text = await slider.get_attribute("aria-valuetext") or ""
            counts.append(number(text.partition(f"{figure}: ")[2].partition(", ")[0]))
            await slider.press("ArrowRight")
        return counts


OpenStudio = Callable[..., Awaitable[StudioPage]]


@pytest_asyncio.fixture(loop_scope="session")
async def shown(demo: Program, opened: Open) -> AsyncIterator[OpenStudio]:
    """Opens it for a new visitor. At the end nobody may have complained."""
    pages: list[StudioPage] = []

    async def visit(path: str = "/studio", **traits: Any) -> StudioPage:
        traits = {"locale": "en-GB", "timezone_id": "Europe/Berlin", **traits}
        studio = StudioPage(await opened(f"{demo.address}{path}", anew=True, **traits), demo.address)
        pages.append(studio)
        await studio.is_still()
        return studio

    yield visit
    assert [complaint for studio in pages for complaint in studio.tab.complaints] == []


def owner(demo: Program) -> dict[str, str]:
    return {"Authorization": f"Bearer {demo.token('owner@demo.test')}"}


async def test_figures_are_there_after_three_requests(demo: Program, shown: OpenStudio) -> None:
    studio = await shown()
    asked = await studio.tab.run(
        "performance.getEntriesByType('resource')"
        ".filter(({ startTime }) => startTime < performance.getEntriesByName('studio:figures')[0].startTime)"
        ".map(({ name }) => new URL(name).pathname.replace(/-.{8}[.]js$/, '.js'))"
    )

    assert asked == ["/studio/assets/index.js", "/graphql", "/graphql"]
    assert studio.page.url == f"{demo.address}/studio/publications/{PUBLICATION}"


@pytest.mark.parametrize("seed", [1, 2])
async def test_what_is_shown_is_what_the_api_says(demo: Program, shown: OpenStudio, seed: int) -> None:
    asked = random_view(Random(seed))  # noqa: S311
    studio = await shown(asked.path)
    said = demo.post(AS_SHOWN, owner(demo), **asked.variables)["data"]["publication"]

    assert await studio.cards() == figures_of(said["metrics"])
    assert await studio.before() == [
        f"{figure}" for figure in figures_of(said["metrics"]["previous"]).values()
    ]
    counts = [point["count"] for point in said["series"]["points"]]
    assert await studio.spoken("Views") == counts
    await studio.page.get_by_label("Table of Views").click()
    assert [number(row[1]) for row in await studio.rows("Views")] == counts
    assert [number(row[1]) for row in await studio.rows("Devices")] == by_size(
        said["devices"], "deviceCategory"
    )
    assert [number(row[1]) for row in await studio.rows("Sites")] == by_size(said["sites"], "domain")
    async with studio.page.expect_download() as download:
        await studio.page.get_by_label("Views as CSV").click()
    lines = list(csv.reader((await (await download.value).path()).read_text("utf-8-sig").splitlines()))
    assert [int(line[1]) for line in lines[1:]] == counts


class RandomView(NamedTuple):
    path: str
    variables: dict[str, Any]


def random_view(random: Random) -> RandomView:
    """Some days of the demo's year, but for today, which is not over yet."""
    zone = random.choice(["Asia/Kolkata", "America/St_Johns", "Pacific/Auckland", "UTC"])
    end = datetime.now(ZoneInfo(zone)).date() - timedelta(days=random.randint(1, 150))
    start = end - timedelta(days=random.randint(15, 60))
    interval = random.choice(["DAY", "WEEK"])
    search = urlencode(
        {"period": "own", "from": start, "to": end, "zone": zone, "interval": interval.lower()}
    )
    range_ = {"start": start.isoformat(), "end": end.isoformat()}
    variables = {"url": PUBLICATION, "range": range_, "zone": zone, "interval": interval}
    return RandomView(f"/studio/publications/{PUBLICATION}?{search}", variables)


def figures_of(metrics: dict[str, Any]) -> dict[str, int]:
    """As the cards have them."""
    names = ("Views", "Likes", "Bookmarks", "Shares", "Comments", "Bookings")
    totals = {name: metrics[total] for name, total in zip(names, TOTALS.split(), strict=True)}
    return {"Visitors": metrics["uniqueVisitors"]["estimate"], **totals}


def by_size(series: dict[str, Any], group: str) -> list[int]:
    counts: Counter[str | None] = Counter()
    for point in series["points"]:
        counts[point[group]] += point["count"]
    return sorted(counts.values(), reverse=True)


def number(text: str) -> int:
    return int(text.replace(",", ""))


async def test_choices_stand_in_the_address_and_going_back_undoes_them(
    demo: Program, shown: OpenStudio
) -> None:
    studio = await shown()
    page = studio.page
    place = f"{demo.address}/studio/publications/{PUBLICATION}"
    of_30_days = await studio.cards()
    await studio.choose("Range", "90d")
    of_90_days = await studio.cards()
    await studio.choose("Time zone", "America/New_York")
    await page.get_by_role("button", name="Likes").click()
    await studio.is_still()

    assert of_90_days["Views"] > of_30_days["Views"]
    assert page.url == f"{place}?period=90d&show=LIKE&zone=America%2FNew_York"
    await expect(page.get_by_role("slider")).to_have_accessible_name(re.compile("^Likes, "))
    for address in (f"{place}?period=90d&zone=America%2FNew_York", f"{place}?period=90d", place):
        await page.go_back()
        await studio.is_still()
        assert page.url == address
    assert await studio.cards() == of_30_days
    await page.go_forward()
    await studio.is_still()
    assert await studio.cards() == of_90_days


async def test_what_makes_no_sense_in_an_address_is_dropped_with_a_notice(
    demo: Program, shown: OpenStudio
) -> None:
    place = f"/studio/publications/{PUBLICATION}"
    studio = await shown(f"{place}?period=7d&zone=Mars%2FOlympus&interval=month&show=NOTHING")

    await expect(studio.page.get_by_role("status").first).to_contain_text("zone, interval, show")
    assert studio.page.url == f"{demo.address}{place}?period=7d"
    await studio.page.get_by_role("button", name="Dismiss").click()
    await expect(studio.page.locator(".notice")).to_have_count(0)


async def test_figures_change_while_somebody_watches(demo: Program, shown: OpenStudio) -> None:
    studio = await shown()
    await expect(studio.page.get_by_text("Live", exact=True)).to_be_visible()
    before = await studio.cards()
    id = demo.post(f'{{ publication(url: "{PUBLICATION}") {{ id }} }}')["data"]["publication"]["id"]
    share = "mutation($id: ID!) { sharePublication(publicationId: $id) { publication { id } } }"
    stranger = {"Authorization": f"Bearer {demo.token('stranger@demo.test')}"}
    assert demo.post(share, stranger, id=id)["data"]

    await expect(studio.page.get_by_role("log")).to_contain_text(re.compile("1 . Shares"))
    assert await studio.cards() == {**before, "Shares": before["Shares"] + 1}
    await studio.choose("Range", "today")
    assert (await studio.cards())["Shares"] >= 1


async def test_the_owner_alone_chooses_what_everybody_sees(demo: Program, shown: OpenStudio) -> None:
    studio = await shown()
    panel = studio.panel("Shown to everybody")
    await expect(panel).to_contain_text("Nobody sees figures of this publication but its makers.")
    for name, shown_as in (("Likes", "LIKES"), ("Views", "LIKES%2CTOTAL_VIEWS")):
        await panel.get_by_label(name).check()
        await expect(panel.locator("img")).to_have_attribute("src", re.compile(f"[?]TOTAL_{shown_as}$"))
    ask = f'{{ publication(url: "{PUBLICATION}") {{ id sharedFigures {{ figure value }} }} }}'
    said = demo.post(ask)["data"]["publication"]
    address = f"{demo.address}/embed/publication/{said['id']}"

    assert [each["figure"] for each in said["sharedFigures"]] == ["TOTAL_LIKES", "TOTAL_VIEWS"]
    assert await panel.locator("pre").all_inner_texts() == [
        f"![AI Research Studio]({address}.svg)",
        f'<iframe src="{address}" title="AI Research Studio" width="100%" height="180" '
        'style="border: 0"></iframe>',
    ]
    await expect(panel.get_by_role("img", name="Badge for a README")).to_have_js_property("complete", True)
    assert await panel.locator("img").evaluate("image => image.naturalWidth") > 100
    await studio.sign_in_as("stranger")
    await studio.show(f"/studio/publications/{PUBLICATION}")
    await expect(panel).to_have_count(0)


async def test_makers_read_comments_and_bookings_from_the_newest_on(demo: Program, shown: OpenStudio) -> None:
    id = demo.post(f'{{ publication(url: "{PUBLICATION}") {{ id }} }}')["data"]["publication"]["id"]
    stranger = {"Authorization": f"Bearer {demo.token('stranger@demo.test')}"}
    studio = await shown(f"/studio/publications/{PUBLICATION}?zone=America%2FNew_York")
    await studio.scroll_through()
    said = demo.post(LEFT, owner(demo), url=PUBLICATION)["data"]["publication"]
    for title, of in (("Newest comments", "comments"), ("Newest bookings", "appointments")):
        panel = studio.panel(title)
        left = [as_left(edge["node"]) for edge in reversed(said[of]["edges"])]
        assert len(left) > 5
        assert await studio.rows(title) == left[:5]
        await expect(panel.get_by_role("status").first).to_have_text(f"5 of {len(left)}")
        await panel.get_by_role("button", name="Show more").click()
        await expect(panel.get_by_role("rowheader")).to_have_count(len(left))
        assert await studio.rows(title) == left
        await expect(panel.get_by_role("button", name="Show more")).to_have_count(0)
        await expect(panel.get_by_role("status").first).to_be_focused()
        instants = await panel.locator("th time").evaluate_all("all => all.map(each => each.dateTime)")
        assert instants == [edge["node"]["createdAt"] for edge in reversed(said[of]["edges"])]

    body = "<b>Not bold</b>\nand a second line"
    commented = demo.post(COMMENT, stranger, id=id, body=body)["data"]["commentOnPublication"]["comment"]
    comments = studio.panel("Newest comments")
    await expect(comments.locator("td").first).to_have_text(body)
    assert await studio.rows("Newest comments") == [
        as_left(node) for node in (commented, *(edge["node"] for edge in reversed(said["comments"]["edges"])))
    ]
    await studio.sign_in_as("stranger")
    await studio.show(f"/studio/publications/{PUBLICATION}")
    await expect(comments).to_have_count(0)


def as_left(node: dict[str, Any]) -> list[str]:
    """A row of the panel, in New York."""
    person = node.get("author") or node["bookedBy"]
    row = f"{person['name'] or person['username']} {in_new_york(node['createdAt'])}"
    if "body" in node:
        return [row, node["body"]]
    end = in_new_york(node["endsAt"]).rpartition(" ")[2]
    cancelled = f" Cancelled: {in_new_york(node['cancelledAt'])}" if node["cancelledAt"] else ""
    return [row, f"{in_new_york(node['startsAt'])}\u2013{end}{cancelled}"]


def in_new_york(instant: str) -> str:
    at = datetime.fromisoformat(instant).astimezone(ZoneInfo("America/New_York"))
    month = "Sept" if at.month == 9 else f"{at:%b}"  # as Britons write it
    return f"{at.day} {month} {at.year}, {at:%H:%M}"


async def test_assets_are_filtered_and_reported(demo: Program, shown: OpenStudio) -> None:
    studio = await shown()
    await studio.sign_in_as("admin")
    await studio.page.get_by_role("link", name="3D assets").click()
    await expect(studio.page.get_by_role("heading", name="Top assets")).to_be_visible()
    await studio.page.get_by_role("button", name="vntana.com").click()
    await studio.choose("Workspace", "Lighting")
    headers = {"Authorization": f"Bearer {demo.token('admin@demo.test')}"}
    found = demo.post(ORGANIZATION, headers)["data"]["organizations"]["edges"][0]["node"]
    (workspace,) = (
        edge["node"]["id"] for edge in found["workspaces"]["edges"] if edge["node"]["name"] == "Lighting"
    )
    today = datetime.now(ZoneInfo("Europe/Berlin")).date()
    range_ = {"start": (today - timedelta(days=29)).isoformat(), "end": today.isoformat()}
    variables = {"id": found["id"], "workspaces": [workspace], "range": range_}
    said = demo.post(ASSETS_AS_SHOWN, headers, **variables)["data"]["organization"]["metrics"]

    assert await studio.cards() == {
        "3D views": said["total3DViews"],
        "AR views": said["totalARViews"],
        "Engaged views": said["userEngagement"],
        "Interactions per engaged view": said["avgNumberInteractions"],
    }
    assert [[row[1], number(row[3])] for row in await studio.rows("Top assets")] == [
        [ranked["asset"]["name"], ranked["total3DViews"]] for ranked in said["topAssets"]
    ]
    await studio.page.get_by_label("Table of 3D views by device").click()
    rows = await studio.rows("3D views by device")
    assert sum(number(row[-1]) for row in rows) == said["total3DViews"]
    async with studio.page.expect_download() as download:
        await studio.page.get_by_role("button", name="Report CSV").click()
    assert (await (await download.value).path()).read_bytes() == b64decode(said["summaryReport"]["document"])

    one = said["topAssets"][0]
    await studio.panel("Top assets").get_by_role("button", name=one["asset"]["name"]).click()
    await studio.is_still()
    assert [[row[1], number(row[3])] for row in await studio.rows("Top assets")] == [
        [one["asset"]["name"], one["total3DViews"]]
    ]
    assert (await studio.cards())["3D views"] == one["total3DViews"]
    assert f"&asset={one['asset']['id']}" in studio.page.url
    await studio.page.get_by_role("button", name="All assets").click()
    await studio.is_still()
    assert (await studio.cards())["3D views"] == said["total3DViews"]


async def test_an_asset_whose_address_is_no_url_has_no_picture_and_the_list_stays(shown: OpenStudio) -> None:
    wrong = '"formats":[{"type":"IMAGE","url":"https://["}]'
    changed: list[int] = []

    async def with_wrong_addresses(route: Route) -> None:
        if "event-stream" in route.request.headers.get("accept", ""):
            await route.continue_()
            return
        response = await route.fetch()
        told, count = re.subn(r'"formats":\[[^]]*\]', lambda _: wrong, await response.text())
        changed.append(count)
        await route.fulfill(response=response, body=told)

    studio = await shown()
    await studio.sign_in_as("admin")
    await studio.page.route("**/graphql", with_wrong_addresses)
    await studio.page.get_by_role("link", name="3D assets").click()

    await expect(studio.page.get_by_role("heading", name="Top assets")).to_be_visible()
    assert len(await studio.rows("Top assets")) == sum(changed) > 1
    assert await studio.panel("Top assets").locator("img").count() == 0
    # A request that is still held would fail while the page closes.
    await studio.page.unroute_all(behavior="ignoreErrors")


async def test_what_the_server_does_not_know_is_dropped_from_the_filters(shown: OpenStudio) -> None:
    studio = await shown()
    await studio.sign_in_as("admin")
    await studio.page.get_by_role("link", name="3D assets").click()
    await expect(studio.page.get_by_role("heading", name="Top assets")).to_be_visible()
    path = await studio.tab.run("location.pathname")
    await studio.show(f"{path}?workspace=ws_nothing&domain=vntana.com")

    await expect(studio.page.locator(".notice")).to_contain_text("workspace")
    assert await studio.tab.run("location.search") == "?domain=vntana.com"
    await studio.show(f"{path}?asset=ast_nothing&domain=vntana.com")
    await expect(studio.page.locator(".notice")).to_contain_text("asset")
    await expect(studio.page.get_by_role("heading", name="Top assets")).to_be_visible()
    assert await studio.tab.run("location.search") == "?domain=vntana.com"
    await expect(studio.page).to_have_title("Demo Works · Viewgraph Studio")


async def test_a_member_sees_the_workspace_that_is_theirs(shown: OpenStudio) -> None:
    studio = await shown()
    await studio.sign_in_as("member")
    await studio.page.get_by_role("link", name="3D assets").click()
    await expect(studio.page.get_by_role("heading", name="Choose a workspace")).to_be_visible()
    await studio.page.get_by_role("link", name="Furniture").click()

    await expect(studio.page.get_by_role("heading", name="Demo Works: Furniture")).to_be_visible()
    assert (await studio.cards())["3D views"] > 0


async def test_each_state_says_what_to_do(shown: OpenStudio) -> None:
    studio = await shown()
    page = studio.page
    await studio.sign_in_as("stranger")
    await studio.show(f"/studio/publications/{PUBLICATION}")
    await expect(page.get_by_role("heading", name="Not everybody sees these figures")).to_be_visible()
    await studio.show("/studio/publications/no-such-studio")
    await expect(page.get_by_role("heading", name="There is nothing at this address")).to_be_visible()
    await studio.show("/studio/people/owner")
    await page.context.set_offline(True)
    await expect(page.get_by_role("alert")).to_contain_text("You are offline")
    await expect(page.get_by_role("heading", name="Insight score")).to_be_visible()
    await page.context.set_offline(False)
    await expect(page.get_by_role("alert")).to_have_count(0)
    await page.get_by_role("button", name="Sign out").click()
    await page.get_by_label("Email").fill("owner@demo.test")
    await page.get_by_label("Password").fill("wrong")
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("alert")).to_contain_text("password")
    await page.get_by_label("Password").fill(PASSWORD)
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="Insight score")).to_be_visible()
    # The stream of what happens ended with the connection, and the browser says so.
    studio.tab.complaints = [
        text for text in studio.tab.complaints if "ERR_INTERNET_DISCONNECTED" not in text
    ]


async def test_axe_finds_nothing_wrong_in_light_and_dark(
    shown: OpenStudio, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("axe")
    script = (installed(AXE, folder) / "node_modules" / "axe-core" / "axe.min.js").read_text()
    found = {}
    for scheme, width in (("light", 1440), ("dark", 390)):
        studio = await shown(color_scheme=scheme, viewport={"width": width, "height": 900})
        await studio.tab.run(script)
        await studio.scroll_through()
        await studio.page.get_by_label("Query of Devices").click()
        await studio.page.get_by_label("Table of Views").click()
        found[scheme, "publication"] = await violations(studio)
        await studio.show("/studio/people/owner")
        found[scheme, "person"] = await violations(studio)
        await studio.sign_in_as("admin")
        await studio.page.get_by_role("link", name="3D assets").click()
        await expect(studio.page.get_by_role("heading", name="Top assets")).to_be_visible()
        found[scheme, "assets"] = await violations(studio)
        await studio.page.get_by_role("button", name="Sign out").click()
        found[scheme, "sign-in"] = await violations(studio)
        for kind in ("RESET_PASSWORD", "SIGN_UP", "nothing"):
            await studio.tab.run(
                f"history.pushState(null, '', '/studio/account#kind={kind}&token=vgl_x');"
                "dispatchEvent(new PopStateEvent('popstate'))"
            )
            await expect(studio.page.get_by_role("heading", level=1)).to_be_visible()
            found[scheme, kind] = await violations(studio)
            await studio.tab.run("history.back()")
            await expect(studio.page.get_by_label("Email", exact=True)).to_be_visible()

    assert {place: wrong for place, wrong in found.items() if wrong} == {}


async def violations(studio: StudioPage) -> list[str]:
    await studio.tab.until("document.getAnimations().every(one => one.effect.target.matches('.live'))")
    found: list[str] = await studio.tab.run(
        "axe.run().then(({ violations }) => violations.flatMap(({ id, nodes }) =>"
        " nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary}`)))"
    )
    return found


async def test_a_link_in_mail_sets_another_password_by_keys_alone(demo: Program, opened: Open) -> None:
    at = ("--database-url", f"sqlite:///{demo.folder / 'viewgraph-demo.sqlite3'}")
    await to_thread(done, "user", "create", "linked@example.com", "linked", "--password", PASSWORD, *at)
    token = (await to_thread(done, "user", "reset-link", "linked@example.com", *at)).strip()
    tab = await opened(
        f"{demo.address}/studio/account#kind=RESET_PASSWORD&token={token}", anew=True, locale="en-GB"
    )
    page = tab.page
    password = page.get_by_label("New password, of 8 characters or more")
    await password.focus()
    await page.keyboard.type("password1")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("alert")).not_to_be_empty()
    await password.fill("")
    await password.focus()
    await page.keyboard.type("a longer word of theirs")
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("linked has another password now.")).to_be_focused()

    assert page.url == f"{demo.address}/studio/account"
    login = "mutation($input: LoginInput!) { login(input: $input) { viewer { username } } }"
    given = {"password": {"email": "linked@example.com", "password": "a longer word of theirs"}}
    assert demo.post(login, input=given)["data"] == {"login": {"viewer": {"username": "linked"}}}
    again = demo.post(
        """mutation($token: String!) {
          resetPassword(input: {token: $token, password: "another one of theirs"}) { user { username } } }""",
        token=token,
    )
    assert again["errors"][0]["extensions"]["code"] == "NOT_FOUND"
    assert tab.complaints == []


async def test_each_query_that_is_shown_runs_and_nothing_stands_beyond_the_edge(
    demo: Program, shown: OpenStudio
) -> None:
    studio = await shown()
    page = studio.page
    await studio.scroll_through()
    for button in await page.get_by_label("Query of ").all():
        await button.click()
    links = await page.get_by_role("link", name="Open in GraphiQL").evaluate_all(
        "links => links.map(({ hash }) => Object.fromEntries(new URLSearchParams(hash.slice(1))))"
    )
    answers = {
        link["query"].split("(")[0]: demo.post(link["query"], owner(demo), **json.loads(link["variables"]))
        for link in links
        if link["query"].startswith("query")
    }
    assert len(links) == 11
    assert len(answers) == 10
    assert [name for name, answer in answers.items() if "errors" in answer] == []
    for width in (320, 3840):
        await page.set_viewport_size({"width": width, "height": 900})
        assert await studio.tab.run("document.documentElement.scrollWidth") == width


async def test_another_language_has_its_words_numbers_and_dates(shown: OpenStudio) -> None:
    studio = await shown(locale="de-AT")

    await expect(studio.page.get_by_role("link", name="Publikationen")).to_be_visible()
    assert await studio.tab.run("document.documentElement.lang") == "de"
    await studio.page.get_by_label("Sprache").select_option("en")
    await expect(studio.page.get_by_role("link", name="Publications")).to_be_visible()


AS_SHOWN = f"""query($url: String!, $range: DateRange!, $zone: TimeZone!, $interval: DateInterval!) {{
  publication(url: $url) {{
    metrics(range: $range, timeZone: $zone) {{
      {TOTALS} uniqueVisitors {{ estimate }}
      previous {{ {TOTALS} uniqueVisitors {{ estimate }} }}
    }}
    series: views(range: $range, interval: $interval, timeZone: $zone, zeroFill: true) {{
      points {{ count }}
    }}
    devices: views(range: $range, interval: DAY, timeZone: $zone, groupBy: [DEVICE]) {{
      points {{ deviceCategory count }}
    }}
    sites: views(range: $range, interval: DAY, timeZone: $zone, groupBy: [DOMAIN]) {{
      points {{ domain count }}
    }}
  }}
}}"""
LEFT = """query($url: String!) {
  publication(url: $url) {
    comments(last: 25) { edges { node { body createdAt author { username name } } } }
    appointments(last: 25) {
      edges { node { startsAt endsAt createdAt cancelledAt bookedBy { username name } } }
    }
  }
}"""
COMMENT = """mutation($id: ID!, $body: String!) {
  commentOnPublication(input: { publicationId: $id, body: $body }) {
    comment { body createdAt author { username name } }
  }
}"""
ORGANIZATION = """{
  organizations(first: 1) { edges { node { id workspaces(first: 9) { edges { node { id name } } } } } }
}"""
ASSETS_AS_SHOWN = """query($id: ID!, $workspaces: [ID!], $range: DateRange!) {
  organization(id: $id) {
    metrics(range: $range, timeZone: "Europe/Berlin", domain: "vntana.com", workspaceIds: $workspaces) {
      total3DViews totalARViews userEngagement avgNumberInteractions
      topAssets { total3DViews asset { id name } }
      summaryReport(format: CSV) { document }
    }
  }
}"""
