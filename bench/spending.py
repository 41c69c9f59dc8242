"""What a server of a benchmark spends. This loads nothing of the program: small servers use it, too."""

import os
from time import perf_counter, process_time
from types import TracebackType

import msgspec
from starlette.requests import Request
from starlette.responses import Response


class Spent(msgspec.Struct):
    cpu_seconds: float = 0.0
    """Of the process with all its threads."""
    loop_cpu_seconds: float = 0.0
    """Of the thread of the event loop."""
    database_seconds: float = 0.0
    """That the database had a statement of ours to work on."""
    longest_hold: float = 0.0
    """The most CPU that one step of a task had, in seconds, before it let others on the event loop. Only
    while it is watched, which costs time itself."""
    longest_wait: float = 0.0
    """The longest that a task which was due had to wait for the event loop, in seconds."""
    process: int = 0


class Spending:
    """A block of it is time that the database has something to do."""

    def __init__(self) -> None:
        self._cpu = process_time()
        self._database = self._began = 0.0

    async def answer(self, _: Request) -> Response:
        """Since it was asked before."""
        cpu, database = process_time(), self._database
        spent = Spent(cpu - self._cpu, database_seconds=database, process=os.getpid())
        self._cpu, self._database = cpu, 0.0
        return Response(msgspec.json.encode(spent), media_type="application/json")

    def __enter__(self) -> None:
        self._began = perf_counter()

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._database += perf_counter() - self._began
