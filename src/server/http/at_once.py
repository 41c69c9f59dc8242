"""Connections that let the application answer at once, without a task, what has come as a whole."""

from typing import cast

from starlette.types import Scope
from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from server.http.guarded_config import GuardedConfig
from server.http.whole_answers import asked_at_once, lend, takes_whole


class AnsweringAtOnce(HttpToolsProtocol):
    """A task and the two messages of ASGI take longer than to look up an answer and to send it."""

    config: GuardedConfig

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        if app is not self.app:
            super()._start_asgi_task(cycle, app)
        elif self.config.at_once:
            # First come the bytes that are there already: the body, and what other connections have received.
            # To send each answer in between takes longer, because each wakes a client up.
            self.loop.call_soon(self._begin, cycle)
        else:
            self._begin_task(cycle)

    def _begin(self, cycle: RequestResponseCycle) -> None:
        if self._is_answered(cycle):
            return
        self._begin_task(cycle)

    def _begin_task(self, cycle: RequestResponseCycle) -> None:
        if self.config.takes_whole:
            lend(cycle)
        super()._start_asgi_task(cycle, self.app)

    def begin_late(self, cycle: RequestResponseCycle) -> None:
        """For a request that cannot be answered at once, as was found out only now. It has come as a whole,
        so what it asks for is done, even if its client has gone meanwhile.
        """
        cycle.disconnected = False
        self._begin_task(cycle)

    def _is_answered(self, cycle: RequestResponseCycle) -> bool:
        at_once = self.config.at_once
        if cycle.more_body or at_once is None or not takes_whole(cycle):
            return False
        if self.config.proxies:
            self.config.proxies.read_ahead(cast("Scope", cycle.scope))
        try:
            return asked_at_once(at_once, cycle, self.begin_late)
        except Exception:
            # The task meets the same error again. It answers and logs it.
            return cycle.response_complete
