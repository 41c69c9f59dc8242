"""The snippet on pages with the real <model-viewer>: exactly the 3D views that were seen."""

import asyncio
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import DEVNULL, Popen

import pytest

from models import Action
from tests.browser.conftest import DESKTOP, FLAGS, Open, Tab, World, chromium
from tests.browser.glb import POINT, triangle
from tests.browser.live import PATIENCE, LiveServer
from tests.browser.sites import Site, snippet
from tests.npm import needs_node

pytestmark = [pytest.mark.asyncio(loop_scope="session"), needs_node]

LOOK = 2_000
"""Milliseconds: twice as long as a view takes."""
BELOW = '<div style="height: 5000px"></div>'
POSTERS = "[...document.querySelectorAll('img')].every((image) => image.complete)"


def model(name: str, attributes: str = "") -> str:
    """With a poster image of its own, whose events are not the model's."""
    return (
        f'<model-viewer id="{name}" src="/triangle.glb" camera-controls {attributes}>'
        '<img slot="poster" src="/point.png" width="300" height="300"></model-viewer>'
    )


@pytest.fixture(scope="session")
def shop(site: Site, packages: Path) -> Site:
    script = packages / "node_modules" / "@google" / "model-viewer" / "dist" / "model-viewer.min.js"
    site.keep("/real.js", script.read_bytes(), "text/javascript")
    site.keep("/triangle.glb", triangle(), "model/gltf-binary")
    site.keep("/point.png", POINT, "image/png")
    return site


@contextmanager
def undriven(address: str, folder: Path) -> Iterator[None]:
    """A Chromium with a page open, and nobody at its controls."""
    flags = [*FLAGS, f"--user-agent={DESKTOP}", f"--user-data-dir={folder / 'profile'}"]
    browser = Popen(
        [chromium(), "--headless=new", "--no-sandbox", *flags, address],
        stdout=DEVNULL,
        stderr=DEVNULL,
        start_new_session=True,
    )
    try:
        yield
    finally:
        os.killpg(browser.pid, signal.SIGTERM)
        browser.wait()


class Visits:
    """Pages with real models, and what was counted on them."""

    def __init__(self, live: LiveServer, world: World, shop: Site, opened: Open) -> None:
        self.world = world
        self.live = live
        self._shop = shop
        self._opened = opened

    def page(self, models: str, *, script: str = "/real.js", ours: str = "", before: str = "") -> str:
        """Its address; `ours` in place of the snippet as it is embedded usually."""
        ours = ours or snippet(self.live.url, f"async data-asset={self.world.chair}")
        return self._shop.show(
            "<style>model-viewer { display: block; width: 300px; height: 300px }</style>"
            f'{before}<script type="module" src="{script}"></script>{ours}{models}'
        )

    async def to(self, address: str) -> Tab:
        tab = await self._opened(address, anew=True)
        await tab.page.wait_for_function("window.viewgraph")
        return tab

    async def loaded(self, tab: Tab, name: str = "it") -> None:
        await tab.page.wait_for_function(f"{name}.loaded", timeout=PATIENCE * 3_000)

    async def look(self, tab: Tab) -> None:
        await tab.page.wait_for_function(POSTERS)
        await tab.page.wait_for_timeout(LOOK)

    async def counted(self, tab: Tab) -> list[tuple[Action, str]]:
        """All that happened until now, in its order. The page is left; what it tells last is not among it."""
        scans = self._scans()
        await tab.run("viewgraph.arScan()")
        await tab.leave()
        await self.live.until(lambda: self._scans() > scans, "the last event")
        return [
            (event.action, "chair" if event.asset == self.world.chair else "table")
            for event in self.live.stored()
            if event.action is not Action.AR_SCAN
        ]

    def _scans(self) -> int:
        return sum(event.action is Action.AR_SCAN for event in self.live.stored())


@pytest.fixture
def visits(live: LiveServer, world: World, shop: Site, opened: Open) -> Visits:
    return Visits(live, world, shop, opened)


async def test_each_model_that_was_half_in_sight_for_a_second_is_viewed_once(
    visits: Visits, live: LiveServer
) -> None:
    """However often the snippet is embedded, and where a model is only near, when it comes in sight."""
    table = f"data-asset={visits.world.table} loading=lazy"
    ours = snippet(live.url, f"async data-asset={visits.world.chair}")
    page = visits.page(model("it") + BELOW + model("below", table) + BELOW, ours=ours + ours)
    tab = await visits.to(page)
    await visits.loaded(tab)
    await live.holds(1)

    # Two fifths of it are in sight; and then half of it and more.
    await tab.run("scrollTo(0, below.offsetTop - innerHeight + 120)")
    await visits.loaded(tab, "below")
    await visits.look(tab)
    await tab.run("viewgraph.arClick(below.dataset.asset); scrollBy(0, 60)")
    await live.holds(3)
    await tab.run("scrollTo(0, 0)")
    await visits.look(tab)
    await tab.run("scrollTo(0, below.offsetTop)")
    await visits.look(tab)

    assert await visits.counted(tab) == [
        (Action.VIEW_3D, "chair"),
        (Action.AR_CLICK, "table"),
        (Action.VIEW_3D, "table"),
    ]


async def test_a_model_off_screen_or_behind_its_poster_is_not_viewed_though_it_is_loaded(
    visits: Visits,
) -> None:
    hidden = f"data-asset={visits.world.table} loading=eager reveal=manual"
    tab = await visits.to(visits.page(model("covered", hidden) + BELOW + model("it", "loading=eager")))
    await visits.loaded(tab)
    await visits.look(tab)
    assert await visits.counted(tab) == []


async def test_a_model_whose_script_never_comes_or_that_is_far_below_is_not_viewed(visits: Visits) -> None:
    for models, script in (
        (BELOW + model("it"), "/real.js"),
        (BELOW + model("it"), "/never.js"),
        (model("it"), "/never.js"),
    ):
        tab = await visits.to(visits.page(models, script=script))
        await visits.look(tab)
        assert await visits.counted(tab) == []


async def test_who_opted_out_on_this_device_is_not_counted_and_is_again_when_they_want(
    visits: Visits, live: LiveServer
) -> None:
    page = visits.page(model("it"))
    tab = await visits.to(f"{page}#viewgraph-off")
    await tab.page.goto(page)
    await visits.loaded(tab)
    await visits.look(tab)
    await tab.run("viewgraph.interaction()")
    await tab.leave()
    await tab.page.goto(visits.page(""))
    await tab.page.wait_for_function("window.viewgraph")
    await tab.run("viewgraph.view3d(); viewgraph.optIn()")
    assert await tab.run("localStorage.length") == 0

    assert await visits.counted(tab) == []
    assert [len(sent.events) for sent in live.sent] == [1]


async def test_a_page_that_is_rendered_ahead_is_viewed_when_it_is_opened(
    visits: Visits, live: LiveServer, shop: Site, tmp_path: Path
) -> None:
    """By a browser that nothing drives: whatever does holds a page that is rendered ahead."""
    told = """<script>
      viewgraph.arClick();
      const tell = () => fetch(`/told?${document.prerendering}`);
      tell();
      document.addEventListener("prerenderingchange", tell);
    </script>"""
    ours = snippet(live.url, f"data-asset={visits.world.chair}")
    ahead = visits.page(model("it"), ours=ours + told)
    rules = f'{{"prerender": [{{"urls": ["{ahead}"], "eagerness": "immediate"}}]}}'
    first = shop.show(
        f"""<script type="speculationrules">{rules}</script><script>
          setInterval(async () => (await (await fetch("/go")).text()) && location.assign("{ahead}"), 100);
        </script>"""
    )
    shop.keep("/go", b"", "text/plain")
    with undriven(first, tmp_path):
        await live.until(lambda: ("/told?true", "prefetch;prerender") in shop.asked, "a page rendered ahead")
        await asyncio.sleep(LOOK / 1_000)
        assert live.sent == []
        shop.keep("/go", b"now", "text/plain")
        await live.until(lambda: any(path == "/told?false" for path, _ in shop.asked), "the page to open")
        opened_at = time.time() * 1_000
        stored = await live.holds(2)

    assert sorted(event.action for event in stored) == [Action.VIEW_3D, Action.AR_CLICK]
    assert all(event.milliseconds > opened_at - LOOK for event in stored)
