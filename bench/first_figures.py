"""How long a new visitor waits for the studio's first figures, in a real Chromium, on the demo.

python -m bench.first_figures

Each load is that of a new visitor, whose browser has nothing of the page. The time is that from the end of
the page's HTML to the moment at which the page marks its first figures. The server is on the same machine.
"""

import asyncio
import shutil
import sys
import tempfile
from argparse import ArgumentParser
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).parents[1] / "src"))

from playwright.async_api import Browser, async_playwright

from bench.studio import ROOT, fill
from bench.trees import SETTINGS, Tree
from server.commands.demo import LIMITS
from tests.browser.conftest import FLAGS

_MARK = "studio:figures"
_SECONDS = 60
_LOADED = f"performance.getEntriesByName('{_MARK}').length > 0"
_TOLD = f"""() => {{
  const [page] = performance.getEntriesByType("navigation");
  const [{{ startTime }}] = performance.getEntriesByName("{_MARK}");
  const asked = performance.getEntriesByType("resource").filter((one) => one.startTime < startTime);
  return [startTime - page.responseEnd, asked.length,
    asked.filter((one) => one.name.endsWith(".js")).reduce((sum, one) => sum + one.encodedBodySize, 0)];
}}"""


class Load(NamedTuple):
    milliseconds: float
    """From the end of the page's HTML to the first figures."""
    requests: int
    """Between them."""
    script_bytes: int
    """As they were sent."""


async def _load(browser: Browser, address: str, zone: str) -> Load:
    context = await browser.new_context(viewport={"width": 1440, "height": 1000}, timezone_id=zone)
    try:
        page = await context.new_page()
        await page.goto(address)
        async with asyncio.timeout(_SECONDS):
            # Playwright would evaluate a condition as a text in the page, which its policy forbids.
            while not await page.evaluate(_LOADED):  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        told: list[Any] = await page.evaluate(_TOLD)
        return Load(*told)
    finally:
        await context.close()


async def measured(address: str, loads: int, zone: str) -> tuple[str, list[Load]]:
    """The browser's version, and each load."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        # The first one warms the server and the browser.
        await _load(browser, address, zone)
        found = [await _load(browser, address, zone) for _ in range(loads)]
        version = browser.version
        await browser.close()
    return version, found


def main() -> None:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--loads", type=int, default=12)
    parser.add_argument("--zone", default="Europe/Berlin", help="the time zone of the browser")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="viewgraph-figures-") as folder:
        url = f"sqlite:///{folder}/demo.sqlite3"
        asyncio.run(fill(url, datetime.now(UTC)))
        settings = SETTINGS | {"DEMO": "true"} | {name.upper(): value for name, value in LIMITS.items()}
        with Tree(ROOT).serving(url, **settings) as server:
            address = f"http://127.0.0.1:{server.port}/studio"
            version, loads = asyncio.run(measured(address, given.loads, given.zone))
    times = [load.milliseconds for load in loads]
    print(f"Chromium {version}, {len(loads)} loads, {given.zone}")
    print(f"after the page's HTML: {min(times):.0f} to {max(times):.0f} ms, median {median(times):.0f}")
    requests, sizes = {load.requests for load in loads}, {load.script_bytes for load in loads}
    print(f"requests: {sorted(requests)}; script: {sorted(sizes)} bytes as sent")


if __name__ == "__main__":
    main()
