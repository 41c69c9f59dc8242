"""What a client has sent already, without waiting for the rest."""

from collections.abc import Generator
from typing import Any

from starlette.types import Message, Receive


class Begun:
    """A coroutine that was begun and had to wait: to await this is to await the rest of it."""

    def __init__(self, coroutine: Any, waits_for: Any) -> None:
        self._coroutine = coroutine
        self._waits_for = waits_for

    def __await__(self) -> Generator[Any, Any, Message]:
        try:
            while True:
                try:
                    sent = yield self._waits_for
                except BaseException as error:
                    self._waits_for = self._coroutine.throw(error)
                else:
                    self._waits_for = self._coroutine.send(sent)
        except StopIteration as done:
            message: Message = done.value
            return message


def received_at_once(receive: Receive) -> Message | Begun:
    """The next message, if it is there already; otherwise what to await for it."""
    receiving: Any = receive()
    try:
        waits_for = receiving.send(None)
    except StopIteration as done:
        message: Message = done.value
        return message
    return Begun(receiving, waits_for)


async def nothing() -> Message:
    """What is received of a request whose body was read already. Nobody asks."""
    raise NotImplementedError
