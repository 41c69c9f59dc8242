"""Answers that are sent in one piece, most of which is made already.

uvicorn takes an answer as two messages, and looks at each header. For an answer from memory that takes longer
than all else.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import TypeAlias, cast

from starlette.responses import Response
from starlette.types import Message, Scope, Send
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

Header: TypeAlias = tuple[bytes, bytes]
AtOnce: TypeAlias = Callable[[RequestResponseCycle], bool]
"""Answers a request that has come as a whole, if it can do so without a task. Returns whether it did, or
will. If it finds out later that it cannot, it goes the `usual_way`."""
UsualWay: TypeAlias = Callable[[RequestResponseCycle], None]
"""Has a task answer the request."""


def first_of(doors: Sequence[AtOnce]) -> AtOnce:
    """Each is asked until one answers."""

    def answer(cycle: RequestResponseCycle) -> bool:
        # With any(), a generator would take longer than most doors.
        for door in doors:  # noqa: SIM110
            if door(cycle):
                return True
        return False

    return answer


def only_at(paths: Collection[str], door: AtOnce) -> AtOnce:
    def answer(cycle: RequestResponseCycle) -> bool:
        return cast("Scope", cycle.scope)["path"] in paths and door(cycle)

    return answer


_WHOLE = "viewgraph.whole"
_USUAL_WAY = "viewgraph.usual_way"
_UNMODIFIED = 304
_WITH_BODY = ("GET", "POST")
"""Methods whose answers are sent with their bodies."""


def lend(cycle: RequestResponseCycle) -> None:
    """Puts the connection's side of a request into its scope, so that the application finds it."""
    cast("Scope", cycle.scope)[_WHOLE] = cycle


def asked_at_once(at_once: AtOnce, cycle: RequestResponseCycle, usual_way: UsualWay) -> bool:
    scope = cast("Scope", cycle.scope)
    scope[_USUAL_WAY] = usual_way
    try:
        return at_once(cycle)
    finally:
        # Otherwise the connection and the scope would keep each other alive.
        del scope[_USUAL_WAY]


def usual_way(cycle: RequestResponseCycle) -> UsualWay:
    """Only while it is asked whether the request can be answered at once."""
    way: UsualWay = cast("Scope", cycle.scope)[_USUAL_WAY]
    return way


def joined(headers: Iterable[Header]) -> bytes:
    """Headers as they are sent."""
    return b"".join([b"%b: %b\r\n" % header for header in headers])


class _DefaultHeaders:
    """The date and the name of the server, which uvicorn makes anew once in a second."""

    def __init__(self) -> None:
        self._made: list[Header] = []
        self._joined = b""

    def joined(self, headers: list[Header]) -> bytes:
        if headers is not self._made:
            self._made, self._joined = headers, joined(headers)
        return self._joined


_default = _DefaultHeaders()


def taken_cycle(scope: Scope) -> RequestResponseCycle | None:
    """The connection's side of the request, if the scope has it. It is taken out of the scope: otherwise the
    two would keep each other alive until the collector comes.
    """
    cycle: RequestResponseCycle | None = scope.pop(_WHOLE, None)
    return cycle


def takes_whole(cycle: RequestResponseCycle) -> bool:
    """Whether the connection takes an answer at once, and stays open."""
    return cycle.keep_alive and not cycle.disconnected and not cycle.flow.write_paused


def send_whole(cycle: RequestResponseCycle, status: int, head: bytes, body: bytes) -> None:
    """Sends the answer. `head`: the headers, joined."""
    cycle.response_started = cycle.response_complete = True
    default = _default.joined(cycle.default_headers)
    cycle.transport.write(b"%b%b%b\r\n%b" % (STATUS_LINE[status], default, head, body))
    cycle.message_event.set()
    cycle.on_response()
    # As uvicorn does it: otherwise the two would keep each other alive.
    cycle.on_response = _nothing


def send_later(cycle: RequestResponseCycle, response: Response) -> None:
    """Sends an answer that was not there at once. Meanwhile the client may have gone, or the server ends."""
    send_made_later(cycle, response.status_code, joined(response.raw_headers), bytes(response.body))


def send_made_later(cycle: RequestResponseCycle, status: int, head: bytes, body: bytes) -> None:
    """The same. `head`: the headers, joined."""
    if cycle.disconnected:
        return
    if cycle.keep_alive:
        send_whole(cycle, status, head, body)
    else:
        send_whole(cycle, status, head + b"connection: close\r\n", body)
        cycle.transport.close()


def _nothing() -> None:
    """What uvicorn calls after an answer that is sent already."""


def sending_whole(scope: Scope, send: Send) -> Send:
    """Sends an answer that comes as two messages in one piece, if the scope has the connection's side of the
    request. Everything else goes on by `send`.
    """
    cycle = taken_cycle(scope)
    if cycle is None or scope["method"] not in _WITH_BODY:
        return send
    start: Message | None = None

    async def sending(message: Message) -> None:
        nonlocal start
        if message["type"] == "http.response.start":
            start = message
            return
        begun, start = start, None
        if begun is None:
            await send(message)
        elif message.get("more_body") or not takes_whole(cycle) or not _says_its_length(begun):
            await send(begun)
            await send(message)
        else:
            send_whole(cycle, begun["status"], joined(begun["headers"]), message.get("body", b""))

    return sending


def _says_its_length(start: Message) -> bool:
    """Whether the headers say how long the answer is, and the connection stays open."""
    names = [name for name, _ in start["headers"]]
    return (b"content-length" in names or start["status"] == _UNMODIFIED) and b"connection" not in names
