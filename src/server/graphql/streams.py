"""Several answers over HTTP, one after the other: as server-sent events, or as Apollo's multipart
protocol.
"""

from asyncio import FIRST_COMPLETED, Lock, create_task, gather, sleep, timeout, wait
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import ExitStack, aclosing, suppress
from typing import Any, NamedTuple

import orjson
from starlette.types import Receive, Scope, Send

from base.errors import Unauthenticated
from server.graphql.answers import Answer, body_of_error
from server.http.disconnects import client_is_gone
from server.http.negotiation import EVENT_STREAM, MULTIPART
from server.http.request_scope import RequestScope
from server.http.shutdown import Shutdown

HEARTBEAT_SECONDS = 10.0
_STUCK_SECONDS = 60.0
_BOUNDARY = b"\r\n--graphql"


class Framing(NamedTuple):
    media_type: str
    start: bytes
    frame: Callable[[bytes], bytes]
    refusal: Callable[[bytes], bytes]
    """Frames an error that ends the stream."""
    heartbeat: bytes
    end: bytes

    def whole(self, json: bytes) -> bytes:
        """The whole body for a single answer."""
        return self.start + self.frame(json) + self.end


def _event(json: bytes) -> bytes:
    return b"event: next\ndata: " + json + b"\n\n"


def _part(json: bytes) -> bytes:
    # Clients look for the boundary after a part before they read the part.
    return b"\r\ncontent-type: application/json\r\n\r\n" + json + _BOUNDARY


EVENTS = Framing(
    "text/event-stream; charset=utf-8",
    start=b":\n\n",
    frame=_event,
    refusal=_event,
    heartbeat=b":\n\n",
    end=b"event: complete\ndata:\n\n",
)
PARTS = Framing(
    'multipart/mixed; boundary="graphql"; subscriptionSpec=1.0',
    start=_BOUNDARY,
    frame=lambda json: _part(b'{"payload":' + json + b"}"),
    refusal=lambda json: _part(b'{"payload":null,' + json[1:]),
    heartbeat=_part(b"{}"),
    end=b"--\r\n",
)


FRAMINGS = {EVENT_STREAM: EVENTS, MULTIPART: PARTS}


class Stream:
    """An ASGI response to a subscription. It ends with the answers, with the client's connection, with the
    credentials or with the server.

    No answers wait to be sent: while a client does not read, none is made for it.
    """

    def __init__(
        self,
        answers: AsyncGenerator[Answer],
        framing: Framing,
        *,
        request_id: str,
        headers: Mapping[str, str],
        seconds: float | None,
        lease: ExitStack,
        shutdown: Shutdown,
    ) -> None:
        """`seconds`: how long the credentials are valid. The stream closes `lease` when it has ended."""
        self._results = answers
        self._framing = framing
        self._request_id = request_id
        self._headers = {
            **headers,
            "content-type": framing.media_type,
            "cache-control": "no-store",
            # Otherwise nginx would hold small pieces back until more of them come.
            "x-accel-buffering": "no",
        }
        self._seconds = seconds
        self._lease = lease
        self._shutdown = shutdown
        self._sending = Lock()
        self.errors: list[dict[str, Any]] = []
        """The errors of the last answer, as they were sent."""
        self.answers = 0
        self.bytes = 0

    def note_in(self, scope: RequestScope) -> None:
        """Call it once the stream has ended."""
        scope.is_answered, scope.status = True, 200
        scope.body_bytes, scope.answers, scope.errors = self.bytes, self.answers, self.errors

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in self._headers.items()]
        with self._lease, suppress(OSError):
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            if scope["method"] == "HEAD":
                await self._write_in_time(send, b"", is_last=True)
                return
            await self._write_in_time(send, self._framing.start)
            is_complete = await self._run(receive, send)
            await self._write_in_time(send, self._framing.end if is_complete else b"", is_last=True)

    async def _run(self, receive: Receive, send: Send) -> bool:
        """Sends the answers, and returns whether they or an error ended the stream."""
        producer = create_task(self._produce(send))
        ends = [create_task(client_is_gone(receive)), create_task(self._shutdown.wait())]
        heart = create_task(self._beat(send))
        try:
            done, _ = await wait({producer, *ends, heart}, timeout=self._seconds, return_when=FIRST_COMPLETED)
        finally:
            for task in (producer, *ends, heart):
                task.cancel()
            outcomes = await gather(producer, *ends, heart, return_exceptions=True)
        if not done:
            await self._refuse(send, Unauthenticated("The credentials have expired. Sign in again."))
            return True
        if producer not in done:
            return False
        if isinstance(outcomes[0], Exception):
            if isinstance(outcomes[0], OSError):
                return False
            await self._refuse(send, outcomes[0])
        return True

    async def _produce(self, send: Send) -> None:
        async with aclosing(self._results):
            async for answer in self._results:
                self.errors = answer.errors
                await self._write(send, self._framing.frame(answer.json))
                self.answers += 1

    async def _beat(self, send: Send) -> None:
        """Raises TimeoutError if the client does not read for too long, also while an answer is sent: the
        heartbeat waits until that is done.
        """
        while True:
            await sleep(HEARTBEAT_SECONDS)
            await self._write_in_time(send, self._framing.heartbeat)

    async def _refuse(self, send: Send, error: Exception) -> None:
        body = body_of_error(error, self._request_id)
        self.errors = body["errors"]
        json = orjson.dumps(body)
        await self._write_in_time(send, self._framing.refusal(json))

    async def _write_in_time(self, send: Send, body: bytes, *, is_last: bool = False) -> None:
        """Raises TimeoutError, which is an OSError, if the client does not read for too long."""
        async with timeout(_STUCK_SECONDS):
            await self._write(send, body, is_last=is_last)

    async def _write(self, send: Send, body: bytes, *, is_last: bool = False) -> None:
        # A timeout of its own would take a tenth of the time in which an answer is sent to one of many.
        async with self._sending:
            await send({"type": "http.response.body", "body": body, "more_body": not is_last})
            self.bytes += len(body)
