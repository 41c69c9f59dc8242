"""The door in front of /graphql and the REST routes: it answers from what is kept, and keeps what they say.

It stands before everything else that a request goes through. What it does not answer goes on as it came.
"""

from asyncio import wait
from collections.abc import Hashable
from math import inf
from time import perf_counter
from typing import cast

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from base.networks import network_of
from base.scheduler import RunQueue
from resolvers.context import Services
from rest.table import prefixes
from server.graphql.keeping import Keeping
from server.graphql.kept_answers import KeptAnswer, KeptAnswers
from server.graphql.kept_replies import KeptReply
from server.graphql.kept_requests import KeptRequest, kept_request_of
from server.http.client_address import client_address
from server.http.request_spans import RequestTracer
from server.http.request_tallies import RequestTallies
from server.http.whole_answers import sending_whole, taken_cycle, takes_whole

_PATH = "/graphql"
_REST = tuple(f"{prefix}/" for prefix, _ in prefixes())
"""What the paths of REST routes begin with."""
_REQUEST = "viewgraph.kept_request"
_COST = 1
"""What a kept answer takes of its caller's share of the worker, in units of cost."""
_BYTES_A_UNIT = 64 * 1024
"""A large answer takes longer to send: a unit more for so many bytes."""
_LARGE_BYTES = 128 * 1024
"""A larger answer waits for its turn."""
_WAIT_SECONDS = 1.0
"""How long a request waits for another one that asks for the same."""


class AnswerFromKept:
    def __init__(
        self,
        app: ASGIApp,
        services: Services,
        kept: KeptAnswers,
        tallies: RequestTallies | None = None,
        tracer: RequestTracer | None = None,
    ) -> None:
        self._app = app
        self._kept = kept
        self._tallies = tallies
        self._tracer = tracer
        self._rates = services.rates
        self._queue = services.fair_queue
        self._clock = services.clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not _is_asked(scope["path"]):
            await self._app(scope, receive, send)
            return
        began = perf_counter()
        request = scope.pop(_REQUEST, None) or kept_request_of(scope)
        if request is None:
            await self._app(scope, receive, send)
            return
        if request.key is None:
            request.receive(receive)
        if request.key is None:
            await self._app(scope, _again(request, receive), send)
        elif reply := self._reply(request, scope, began) or await self._later_reply(request, scope, began):
            if len(reply.form.body) > _LARGE_BYTES:
                # Who asks for many of them without reading any would hold the event loop.
                await RunQueue().wait_turn()
            cycle = taken_cycle(scope)
            if cycle and takes_whole(cycle):
                reply.send_whole(cycle)
            else:
                await reply.send(send)
            reply.end(self._tallies, self._tracer)
        else:
            await self._make(request, scope, _again(request, receive), send)

    def answer_at_once(self, cycle: RequestResponseCycle) -> bool:
        """Answers a request that came as a whole, before a task is made for it. Returns whether it did."""
        scope = cast("Scope", cycle.scope)
        if not _is_asked(scope["path"]):
            return False
        began = perf_counter()
        request = kept_request_of(scope)
        if request is None:
            return False
        if request.key is None:
            request.ask(bytes(cycle.body))
        reply = self._reply(request, scope, began, most_bytes=_LARGE_BYTES)
        if reply is None:
            # The task that follows need not look at the headers again.
            scope[_REQUEST] = request
            return False
        reply.send_whole(cycle)
        reply.end(self._tallies, self._tracer)
        return True

    def _reply(
        self, request: KeptRequest, scope: Scope, began: float, *, most_bytes: float = inf
    ) -> KeptReply | None:
        """The reply from what is kept. None if nothing is kept, if it is too large, or if the caller may not
        have it now.
        """
        now = self._clock().timestamp()
        answer = self._kept.find(request.key, now)
        if answer is None:
            return None
        form = answer.form_for(request)
        if form is None or len(form.body) > most_bytes:
            return None
        address = client_address(scope)
        caller = _caller(answer, address)
        if self._queue.has_to_wait(caller):
            return None
        budget = self._rates.spend(answer.viewer, address, answer.cost, now, writes=False)
        if budget is not None and budget.wait:
            # The endpoint says so.
            return None
        self._queue.charge(caller, _COST + len(form.body) // _BYTES_A_UNIT)
        return KeptReply(request, answer, form, budget, began)

    async def _later_reply(self, request: KeptRequest, scope: Scope, began: float) -> KeptReply | None:
        """The same after waiting: for another request that makes the answer, or for the caller's turn."""
        making = self._kept.making.get(request.key)
        if making is not None:
            # It is not awaited itself: who is cancelled while awaiting it would cancel it.
            await wait({making}, timeout=_WAIT_SECONDS)
        answer = self._kept.find(request.key, self._clock().timestamp())
        if answer is None:
            return None
        await self._queue.wait(_caller(answer, client_address(scope)))
        return self._reply(request, scope, began)

    async def _make(self, request: KeptRequest, scope: Scope, receive: Receive, send: Send) -> None:
        if self._tallies:
            self._tallies.kept_misses += 1
        keeping = Keeping(self._kept, request)
        keeping.announce(scope)
        try:
            await self._app(scope, receive, keeping.noting(sending_whole(scope, send)))
        finally:
            keeping.end()


def _is_asked(path: str) -> bool:
    return path == _PATH or path.startswith(_REST)


def _caller(answer: KeptAnswer, address: str) -> Hashable:
    user_id = answer.viewer.user_id
    return network_of(address) if user_id is None else user_id


def _again(request: KeptRequest, receive: Receive) -> Receive:
    """What was received already comes first."""
    received = iter(request.received)

    async def again() -> Message:
        for message in received:
            return message
        if request.rest is not None:
            rest, request.rest = request.rest, None
            return await rest
        return await receive()

    return again if request.received or request.rest else receive
