"""A client that costs little: it sends requests made beforehand and reads no more than it must.

A job comes in on standard input, as JSON; what came of it goes out on standard output.
"""

import asyncio
import sys
from collections import deque
from time import perf_counter, process_time
from typing import cast

import msgspec
import orjson
import uvloop

from bench.traffic import Job, Request, requests


class Result(msgspec.Struct):
    seconds: float
    events: int
    """Acknowledged as stored."""
    requests: int
    latencies: list[float]
    """Seconds, sorted. With a rate, from when the request was due."""
    failures: list[str]
    cpu_seconds: float


class Run:
    def __init__(self, job: Job) -> None:
        self.job = job
        self.pending: deque[Request] = deque(requests(job))
        self.latencies: list[float] = []
        self.failures: list[str] = []
        self.events = 0
        self._sent = 0
        self._begin = 0.0

    async def run(self) -> Result:
        loop = asyncio.get_running_loop()
        connections = [
            (await loop.create_connection(Connection, "127.0.0.1", self.job.port))[1]
            for _ in range(self.job.connections)
        ]
        cpu = process_time()
        self._begin = perf_counter()
        await asyncio.gather(*(self._serve(connection) for connection in connections))
        seconds = perf_counter() - self._begin
        for connection in connections:
            connection.transport.close()
        return Result(
            seconds,
            self.events,
            len(self.latencies),
            sorted(self.latencies),
            self.failures[:5],
            process_time() - cpu,
        )

    async def _serve(self, connection: "Connection") -> None:
        job = self.job
        while self.pending and perf_counter() - self._begin < job.seconds:
            request = self.pending.popleft()
            due = perf_counter()
            if job.rate:
                due = self._begin + self._sent * job.batch / job.rate
                self._sent += 1
                await asyncio.sleep(max(0.0, due - perf_counter()))
            status, body = await connection.ask(request.message)
            self.latencies.append(perf_counter() - due)
            self._judge(status, body)

    def _judge(self, status: int, body: bytes) -> None:
        answer = orjson.loads(body)
        if self.job.door == "recordEvents":
            answer = (answer.get("data") or {}).get("recordEvents") or {}
        if answer.get("stored") == self.job.batch:
            self.events += self.job.batch
        else:
            self.failures.append(f"{status} {body[:300]!r}")


class Connection(asyncio.Protocol):
    """One request at a time, kept alive."""

    transport: asyncio.Transport

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._answer: asyncio.Future[tuple[int, bytes]] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def ask(self, request: bytes) -> "asyncio.Future[tuple[int, bytes]]":
        self._answer = asyncio.get_running_loop().create_future()
        self.transport.write(request)
        return self._answer

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head = self._buffer.find(b"\r\n\r\n")
        if head < 0:
            return
        lower = bytes(self._buffer[:head]).lower()
        start = lower.index(b"content-length:") + len(b"content-length:")
        length = int(lower[start:].split(b"\r\n", 1)[0])
        if len(self._buffer) < head + 4 + length:
            return
        body = bytes(self._buffer[head + 4 :])
        status = int(self._buffer[9:12])
        self._buffer.clear()
        if self._answer and not self._answer.done():
            self._answer.set_result((status, body))

    def connection_lost(self, _: Exception | None) -> None:
        if self._answer and not self._answer.done():
            self._answer.set_exception(ConnectionError("the server hung up"))


def main() -> None:
    job = msgspec.json.decode(sys.stdin.buffer.read(), type=Job)
    result = uvloop.run(Run(job).run())
    sys.stdout.buffer.write(msgspec.json.encode(result))


if __name__ == "__main__":
    main()
