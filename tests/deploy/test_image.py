"""The steps of the Dockerfile give an image that serves as nobody, and writes to its volume alone."""

import os
import subprocess
from pathlib import Path
from signal import SIGTERM
from typing import Any

import httpx
import pytest

from tests.deploy.image import Image
from tests.ports import held_port, wait_until_open
from tests.server.program import ROOT, STOP_SECONDS

MOST_BYTES = 200_000_000
BYTECODE = 45_000_000
"""The steps compile what they install. This test does not, and uses what is compiled here already."""


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Image:
    return Image(tmp_path_factory.mktemp("image"))


def test_the_image_serves_under_the_restrictions_of_its_container(image: Image, tmp_path: Path) -> None:
    os.chown(tmp_path, 10001, 10001)
    subprocess.run(image.command(tmp_path, "migrate"), check=True)
    with held_port() as port:
        served: dict[str, Any] = {"VIEWGRAPH_PORT": str(port)}
        process = subprocess.Popen(
            image.command(tmp_path, **served), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        try:
            wait_until_open(port, process)
            ready = httpx.get(f"http://127.0.0.1:{port}/readyz")
            page = httpx.get(f"http://127.0.0.1:{port}/studio")
            health = subprocess.run(image.command(tmp_path, health=True, **served))
            server = child_of(process.pid)
            traits = traits_of(server)
            os.kill(server, SIGTERM)
            _, words = process.communicate(timeout=STOP_SECONDS)
        finally:
            process.kill()
        ill = subprocess.run(image.command(tmp_path, health=True, **served), stderr=subprocess.DEVNULL)

    assert process.returncode == 0, words
    assert traits == {"Uid": "10001", "Gid": "10001", "CapEff": "0000000000000000", "NoNewPrivs": "1"}
    assert ready.json()["status"] == "ready"
    assert page.status_code == 200
    assert (health.returncode, ill.returncode) == (0, 1)
    inside = {file.relative_to(image.packages) for file in image.packages.rglob("*")}
    pages = {
        file.relative_to(ROOT / "src") for file in (ROOT / "src/server/web").rglob("*") if file.is_file()
    }
    assert pages <= inside
    assert Path("tests") not in inside
    size = sum(file.lstat().st_size for file in image.files.rglob("*") if file.suffix != ".pyc")
    assert size + BYTECODE < MOST_BYTES


def child_of(pid: int) -> int:
    """The server, which is the first process of its container."""
    (child,) = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return int(child)


def traits_of(pid: int) -> dict[str, str]:
    lines = [line.split() for line in Path(f"/proc/{pid}/status").read_text().splitlines()]
    wanted = ("Uid:", "Gid:", "CapEff:", "NoNewPrivs:")
    return {line[0].rstrip(":"): line[1] for line in lines if line[0] in wanted}
