"""GraphQL over WebSocket, as the subprotocol graphql-transport-ws has it."""

import logging
from asyncio import Lock, Task, create_task, current_task, gather, get_running_loop, timeout, wait
from collections.abc import Collection, Mapping
from contextlib import ExitStack, aclosing, suppress
from dataclasses import dataclass
from typing import Any, TypeAlias
from uuid import uuid4

import msgspec
import orjson
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from base.errors import BadUserInput, Lapsed, Throttled, Unavailable
from base.networks import network_of
from resolvers.context import Context, Services
from resolvers.execution import Execution
from server.graphql.answers import Answer, answers, body_of_error
from server.graphql.line import Told, log_request
from server.graphql.persisted_documents import PersistedDocuments
from server.graphql.requests import GraphQLRequest, require_few_values, require_operation
from server.http.concurrency import ConcurrencyCounter, SubscriptionQuota
from server.http.connection_limits import too_many
from server.http.errors import plain
from server.http.requests_per_address import client_address
from server.http.trip import Trip, trip_of

log = logging.getLogger("viewgraph")

PROTOCOL = "graphql-transport-ws"
_INIT_SECONDS = 10.0
_CLOSE_SECONDS = 10.0
_MAX_OPERATIONS = 100
_MAX_ID = 200
_COST = 25
"""Of a connection, as a share of the worker."""
_TRY_AGAIN = 1013
_MAX_REASON = 123
"""Bytes; a frame that closes has no room for more."""


class Init(msgspec.Struct, tag="connection_init"):
    payload: dict[str, Any] | None = None


class Ping(msgspec.Struct, tag="ping"):
    payload: dict[str, Any] | None = None


class Pong(msgspec.Struct, tag="pong"):
    payload: dict[str, Any] | None = None


class Subscribe(msgspec.Struct, tag="subscribe"):
    id: str
    payload: GraphQLRequest


class Complete(msgspec.Struct, tag="complete"):
    id: str


Message: TypeAlias = Init | Ping | Pong | Subscribe | Complete
_decoder: msgspec.json.Decoder[Message] = msgspec.json.Decoder(Message)


@dataclass(slots=True)
class Sent:
    """Of one operation."""

    answers: int = 0
    bytes: int = 0


class Close(Exception):
    """What the other side did, or what became of it, ends the connection."""

    def __init__(self, code: int, reason: str) -> None:
        self.code = code
        self.reason = reason.encode()[:_MAX_REASON].decode(errors="ignore")


class Sockets:
    def __init__(
        self,
        services: Services,
        documents: PersistedDocuments,
        quota: SubscriptionQuota,
        *,
        origins: Collection[str],
        most: int,
        most_per_address: int,
        max_unread_bytes: int,
        idle_seconds: float,
        log_documents: bool = False,
    ) -> None:
        """`origins`: whose pages may connect, beside this server's own; `*` for any.

        `most`: that may be open at a time. `max_unread_bytes`: of answers that wait on one of them.
        """
        self._services = services
        self._documents = documents
        self._quota = quota
        self._origins = origins
        self._most = most
        self._open = 0
        self._per_network = ConcurrencyCounter(most_per_address)
        self._max_unread_bytes = max_unread_bytes
        self._idle_seconds = idle_seconds
        self._log_documents = log_documents

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        socket = WebSocket(scope, receive, send)
        await socket.receive()
        if not self._may_connect(socket):
            await socket.close()
            return
        if self._open >= self._most:
            await socket.send_denial_response(_full(self._most))
            return
        network = network_of(client_address(scope))
        if not self._per_network.takes(network):
            refusal = too_many(self._per_network.most, "WebSockets")
            await socket.send_denial_response(Response(refusal.body, refusal.status, refusal.headers))
            return
        self._open += 1
        try:
            fair_queue = self._services.fair_queue
            fair_queue.charge(network, _COST)
            await fair_queue.wait(network)
            await self._serve(socket)
        finally:
            self._open -= 1
            self._per_network.give_back(network)

    async def _serve(self, socket: WebSocket) -> None:
        if PROTOCOL not in socket.scope["subprotocols"]:
            await socket.accept()
            await socket.close(4406, "Subprotocol not acceptable")
            return
        await socket.accept(PROTOCOL)
        await Connection(
            socket,
            self._services,
            self._documents,
            self._quota,
            max_unread_bytes=self._max_unread_bytes,
            idle_seconds=self._idle_seconds,
            log_documents=self._log_documents,
        ).serve()

    def _may_connect(self, socket: WebSocket) -> bool:
        """Browsers say whose page it is, and leave it to the server whether that page may."""
        origin = socket.headers.get("origin")
        if origin is None or "*" in self._origins or origin in self._origins:
            return True
        # Not parsed: what is no origin is nobody's.
        return origin.partition("://")[2] == socket.headers.get("host")


def _full(most: int) -> Response:
    status, body, headers = plain(Unavailable(f"{most:,} WebSockets are open, and no more may be."))
    return JSONResponse(body, status, headers)


class Connection:
    """One WebSocket: it is acknowledged first, then runs any number of operations at a time."""

    def __init__(
        self,
        socket: WebSocket,
        services: Services,
        documents: PersistedDocuments,
        quota: SubscriptionQuota,
        *,
        max_unread_bytes: int,
        idle_seconds: float,
        log_documents: bool,
    ) -> None:
        self._socket = socket
        self._services = services
        self._documents = documents
        self._quota = quota
        self._max_unread_bytes = max_unread_bytes
        self._unread_bytes = 0
        self._sending = Lock()
        self._idle_seconds = idle_seconds
        self._log_documents = log_documents
        self._credentials: Mapping[str, str] = {}
        self._is_acknowledged = False
        self._lapses_at: float | None = None
        self._idle_since = 0.0
        self._running: dict[str, Task[None]] = {}
        self._finishing: dict[Task[None], Execution] = {}
        self._unheard: set[Task[None]] = set()
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
        """For the next message: until the credentials lapse, or for a while if nothing runs."""
        if not self._is_acknowledged or self._deadline.expired():
            return
        limits = [] if self._lapses_at is None else [self._lapses_at]
        if not self._running:
            # What keeps a connection alive keeps nothing running.
            limits.append(self._idle_since + self._idle_seconds)
        self._deadline.reschedule(min(limits, default=None))

    def _overdue(self) -> Close:
        if not self._is_acknowledged:
            return Close(4408, "Connection initialisation timeout")
        if self._lapses_at is not None and get_running_loop().time() >= self._lapses_at:
            return Close(4403, "The credentials have expired")
        return Close(1000, "Nothing has run for a while")

    async def _end(self, close: Close | None) -> None:
        """What only reads is given up; what writes is done first, whoever still listens."""
        running = {*self._running.values(), *self._unheard}
        self._running = {}
        for task in running:
            if task in self._finishing:
                self._finishing[task].abandon()
            else:
                task.cancel()
        if close and self._socket.application_state is WebSocketState.CONNECTED:
            with suppress(OSError, RuntimeError, WebSocketDisconnect):
                async with timeout(_CLOSE_SECONDS):
                    await self._socket.close(close.code, close.reason)
        await gather(*running, return_exceptions=True)

    async def _received(self) -> Message:
        message = await self._socket.receive()
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(message["code"])
        text = message.get("text")
        if text is None:
            raise Close(4400, "Send text, not bytes")
        try:
            require_few_values(text.encode())
            return _decoder.decode(text)
        except BadUserInput as error:
            raise Close(4400, f"Invalid message: {error.message}") from None
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            raise Close(4400, f"Invalid message: {error}") from None

    async def _take(self, message: Message) -> None:
        match message:
            case Init(payload):
                await self._acknowledge(payload or {})
            case Ping(payload):
                await self._pong(payload)
            case Subscribe(id, operation):
                await self._begin(id, operation)
            case Complete(id):
                await self._stop(id)

    async def _pong(self, payload: dict[str, Any] | None) -> None:
        message = {"type": "pong", **({"payload": payload} if payload else {})}
        # Whatever the decoder took, such as numbers of any length.
        await self._send_text(msgspec.json.encode(message))

    async def _stop(self, id: str) -> None:
        """Nothing more is sent of it, so that its id may be another operation's."""
        task = self._running.pop(id, None)
        if task in self._finishing:
            self._unheard.add(task)
            self._finishing[task].abandon()
        elif task:
            task.cancel()
            await wait({task})

    async def _acknowledge(self, payload: dict[str, Any]) -> None:
        if self._is_acknowledged:
            raise Close(4429, "Too many initialisation requests")
        # Programs other than browsers may have sent the headers already.
        self._credentials = {**self._socket.headers, **_headers(payload)}
        context = self._context()
        await context.identify()
        if context.viewer.refusal:
            raise Close(4403, context.viewer.refusal)
        seconds = await context.seconds_left()
        if seconds is not None:
            self._lapses_at = get_running_loop().time() + seconds
        self._is_acknowledged = True
        self._idle_since = get_running_loop().time()
        await self._send({"type": "connection_ack"})

    def _context(self) -> Context:
        socket = self._socket
        return Context(
            self._services,
            now=self._services.clock(),
            address=socket.client.host if socket.client else "",
            base_url=lambda: str(socket.base_url.replace(scheme="https" if socket.url.is_secure else "http")),
            credentials=self._credentials,
        )

    async def _begin(self, id: str, operation: GraphQLRequest) -> None:
        if not self._is_acknowledged:
            raise Close(4401, "Unauthorized")
        if not id or len(id) > _MAX_ID:
            raise Close(4400, f"Invalid message: an id has 1 to {_MAX_ID} characters")
        if operation.query is None and operation.documentId is None and not operation.extensions:
            raise Close(4400, "Invalid message: the payload has neither a query nor what stands for one")
        if id in self._running:
            raise Close(4409, f"Subscriber for {id} already exists")
        if len(self._running) + len(self._unheard) >= _MAX_OPERATIONS:
            error = Throttled(f"At most {_MAX_OPERATIONS} operations at a time.", retry_after=1)
            await self._refuse(id, body_of_error(error, uuid4().hex)["errors"])
            return
        task = create_task(self._run(id, operation))
        self._running[id] = task
        task.add_done_callback(lambda _: self._forget(id, task))

    def _forget(self, id: str, task: Task[None]) -> None:
        self._finishing.pop(task, None)
        self._unheard.discard(task)
        if self._running.get(id) is task:
            del self._running[id]
            self._idle_since = get_running_loop().time()
            self._wait()

    async def _run(self, id: str, operation: GraphQLRequest) -> None:
        sent = Sent()
        with trip_of(self._socket.headers, uuid4().hex) as trip:
            try:
                await self._answer(id, operation, trip, sent)
            finally:
                told = Told("WEBSOCKET", None, sent.bytes, sent.answers)
                log_request(trip, told, documents=self._log_documents)

    async def _answer(self, id: str, operation: GraphQLRequest, trip: Trip, sent: Sent) -> None:
        """To the end, well or not."""
        try:
            with ExitStack() as lease:
                is_answered = await self._is_answered(id, operation, trip, sent, lease)
            if is_answered and self._is_heard(id):
                await self._send({"id": id, "type": "complete"})
        except WebSocketDisconnect:
            pass
        except Lapsed as error:
            trip.errors = body_of_error(error, trip.id)["errors"]
            self._lapses_at = get_running_loop().time()
            self._wait()
        except Exception as error:
            trip.errors = body_of_error(error, trip.id)["errors"]
            if self._is_heard(id):
                with suppress(WebSocketDisconnect):
                    await self._refuse(id, trip.errors)

    def _is_heard(self, id: str) -> bool:
        """Whether what runs now is still the operation of this id for the other side."""
        return self._running.get(id) is current_task()

    async def _is_answered(
        self, id: str, asked: GraphQLRequest, trip: Trip, sent: Sent, lease: ExitStack
    ) -> bool:
        """Whether to the end, and not with an error that says that nothing was executed."""
        address = client_address(self._socket.scope)
        document = await trip.parsed(self._documents.find(asked), self._services, address)
        operation = document.operation(asked.operationName)
        require_operation(operation)
        is_endless = operation.type == "subscription"
        task = current_task()
        assert task
        context = trip.context = self._context()
        if not is_endless:
            self._finishing[task] = context.execution
        await context.identify()
        if context.viewer.refusal:
            raise Lapsed(context.viewer.refusal)
        if is_endless:
            lease.enter_context(self._quota.one_more(context))
        results = answers(context, operation, asked, self._documents, trip.id, is_endless=is_endless)
        async with aclosing(results):
            async for answer in results:
                # What writes is done.
                self._finishing.pop(task, None)
                trip.errors = answer.errors
                if not self._is_heard(id):
                    return False
                if answer.refusal:
                    await self._refuse(id, answer.refusal)
                    return False
                if not context.execution.is_mutation:
                    self._require_room(answer)
                await self._next(id, answer)
                sent.answers += 1
                sent.bytes += len(answer.json)
        return True

    def _require_room(self, answer: Answer) -> None:
        """Raises THROTTLED. What was written is told all the same, however much waits."""
        if self._unread_bytes and self._unread_bytes + len(answer.json) > self._max_unread_bytes:
            raise Throttled(
                f"At most {self._max_unread_bytes:,} bytes of answers wait to be read. Read them first, or "
                "ask for less at a time.",
                retry_after=1,
            )

    async def _next(self, id: str, answer: Answer) -> None:
        await self._send_text(
            b'{"id":' + orjson.dumps(id) + b',"type":"next","payload":' + answer.json + b"}"
        )

    async def _refuse(self, id: str, errors: list[Any]) -> None:
        await self._send({"id": id, "type": "error", "payload": errors})

    async def _send(self, message: dict[str, Any]) -> None:
        await self._send_text(orjson.dumps(message))

    async def _send_text(self, json: bytes) -> None:
        """Waits while the other side does not read: one at a time, as each adds to what is unread.

        Raises WebSocketDisconnect.
        """
        self._unread_bytes += len(json)
        try:
            async with self._sending:
                await self._socket.send({"type": "websocket.send", "text": json.decode()})
        except RuntimeError:
            # The server has given the connection up, and nobody was told yet.
            raise WebSocketDisconnect from None
        finally:
            self._unread_bytes -= len(json)


def _headers(payload: dict[str, Any]) -> dict[str, str]:
    """As clients write them: as they are, or below `headers`, with small letters or capitals."""
    within = payload.get("headers")
    given = {**payload, **(within if isinstance(within, dict) else {})}
    return {name.lower(): value for name, value in given.items() if isinstance(value, str)}
