"""A server is replaced by a newer version, and the newer one by the older, while clients write and read."""

import asyncio
import subprocess
from asyncio import Event, create_task, sleep, timeout, to_thread
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from tarfile import open as open_archive
from tempfile import TemporaryFile
from time import perf_counter

import httpx
import pytest

from tests.crash.test_crash import (
    assert_everything_is_counted_once,
    database_url,
    durable,
    show,
    studio,
    world,
)
from tests.crash.writers import World, Writers
from tests.ports import held_port
from tests.server.forks import fork
from tests.server.program import ROOT, Anew, Program, environment
from tests.studio import SECRET, Studio

__all__ = ["database_url", "durable", "studio", "world"]

OLDER = "1ac3cd2cac6fdfc9ea1094464ed7b374aa7f9b07"
"""There is no release yet: this is the last commit with older tables than the newest."""
OLDER_REVISION = "0009"
WRITERS = 4
SECONDS = 400
"""More than all of it takes on a busy machine."""
DEADLOCK = "trying again: deadlock detected"
"""Of a migration and a writer that wait for each other, PostgreSQL ends one. Then the server writes again."""
DASHBOARD = """query($id: ID!, $day: RangeBound!) { node(id: $id) { ... on Publication {
  name metrics { totalViews totalLikes }
  views(range: {start: $day, end: $day}, interval: HOUR) { points { count } }
} } }"""

pytestmark = [pytest.mark.crash, pytest.mark.parametrize("seed", [1])]


@pytest.fixture(scope="module")
def older(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program of an older version."""
    folder = tmp_path_factory.mktemp("older")
    archive = folder / "src.tar"
    command = ["git", "-C", str(ROOT), "archive", "--output", str(archive), OLDER, "src"]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("this is no clone that has the older version")
    with open_archive(archive) as files:
        files.extractall(folder, filter="data")
    return folder / "src"


class Newer(Program):
    """At a port that is held already."""

    def __init__(self, port: int, *arguments: str, folder: Path, **variables: str) -> None:
        super().__init__(*arguments, folder=folder, **variables)
        self._held_port = port

    def _port(self) -> int:
        return self._held_port


class Older(Newer, Anew):
    """From the source that PYTHONPATH names."""


class Versions:
    """Servers of both versions, one at a time, at the same port and over the same database."""

    def __init__(self, older: Path, database_url: str, port: int, folder: Path) -> None:
        self._older = older
        self._folder = folder
        self._port = port
        self._settings = {
            "VIEWGRAPH_DATABASE_URL": database_url,
            "VIEWGRAPH_SECRET": SECRET,
            "VIEWGRAPH_LOG_LEVEL": "warning",
            "VIEWGRAPH_EVENTS_PER_ADDRESS": "off",
            "VIEWGRAPH_EVENTS_PER_SUBJECT": "off",
        }

    @asynccontextmanager
    async def serving(self, *, is_older: bool = False) -> AsyncIterator[None]:
        """It answers on entry, and has ended without a complaint on exit."""
        program = (
            Older(self._port, "serve", folder=self._folder, PYTHONPATH=str(self._older), **self._settings)
            if is_older
            else Newer(self._port, "serve", folder=self._folder, **self._settings)
        )
        await to_thread(program.__enter__)
        try:
            yield
        finally:
            await to_thread(program.__exit__, None, None, None)
        complaints = [line for line in program.err.splitlines() if DEADLOCK not in line]
        assert (program.exit_code, complaints) == (0, [])

    async def migrate(self, *options: str) -> None:
        """By the newer version: the older one knows nothing of newer tables."""
        with TemporaryFile() as out, TemporaryFile() as err:
            ran = fork(["migrate", *options], self._folder, environment(self._settings), out, err)
            code = await to_thread(ran.wait)
            err.seek(0)
            assert code == 0, err.read()


class Reader:
    """Asks for a dashboard over and over."""

    def __init__(self, url: str, world: World) -> None:
        self.codes: Counter[str] = Counter()
        self._url = url
        self._world = world
        self._answered = Event()

    @asynccontextmanager
    async def asking(self) -> AsyncIterator[None]:
        task = create_task(self._ask())
        try:
            yield
        finally:
            task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    async def progress(self) -> None:
        """Until it is answered once more."""
        self._answered.clear()
        await self._answered.wait()

    async def _ask(self) -> None:
        day = datetime.now(UTC).date().isoformat()
        body = {"query": DASHBOARD, "variables": {"id": self._world.publication, "day": day}}
        headers = {"authorization": f"Bearer {self._world.token}"}
        async with httpx.AsyncClient(base_url=self._url, timeout=30) as client:
            while True:
                try:
                    answer = (await client.post("/graphql", json=body, headers=headers)).json()
                except httpx.TransportError:
                    # One server has ended, and the next one does not serve yet.
                    pass
                else:
                    errors = answer.get("errors", ())
                    self.codes.update(error["extensions"]["code"] for error in errors)
                    self.codes["answered"] += not errors
                    self._answered.set()
                await sleep(0.02)


async def test_versions_are_exchanged_under_load(
    studio: Studio,
    world: World,
    seed: int,
    engine: str,
    older: Path,
    database_url: str,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    with held_port() as port:
        versions = Versions(older, database_url, port, tmp_path)
        url = f"http://127.0.0.1:{port}"
        writers, reader = Writers(url, world, seed), Reader(url, world)
        since = perf_counter()
        await versions.migrate("--down-to", OLDER_REVISION)
        async with timeout(SECONDS), reader.asking():
            writers.start(WRITERS)
            async with versions.serving(is_older=True):
                await writers.progress()
                await reader.progress()
                if engine == "postgresql":
                    # The older server goes on meanwhile.
                    await versions.migrate()
                    await writers.progress()
                    await reader.progress()
            await versions.migrate()
            async with versions.serving():
                await writers.progress()
                await reader.progress()
            await versions.migrate("--down-to", OLDER_REVISION)
            async with versions.serving(is_older=True):
                await writers.progress()
                await reader.progress()
            await versions.migrate()
            async with versions.serving():
                await writers.progress()
                await writers.stop()

    show(capfd, "servers of two versions in turn", writers, since)
    await assert_everything_is_counted_once(studio, writers)
    # Who waits for too long while tables are changed is told to send it again.
    assert set(writers.refusals) <= {"UNAVAILABLE"}
    assert set(reader.codes) <= {"answered", "UNAVAILABLE"}
