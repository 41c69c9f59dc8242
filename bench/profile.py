"""Where the CPU of a request goes: samples of what the server's main thread does, while wrk asks it.

python -m bench.profile --engine sqlite

The server runs in a process of its own, with everything that `viewgraph serve` has. Each millisecond of its
CPU, it notes in which folder of `src/`, or in which library, it is.
"""

import os
import signal
import sys
import tempfile
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parents[1] / "src"))

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

import server.app
from bench.cpu import cpu_seconds
from bench.peers.load import load
from bench.peers.peers import LIMITED, Peer
from bench.peers.questions import NARROW, Question
from bench.peers.running import ROOT, Running, running
from bench.peers.running import Request as Asked
from bench.peers.world import World, fill
from bench.trees import SETTINGS, Tree
from server.serving import serve
from server.settings import Settings
from tests.postgres import PostgresServer

_SECONDS = 0.001
_SRC = str(ROOT / "src") + "/"
_PACKAGES = "site-packages/"
_LOOP = "the loop, sockets, and other threads"
_STARTS = "server/serving.py"
_SHOWN = 16
MODES = {
    "kept answers": {"CACHE_SECONDS": "3600"},
    "cold": {"CACHE_SECONDS": "0"},
}


# In the server


class Samples:
    """Of the main thread, by where it is. While another thread works, it waits in the loop."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()

    def begin(self) -> None:
        signal.signal(signal.SIGPROF, self._note)
        signal.setitimer(signal.ITIMER_PROF, _SECONDS, _SECONDS)

    def _note(self, _: int, frame: FrameType | None) -> None:
        self.counts[place_of(frame)] += 1

    async def answer(self, _: Request) -> Response:
        found, self.counts = self.counts, Counter()
        return Response(msgspec.json.encode(found))


def place_of(frame: FrameType | None) -> str:
    """The folder and the module of the innermost frame of ours; for a library that nobody of ours has called,
    its name."""
    library = _library(frame.f_code.co_filename) if frame else ""
    within = frame
    while within:
        file = within.f_code.co_filename
        if file.startswith(_SRC) and not file.endswith(_STARTS):
            ours = file.removeprefix(_SRC).removesuffix(".py")
            return f"{ours} in {library}" if library else ours
        within = within.f_back
    return library or _LOOP


def _library(file: str) -> str:
    """Empty for code of ours, and for the loop itself."""
    if file.startswith((_SRC, "<")):
        return ""
    if _PACKAGES in file:
        return file.partition(_PACKAGES)[2].partition("/")[0]
    return "" if "runners" in file or "selectors" in file else Path(file).stem


def serve_sampled() -> None:
    samples, usual = Samples(), server.app.app_from_environment

    def sampled() -> Starlette:
        app = usual()
        app.router.routes.append(Route("/profile", samples.answer, methods=["GET"]))
        samples.begin()
        return app

    server.app.app_from_environment = sampled
    serve(Settings())


# In the process that asks


class Profile(NamedTuple):
    milliseconds: float
    """CPU of the server for a request, the sampling included."""
    places: Counter[str]


def profiled(at: Running, requests: list[Asked], seconds: int) -> Profile:
    load(at, requests, 1, 1)
    at.ask(Asked("GET", "/profile", b""))
    before = cpu_seconds(at.process)
    done = load(at, requests, 1, seconds)
    used = cpu_seconds(at.process) - before
    places = Counter(msgspec.json.decode(at.ask(Asked("GET", "/profile", b"")), type=dict[str, int]))
    return Profile(1000 * used / done.requests, places)


def table(name: str, profile: Profile) -> Iterator[str]:
    total = profile.places.total()
    yield f"\n{name}: {profile.milliseconds:.2f} ms\n"
    yield "| where | share | ms |"
    yield "| --- | --- | --- |"
    for place, count in profile.places.most_common(_SHOWN):
        yield f"| {place} | {count / total:.0%} | {profile.milliseconds * count / total:.3f} |"
    rest = total - sum(count for _, count in profile.places.most_common(_SHOWN))
    yield f"| the rest | {rest / total:.0%} | {profile.milliseconds * rest / total:.3f} |"


@contextmanager
def _served(url: str, world: World, settings: dict[str, str]) -> Iterator[Running]:
    given = SETTINGS | LIMITED | settings | {"DATABASE_URL": url}
    variables = {f"VIEWGRAPH_{name}": value for name, value in given.items()}
    with running(
        lambda port: [sys.executable, "-m", "bench.profile", "--serve", str(port)], **variables
    ) as server:
        yield server._replace(headers={"authorization": f"Token {world.key}"})


def _report(engine: str, url: str, world: World, seconds: int, only: str) -> None:
    for mode, settings in MODES.items():
        for question in NARROW:
            name = f"{engine}, {question.name}, {mode}"
            if only in name:
                with _served(url, world, settings) as at:
                    for line in table(name, profiled(at, _requests(question, world), seconds)):
                        print(line, flush=True)


def _requests(question: Question, world: World) -> list[Asked]:
    ours = Peer("", "viewgraph", lambda _: running(lambda _: []))
    return ours.requests(question, world)


def main() -> None:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--engine", choices=["sqlite", "postgresql"], help="both when absent")
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--only", default="", help="what has this in its name, such as `list, cold`")
    parser.add_argument("--assets", type=int, default=20)
    parser.add_argument("--days", type=int, default=366)
    parser.add_argument("--serve", metavar="PORT", help="for the server itself")
    given = parser.parse_args()
    if given.serve:
        os.environ["VIEWGRAPH_PORT"] = given.serve
        serve_sampled()
        return
    tree = Tree(ROOT)
    if given.engine != "postgresql":
        with tempfile.TemporaryDirectory(prefix="viewgraph-profile-") as folder:
            url = f"sqlite:///{folder}/profile.sqlite3"
            world = fill(tree, url, given.assets, given.days)
            _report("SQLite", url, world, given.seconds, given.only)
    if given.engine != "sqlite":
        with PostgresServer() as postgres:
            postgres.create_database("profile")
            url = postgres.url("profile").replace("+asyncpg", "")
            world = fill(tree, url, given.assets, given.days)
            postgres.execute("VACUUM ANALYZE", "profile")
            _report("PostgreSQL", url, world, given.seconds, given.only)


if __name__ == "__main__":
    main()
