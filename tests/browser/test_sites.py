"""The snippet on real sites: whose events they are, what the browser keeps, and what is refused."""

from uuid import UUID

import pytest
from playwright.async_api import async_playwright

from models import Action, Device
from tests.browser.conftest import DESKTOP, FLAGS, Open, World, chromium
from tests.browser.live import LiveServer
from tests.browser.sites import HELD, HURRY, MODEL_VIEWER, Site, snippet

pytestmark = pytest.mark.asyncio(loop_scope="session")

MAC = (
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/18.5 Safari/605.1.15"
)
PHONE = (
    "Mozilla/5.0 (Linux; Android 16; Pixel 10) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/156.0.0.0 Mobile Safari/537.36"
)


async def test_two_sites_report_each_its_own(
    live: LiveServer, world: World, site: Site, other_site: Site, opened: Open
) -> None:
    model = MODEL_VIEWER + "<model-viewer id=it shown></model-viewer>"
    one = HELD + snippet(live.url, f"data-asset={world.chair} data-domain=a.example") + model
    two = HELD + snippet(live.url, f"data-asset={world.table} data-domain=b.example") + model
    first = await opened(site.show(one))
    second = await opened(other_site.show(two), user_agent=PHONE)
    for tab in (first, second):
        await tab.page.wait_for_function("looks === 1")
        await tab.run("it.turn(10, 0); it.press('default-ar-button'); timers[0].act()")
    stored = await live.holds(6)
    assert len(live.sent) == 2
    assert sorted((event.asset, event.domain, event.device, event.action) for event in stored) == sorted(
        (asset, domain, device, action)
        for asset, domain, device in (
            (world.chair, "a.example", Device.DESKTOP),
            (world.table, "b.example", Device.MOBILE),
        )
        for action in (Action.VIEW_3D, Action.INTERACTION, Action.AR_CLICK)
    )
    assert len({(event.asset, event.view) for event in stored}) == 2
    assert {UUID(id).version for sent in live.sent for id in sent.ids} == {7}
    assert [event.milliseconds for event in stored] == [event.id.int >> 80 for event in stored]
    assert first.complaints == second.complaints == []


async def test_the_browser_keeps_nothing(live: LiveServer, world: World, site: Site, opened: Open) -> None:
    tab = await opened(site.show(HURRY + snippet(live.url, f"data-asset={world.chair}")), anew=True)
    await tab.run("viewgraph.view3d()")
    await live.holds(1)
    assert await tab.page.context.cookies() == []
    assert await tab.page.context.storage_state() == {"cookies": [], "origins": []}
    assert await tab.run(
        """Promise.all([indexedDB.databases(), navigator.serviceWorker.getRegistrations()]).then(
          ([databases, workers]) =>
            [localStorage.length, sessionStorage.length, document.cookie, databases.length, workers.length]
        )"""
    ) == [0, 0, "", 0, 0]
    assert "cookie" not in live.sent[0].headers
    assert set(live.sent[0].events[0]) == {"id", "subject", "action", "viewId", "sentAt"}


async def test_a_strict_policy_has_to_allow_the_server_alone(
    live: LiveServer, world: World, site: Site, opened: Open
) -> None:
    policy = f"default-src 'none'; script-src {live.url}; connect-src {live.url}"
    tab = await opened(site.show(snippet(live.url, f"data-asset={world.chair}"), policy=policy))
    await tab.run("for (let i = 0; i < 20; i++) viewgraph.view3d()")
    await live.holds(20)
    await tab.run("viewgraph.interaction()")
    await tab.leave()
    assert [event.action for event in await live.holds(21)] == [Action.VIEW_3D] * 20 + [Action.INTERACTION]
    assert [sent.headers["sec-fetch-mode"] for sent in live.sent] == ["cors", "no-cors"]
    assert tab.complaints == []


async def test_a_headless_browser_is_dropped_as_a_bot(
    live: LiveServer, world: World, site: Site, opened: Open
) -> None:
    agent = DESKTOP.replace("Chrome/", "HeadlessChrome/")
    html = HURRY + snippet(live.url, f"data-asset={world.chair}")
    tab = await opened(site.show(html), user_agent=agent)
    async with tab.page.expect_response(f"{live.url}/collect") as answered:
        await tab.run("viewgraph.view3d()")
    answer = await answered.value
    assert (answer.status, await answer.json()) == (
        202,
        {
            "stored": 0,
            "duplicates": 0,
            "dropped": 1,
            "corrected": 0,
            "reasons": ["BOT"],
            "results": [{"index": 0, "reason": "BOT"}],
        },
    )
    assert live.sent[0].headers["user-agent"] == agent
    assert live.stored() == []


async def test_a_browser_that_a_program_drives_sends_nothing(
    live: LiveServer, world: World, site: Site
) -> None:
    html = HELD + MODEL_VIEWER + snippet(live.url, f"data-asset={world.chair}") + "<model-viewer shown>"
    async with async_playwright() as playwright:
        flags = [*FLAGS, f"--user-agent={DESKTOP}"]
        driven = await playwright.chromium.launch(executable_path=chromium(), args=flags)
        page = await driven.new_page()
        await page.goto(site.show(html))
        assert await page.evaluate("navigator.webdriver") is True
        await page.wait_for_function("looks === 1")
        await page.evaluate("viewgraph.view3d()")
        assert await page.evaluate("timers.length") == 0
        await page.goto("about:blank")
        await driven.close()

    assert live.sent == []


@pytest.mark.parametrize("signal", ["globalPrivacyControl: true", "doNotTrack: '1'"])
async def test_who_asks_not_to_be_tracked_is_not_where_the_page_says_so(
    live: LiveServer, world: World, site: Site, opened: Open, signal: str
) -> None:
    name, value = signal.split(": ")
    asks = f"<script>Object.defineProperty(navigator, '{name}', {{ value: {value} }})</script>"
    for number, attribute in enumerate(("data-respect-signals", "")):
        html = HELD + asks + snippet(live.url, f"data-asset={world.chair} {attribute}")
        tab = await opened(site.show(html))
        await tab.run("viewgraph.view3d()")
        await tab.leave()
        assert len(await live.holds(number)) == number


async def test_opting_out_empties_what_waits_and_holds_where_nothing_can_be_kept(
    live: LiveServer, world: World, site: Site, opened: Open
) -> None:
    broken = "<script>Object.defineProperty(window, 'localStorage', { get() { throw new Error() } })</script>"
    tab = await opened(site.show(HELD + broken + snippet(live.url, f"data-asset={world.chair}")))
    await tab.run("viewgraph.view3d(); viewgraph.optOut(); viewgraph.view3d(); viewgraph.optIn()")
    await tab.run("viewgraph.arScan()")
    await tab.leave()
    assert [event.action for event in await live.holds(1)] == [Action.AR_SCAN]


async def test_opting_out_stays_on_the_device_and_may_be_a_link(
    live: LiveServer, world: World, site: Site, opened: Open
) -> None:
    page = site.show(HELD + snippet(live.url, f"data-asset={world.chair}"))
    tab = await opened(page, anew=True)
    await tab.run("location.hash = 'viewgraph-off'")
    await tab.page.wait_for_function("localStorage.viewgraph === 'off'")
    await tab.page.goto(site.show(HELD + snippet(live.url, f"data-asset={world.chair}")))
    await tab.run("viewgraph.view3d(); viewgraph.optIn(); viewgraph.arScan()")
    await tab.leave()
    assert [event.action for event in await live.holds(1)] == [Action.AR_SCAN]


async def test_headers_that_other_tools_add_do_not_stop_it(
    live: LiveServer, world: World, site: Site, opened: Open
) -> None:
    traced = """<script>{
      const { fetch } = window;
      window.fetch = (url, options) =>
        fetch(url, { ...options, headers: { traceparent: "00-1-2-01", "X-Datadog-Origin": "rum" } });
    }</script>"""
    tab = await opened(site.show(HURRY + traced + snippet(live.url, f"data-asset={world.chair}")))
    await tab.run("viewgraph.view3d()")
    await live.holds(1)
    assert live.sent[0].headers["traceparent"] == "00-1-2-01"
    assert tab.complaints == []


async def test_a_page_may_name_another_door(live: LiveServer, world: World, site: Site, opened: Open) -> None:
    tab = await opened("about:blank")
    for given in ("s/e", "/s/e", f"{live.url}/s/e"):
        html = HELD + snippet(live.url, f"data-asset={world.chair} data-collect={given}")
        await tab.page.goto(site.show(html))
        async with tab.page.expect_request(f"{live.url}/s/e"):
            await tab.run("viewgraph.view3d(); timers[0].act()")


async def test_the_events_of_a_clock_that_is_hours_ahead_are_put_right(
    live: LiveServer, world: World, site: Site, opened: Open
) -> None:
    ahead = """<script>{
      const Right = Date;
      window.Date = class extends Right {
        constructor() { super(Right.now() + 5 * 3600_000); }
        static now() { return Right.now() + 5 * 3600_000; }
      };
    }</script>"""
    tab = await opened(site.show(HURRY + ahead + snippet(live.url, f"data-asset={world.chair}")))
    async with tab.page.expect_response(f"{live.url}/collect") as answered:
        await tab.run("viewgraph.view3d()")
    answer = await (await answered.value).json()
    (stored,) = await live.holds(1)
    assert (answer["stored"], answer["corrected"]) == (1, 1)
    (result,) = answer["results"]
    # On the way it takes a moment, or several on a busy machine.
    assert -18_000 <= result["clockCorrection"] <= -17_900
    assert abs((stored.id.int >> 80) - stored.milliseconds - 18_000_000) <= 100_000


async def test_an_ipad_is_a_tablet_though_its_agent_is_a_macs(
    live: LiveServer, world: World, site: Site, opened: Open
) -> None:
    html = HURRY + snippet(live.url, f"data-asset={world.chair}")
    touch = "<script>Object.defineProperty(navigator, 'maxTouchPoints', { value: 5 })</script>"
    tab = await opened(site.show(touch + html), user_agent=MAC)
    await tab.run("viewgraph.view3d()")
    await live.holds(1)
    await tab.page.goto(site.show(html))
    await tab.run("viewgraph.view3d()")
    assert [event.device for event in await live.holds(2)] == [Device.TABLET, Device.DESKTOP]


async def test_however_it_is_embedded_a_model_is_viewed_once(
    live: LiveServer, world: World, site: Site, opened: Open
) -> None:
    asset, url, other = world.chair, live.url, live.url.replace("127.0.0.1", "localhost")
    usual = snippet(url, f"data-asset={asset}")
    tab = await opened("about:blank")
    for number, html in enumerate(
        [
            usual,
            usual + usual,
            f'<script async src="{url}/viewer.js" data-asset={asset}></script>',
            f'<script type=module src="{url}/viewer.js" data-asset={asset}></script>',
            f'<script src="{url}/viewer.js?v=2/3" data-asset={asset} crossorigin></script>',
            f'<script src="{other}/viewer.js" data-asset={asset} data-endpoint="{url}"></script>',
            f"<p id=viewgraph>{usual}",
        ],
        start=1,
    ):
        await tab.page.goto(site.show(HELD + MODEL_VIEWER + html + "<model-viewer shown></model-viewer>"))
        await tab.page.wait_for_function("looks === 1")
        await tab.leave()
        assert len(await live.holds(number)) == number, html
    assert {(event.action, event.asset) for event in live.stored()} == {(Action.VIEW_3D, asset)}
    assert {sent.headers["host"] for sent in live.sent} == {url.removeprefix("http://")}
    assert [len(sent.events) for sent in live.sent] == [1] * 7
    assert tab.complaints == []


async def test_whatever_is_wrong_a_page_is_not_disturbed(live: LiveServer, site: Site, opened: Open) -> None:
    tab = await opened("about:blank")
    for attributes, broken in [
        ("", ""),
        ("data-asset=ast_x data-endpoint=http://", ""),
        ("data-asset=ast_x", "window.fetch"),
        ("data-asset=ast_x", "navigator.sendBeacon"),
        ("data-asset=ast_x", "crypto.getRandomValues"),
        ("data-asset=ast_x", "Event.prototype.composedPath"),
    ]:
        before = f"<script>{broken} = () => {{ throw new Error('broken') }}</script>" if broken else ""
        html = snippet(live.url, attributes) + MODEL_VIEWER + "<model-viewer id=it shown></model-viewer>"
        await tab.page.goto(site.show(HURRY + before + html))
        await tab.run("it.turn(1, 0); it.ar('session-started'); it.press('default-ar-button')")
        await tab.run("for (const act of Object.values(window.viewgraph || {})) act(null), act({}), act('x')")
        await tab.page.wait_for_timeout(100)
    await tab.leave()
    assert [text for text in tab.complaints if text.startswith("uncaught")] == []
    assert live.stored() == []
