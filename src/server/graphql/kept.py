"""The door in front of /graphql: it answers from what is kept, and keeps what the endpoint answers.

It stands before everything else that a request goes through. What it does not answer goes on as it came.
"""

from asyncio import wait
from time import perf_counter
from typing import NamedTuple

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from auth.rates import Budget
from base.networks import network_of
from resolvers.context import Services
from server.graphql.keeping import Keeping
from server.graphql.kept_answers import Form, KeptAnswer, KeptAnswers
from server.graphql.kept_requests import KeptRequest, kept_request_of
from server.http import access_log
from server.http.client_address import client_address
from server.http.rate_limit_headers import left, policy
from server.http.tracing import request_id_in, trace_in
from server.http.whole_answers import joined, sent_whole

_PATH = "/graphql"
_COST = 1
"""What a kept answer takes of its caller's share of the worker, in units of cost."""
_WAIT_SECONDS = 1.0
"""How long a request waits for another one that asks for the same."""


class Asked(NamedTuple):
    request: KeptRequest
    scope: Scope
    began: float
    """By `perf_counter`."""


class AnswerFromKept:
    def __init__(self, app: ASGIApp, services: Services, kept: KeptAnswers) -> None:
        self._app = app
        self._kept = kept
        self._rates = services.rates
        self._queue = services.fair_queue
        self._clock = services.clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] != _PATH:
            await self._app(scope, receive, send)
            return
        began = perf_counter()
        request = kept_request_of(scope, receive)
        if request is None:
            await self._app(scope, receive, send)
            return
        if request.key is None:
            await self._app(scope, _again(request, receive), send)
            return
        if not await self._answer(Asked(request, scope, began), send):
            await self._make(request, scope, _again(request, receive), send)

    async def _answer(self, asked: Asked, send: Send) -> bool:
        """Answers from what is kept, and returns whether it did."""
        request, now = asked.request, self._clock().timestamp()
        answer = self._kept.find(request.key, now)
        if answer is None:
            making = self._kept.making.get(request.key)
            if making is None:
                return False
            # It is not awaited itself: who is cancelled while awaiting it would cancel it.
            await wait({making}, timeout=_WAIT_SECONDS)
            answer = self._kept.find(request.key, now)
            if answer is None:
                return False
        form = answer.form_for(request)
        if form is None:
            return False
        viewer, address = answer.viewer, client_address(asked.scope)
        user_id = viewer.user_id
        caller = network_of(address) if user_id is None else user_id
        if self._queue.has_to_wait(caller):
            await self._queue.wait(caller)
            if self._kept.find(request.key, now := self._clock().timestamp()) is not answer:
                return False
        budget = self._rates.spend(viewer, address, answer.cost, now, writes=False)
        if budget is not None and budget.wait:
            # The endpoint says so.
            return False
        self._queue.charge(caller, _COST)
        await _send(asked, answer, form, budget, send)
        return True

    async def _make(self, request: KeptRequest, scope: Scope, receive: Receive, send: Send) -> None:
        keeping = Keeping(self._kept, request)
        keeping.announce(scope)
        try:
            await self._app(scope, receive, keeping.noting(send))
        finally:
            keeping.end()


async def _send(asked: Asked, answer: KeptAnswer, form: Form, budget: Budget | None, send: Send) -> None:
    request = asked.request
    id = request_id_in(request.id)
    own = [(b"x-request-id", id.encode())]
    if budget is not None:
        own.append((b"ratelimit", left(budget).encode()))
        own.append((b"ratelimit-policy", policy(budget.limit).encode()))
    if answer.has_timing:
        milliseconds = 1000 * (perf_counter() - asked.began)
        own.append((b"server-timing", b"database;dur=0.00, total;dur=%.2f" % milliseconds))
    if not sent_whole(asked.scope, form.status, form.head + joined(own), form.body):
        await send({"type": "http.response.start", "status": form.status, "headers": form.headers + own})
        await send({"type": "http.response.body", "body": form.body})
    if access_log.is_written():
        answer.line.write(
            id,
            trace_in(request.parents),
            request.method,
            form.status,
            len(form.body),
            perf_counter() - asked.began,
        )


def _again(request: KeptRequest, receive: Receive) -> Receive:
    """What was received already comes first."""
    received = iter(request.received)

    async def again() -> Message:
        for message in received:
            return message
        return await receive()

    return again if request.received else receive
