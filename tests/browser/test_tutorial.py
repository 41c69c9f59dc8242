"""The tutorial, followed step by step in a browser, beside the demo's server."""

import json
import shlex
import subprocess
import sys
from asyncio import sleep
from collections.abc import Iterator
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from tests.browser.conftest import Open
from tests.server.program import ROOT, Program, environment
from tests.test_docs import blocks

pytestmark = pytest.mark.asyncio(loop_scope="session")

PAGE = (ROOT / "docs/tutorial/first-page.md").read_text()
ASSETS, CHAIR = blocks(PAGE, "graphql")
LISTED, VARIABLES, BEFORE, AFTER = (json.loads(block) for block in blocks(PAGE, "json"))
SECONDS = 60.0


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Program]:
    with Program("demo", folder=tmp_path) as program:
        yield program


async def test_each_step_of_the_tutorial_does_what_it_says(
    demo: Program, opened: Open, tmp_path: Path
) -> None:
    headers = {"Authorization": f"Bearer {demo.token('admin@demo.test')}"}

    ids, shown = (assets(listed) for listed in (demo.post(ASSETS, headers), LISTED))
    assert ids.keys() == shown.keys()
    id = ids["Oak Chair"]
    variables = {name: filled(value, id) for name, value in VARIABLES.items()}
    assert demo.post(CHAIR, headers, **variables) == BEFORE

    (html,) = blocks(PAGE, "html")
    file = tmp_path / "page.html"
    file.write_text(filled(html, id).replace("http://127.0.0.1:8000", demo.address))
    tab = await opened(file.as_uri())
    await tab.page.click("#show")
    await tab.page.click("#turn")
    await tab.page.click("#turn")
    await counted(demo, headers, variables, AFTER)
    await tab.page.reload()
    await tab.page.click("#show")
    again = json.loads(json.dumps(AFTER))
    again["data"]["asset"]["metrics"]["total3DViews"] = 2
    await counted(demo, headers, variables, again)
    assert tab.complaints == []

    said = explained(filled(blocks(PAGE, "sh")[1], id), tmp_path)
    assert said[0] == f"total3DViews of the asset {id}: 2"
    assert "Totals and raw events agree." in said


async def counted(demo: Program, headers: dict[str, str], variables: dict[str, str], answer: Any) -> None:
    """What was sent is counted soon."""
    deadline = monotonic() + SECONDS
    found = None
    while found != answer and monotonic() < deadline:
        await sleep(0.2)
        found = demo.post(CHAIR, headers, **variables)
    assert found == answer


def explained(command: str, folder: Path) -> list[str]:
    program, *words = shlex.split(command)
    assert program == ".venv/bin/viewgraph"
    main = "from server.start import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", main, *words],
        cwd=folder,
        env=environment({}),
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


def filled(text: str, id: str) -> str:
    assert "PUT-THE-ID-HERE" in text
    return text.replace("PUT-THE-ID-HERE", id)


def assets(listed: Any) -> dict[str, str]:
    """Their ids, by their names."""
    (organization,) = (edge["node"] for edge in listed["data"]["organizations"]["edges"])
    assert organization["name"] == "Demo Works"
    return {edge["node"]["name"]: edge["node"]["id"] for edge in organization["assets"]["edges"]}
