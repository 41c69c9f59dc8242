"""Many who subscribe to one publication, and one who likes it: what it takes until all are told."""

import asyncio
import json
import resource
from asyncio import StreamReader, StreamWriter
from collections import defaultdict
from collections.abc import Sequence
from time import perf_counter

from bench.peers.peers import Peer
from bench.peers.rounds import Case, Plan, Taken
from bench.peers.running import Request, Running
from bench.peers.usage import used

COUNT = 1_000
NAME = f"{COUNT:,} subscribers and one like"
_URL = "publication-1"
_SUBSCRIPTION = """subscription($url: String!) {
  publicationMetricsChanged(url: $url) { metrics { totalLikes } }
}"""
_PUBLICATION = "query($url: String!) { publication(url: $url) { id } }"
_SECONDS = 120
_OPENING = 50


def measured(plan: Plan) -> dict[Case, list[Taken]]:
    """Of the servers that are ours: the others have no subscriptions here."""
    _allow_files()
    taken: dict[Case, list[Taken]] = defaultdict(list)
    for _ in range(plan.rounds):
        for peer in plan.peers:
            if peer.dialect == "viewgraph" and not peer.is_unmodified:
                taken[Case(peer.name, NAME, 1)].append(_measured(plan, peer))
    return taken


def _allow_files() -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, 4 * COUNT), most))


def _measured(plan: Plan, peer: Peer) -> Taken:
    with peer.start(plan.site) as server:
        found = json.loads(server.ask(_asked(_body(_PUBLICATION))))
        id = found["data"]["publication"]["id"]
        unlike, like = (
            f'mutation {{ {field}(publicationId: "{id}") {{ publication {{ id }} }} }}'
            for field in ("unlikePublication", "likePublication")
        )
        # A second like changes nothing, and nobody would be told.
        _change(server, unlike)
        return asyncio.run(_told(plan, server, like))


async def _told(plan: Plan, server: Running, changed: str) -> Taken:
    """Milliseconds from the like until half of them, and until all, were told; and CPU for each of them."""
    readers, writers = await _subscribe(server)
    try:
        with used(server, plan.database) as share:
            began = perf_counter()
            waiting = [asyncio.create_task(_next(reader)) for reader in readers]
            await asyncio.to_thread(_change, server, changed)
            done, late = await asyncio.wait(waiting, timeout=_SECONDS)
        if late:
            raise RuntimeError(f"{len(late)} of {COUNT} subscribers were not told within {_SECONDS} seconds.")
        times = sorted(1000 * (task.result() - began) for task in done)
        spent = share(COUNT)
    finally:
        for writer in writers:
            writer.transport.abort()
    return Taken(
        1000 * COUNT / times[-1],
        times[COUNT // 2],
        times[-1],
        *spent[:2],
        server.megabytes("VmHWM"),
        spent.others,
        has_same_bytes=True,
    )


def _change(server: Running, changed: str) -> None:
    answer = server.ask(_asked(json.dumps({"query": changed}).encode()))
    if b'"errors"' in answer:
        raise RuntimeError(f"The like was refused: {answer!r}")


async def _subscribe(server: Running) -> tuple[Sequence[StreamReader], Sequence[StreamWriter]]:
    """Until each has its first answer."""
    gate = asyncio.Semaphore(_OPENING)

    async def one() -> tuple[StreamReader, StreamWriter]:
        async with gate, asyncio.timeout(_SECONDS):
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            writer.write(_request(server))
            await _next(reader)
            return reader, writer

    readers, writers = zip(*await asyncio.gather(*(one() for _ in range(COUNT))), strict=True)
    return readers, writers


async def _next(reader: StreamReader) -> float:
    """When the next answer was there. An error is none."""
    while line := await reader.readline():
        if line.startswith(b"data: {"):
            if b'"errors"' in line:
                raise RuntimeError(f"A subscription was refused: {line!r}")
            return perf_counter()
    raise RuntimeError("A subscription ended.")


def _request(server: Running) -> bytes:
    body = _body(_SUBSCRIPTION)
    headers = {
        "host": "bench",
        "content-type": "application/json",
        "accept": "text/event-stream",
        "content-length": str(len(body)),
        **server.headers,
    }
    lines = ["POST /graphql HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def _asked(body: bytes) -> Request:
    return Request("POST", "/graphql", body)


def _body(document: str) -> bytes:
    return json.dumps({"query": document, "variables": {"url": _URL}}).encode()
