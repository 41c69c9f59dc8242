"""What a small server of a benchmark spends, as the probe of the real one says it."""

import os
from time import perf_counter, process_time
from types import TracebackType

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from bench.probe import Spent


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
