"""When a connection reads."""

from asyncio import Transport
from collections.abc import Callable

from uvicorn.protocols.http.flow_control import FlowControl


class Flow(FlowControl):
    """Does not resume reading while enough requests wait: reading a body would bring in more of them."""

    def __init__(self, transport: Transport, has_enough: Callable[[], bool]) -> None:
        super().__init__(transport)
        self._has_enough = has_enough

    def resume_reading(self) -> None:
        if self.read_paused and not self._has_enough():
            super().resume_reading()
