"""One WebSocket: the server acknowledges it first, and then runs up to 100 operations at a time on it."""

import logging
from asyncio import Task, create_task, gather, get_running_loop, timeout, wait
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, NamedTuple
from uuid import uuid4

from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from base.errors import Throttled, Unavailable
from server.graphql.answers import body_of_error
from server.graphql.requests import GraphQLRequest
from server.graphql.websocket_messages import (
    Close,
    Complete,
    Init,
    Message,
    Ping,
    Subscribe,
    headers_in,
    message_in,
)
from server.graphql.websocket_operation import OperationServices, WebSocketOperation
from server.graphql.websocket_writer import WebSocketWriter
from server.http.request_scope import request_scope

log = logging.getLogger("viewgraph")

_INIT_SECONDS = 10.0
_CLOSE_SECONDS = 10.0
_MAX_OPERATIONS = 100
_MAX_ID = 200
_TRY_AGAIN = 1013


class SessionLimits(NamedTuple):
    unread_bytes: int
    """How many bytes of answers may wait until the client reads them."""
    idle_seconds: float
    """How long the WebSocket stays open while nothing runs."""


class WebSocketSession:
    def __init__(self, socket: WebSocket, shared: OperationServices, limits: SessionLimits) -> None:
        self._socket = socket
        self._shared = shared
        self._idle_seconds = limits.idle_seconds
        self._writer = WebSocketWriter(socket, max_unread_bytes=limits.unread_bytes)
        self._credentials: Mapping[str, str] = {}
        self._is_acknowledged = False
        self._lapses_at: float | None = None
        self._idle_since = 0.0
        self._running: dict[str, WebSocketOperation] = {}
        """By their ids."""
        self._unheard: set[WebSocketOperation] = set()
        """Mutations whose answers the client no longer wants."""
        self._deadline = timeout(None)

    async def serve(self) -> None:
        close: Close | None = None
        try:
            async with self._deadline:
                self._deadline.reschedule(get_running_loop().time() + _INIT_SECONDS)
                while True:
                    await self._take(await self._received())
                    self._wait()
        except Close as reason:
            close = reason
        except TimeoutError:
            close = self._overdue()
        except WebSocketDisconnect:
            pass
        except Unavailable as error:
            close = Close(_TRY_AGAIN, error.message)
        except Exception:
            log.exception("A WebSocket failed")
            close = Close(4500, "Internal server error")
        await self._end(close)

    def _wait(self) -> None:
        """Sets the deadline for the next message: the end of the credentials, or if nothing runs, the end of
        the idle time.
        """
        if not self._is_acknowledged or self._deadline.expired():
            return
        limits = [] if self._lapses_at is None else [self._lapses_at]
        if not self._running:
            # Pings do not count: they keep a connection alive, but are no reason to keep it open.
            limits.append(self._idle_since + self._idle_seconds)
        self._deadline.reschedule(min(limits, default=None))

    def _overdue(self) -> Close:
        if not self._is_acknowledged:
            return Close(4408, "Connection initialisation timeout")
        if self._lapses_at is not None and get_running_loop().time() >= self._lapses_at:
            return Close(4403, "The credentials have expired")
        return Close(1000, "Nothing has run for a while")

    async def _end(self, close: Close | None) -> None:
        """Gives up operations that only read. Mutations are executed to their end, even if nobody listens."""
        operations = {*self._running.values(), *self._unheard}
        self._running = {}
        for operation in operations:
            operation.is_heard = False
            operation.end()
        if close and self._socket.application_state is WebSocketState.CONNECTED:
            with suppress(OSError, RuntimeError, WebSocketDisconnect):
                async with timeout(_CLOSE_SECONDS):
                    await self._socket.close(close.code, close.reason)
        await gather(*_tasks_of(operations), return_exceptions=True)

    async def _received(self) -> Message:
        message = await self._socket.receive()
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(message["code"])
        return message_in(message.get("text"))

    async def _take(self, message: Message) -> None:
        match message:
            case Init(payload):
                await self._acknowledge(payload or {})
            case Ping(payload):
                await self._writer.pong(payload)
            case Subscribe(id, request):
                await self._begin(id, request)
            case Complete(id):
                await self._stop(id)

    async def _acknowledge(self, payload: dict[str, Any]) -> None:
        if self._is_acknowledged:
            raise Close(4429, "Too many initialisation requests")
        # Programs other than browsers may have sent the headers with the handshake.
        self._credentials = {**self._socket.headers, **headers_in(payload)}
        seconds = await self._seconds_left()
        if seconds is not None:
            self._lapses_at = get_running_loop().time() + seconds
        self._is_acknowledged = True
        self._idle_since = get_running_loop().time()
        await self._writer.acknowledge()

    async def _seconds_left(self) -> float | None:
        """How long the credentials are valid. Raises Close if they are not."""
        with request_scope(self._socket, "WEBSOCKET") as scope:
            context = scope.open_context(self._shared.services, self._credentials)
            await context.identify()
            if context.viewer.refusal:
                raise Close(4403, context.viewer.refusal)
            return await context.seconds_left()

    async def _begin(self, id: str, request: GraphQLRequest) -> None:
        if not self._is_acknowledged:
            raise Close(4401, "Unauthorized")
        if not id or len(id) > _MAX_ID:
            raise Close(4400, f"Invalid message: an id has 1 to {_MAX_ID} characters")
        if request.query is None and request.documentId is None and not request.extensions:
            raise Close(4400, "Invalid message: the payload has neither a query nor what stands for one")
        if id in self._running:
            raise Close(4409, f"Subscriber for {id} already exists")
        if len(self._running) + len(self._unheard) >= _MAX_OPERATIONS:
            error = Throttled(f"At most {_MAX_OPERATIONS} operations at a time.", retry_after=1)
            await self._writer.error(id, body_of_error(error, uuid4().hex)["errors"])
            return
        self._run(id, request)

    def _run(self, id: str, request: GraphQLRequest) -> None:
        operation = self._running[id] = WebSocketOperation(
            id,
            request,
            self._shared,
            self._socket,
            self._writer,
            credentials=self._credentials,
            on_lapsed=self._lapse,
        )
        operation.task = create_task(operation.run())
        operation.task.add_done_callback(lambda _: self._forget(operation))

    def _forget(self, operation: WebSocketOperation) -> None:
        self._unheard.discard(operation)
        if self._running.get(operation.id) is operation:
            del self._running[operation.id]
            self._idle_since = get_running_loop().time()
            self._wait()

    async def _stop(self, id: str) -> None:
        """Sends nothing more of the operation, so that another one may have its id."""
        operation = self._running.pop(id, None)
        if operation is None:
            return
        operation.is_heard = False
        if operation.is_finishing:
            self._unheard.add(operation)
            operation.end()
        else:
            operation.end()
            await wait(_tasks_of({operation}))

    def _lapse(self) -> None:
        """The credentials have become invalid."""
        self._lapses_at = get_running_loop().time()
        self._wait()


def _tasks_of(operations: set[WebSocketOperation]) -> set[Task[None]]:
    return {operation.task for operation in operations if operation.task}
