"""Keeps the answer that the endpoint gives to a request, if it may be kept."""

from asyncio import Future, get_running_loop
from typing import Any, NamedTuple

from starlette.requests import Request
from starlette.types import Message, Scope, Send

from resolvers.context import Context
from server.graphql.kept_answers import KeptAnswer, KeptAnswers, end_of, form_of, unmodified
from server.graphql.kept_requests import KeptRequest
from server.graphql.replies import Reply
from server.http.access_log import repeated_line
from server.http.request_scope import RequestScope
from server.http.whole_answers import Header

_IN_SCOPE = "viewgraph.keeping"
_OF_EACH_REQUEST = frozenset({b"x-request-id", b"ratelimit", b"ratelimit-policy", b"server-timing"})
_TIMING = b"server-timing"
_TAG = b"etag"


class _Made(NamedTuple):
    """What the endpoint says of its answer."""

    context: Context
    seconds: int
    """For so long caches may keep it."""
    line: dict[str, Any]
    """Fields of the line in the log."""


class Keeping:
    """The making of one answer."""

    def __init__(self, kept: KeptAnswers, request: KeptRequest) -> None:
        self._kept = kept
        self._request = request
        # This comes first: what is committed from now on may be missing in the answer.
        self._marks = kept.freshness.marks()
        self._making: Future[None] | None = None
        self._expires_at: float | None = None
        self._made: _Made | None = None
        self._head: list[Header] = []
        self._status = 0
        self._body: bytes | None = None

    def announce(self, scope: Scope) -> None:
        """Lets the endpoint find this."""
        scope[_IN_SCOPE] = self

    async def begin(self, context: Context) -> None:
        """A query begins. Who asks the same meanwhile waits for it."""
        if self._marks is None or context.viewer.refusal:
            self._marks = None
            return
        expiry = await context.expiry(context.services.viewer_cache)
        self._expires_at = expiry.timestamp() if expiry else None
        if self._request.key not in self._kept.making:
            self._making = self._kept.making[self._request.key] = get_running_loop().create_future()

    def made(self, context: Context, reply: Reply, scope: RequestScope) -> None:
        """The query is answered. The answer is kept if it has no errors, and can be given again."""
        lifetime, answer = reply.lifetime, reply.answer
        if lifetime is None or answer.errors or reply.headers or not context.execution.is_repeatable:
            return
        line = {
            name: value
            for name, value in scope.log_line().items()
            if name in ("operation", "type", "cost", "viewer") or name in scope.log_fields
        }
        self._made = _Made(context, lifetime.seconds, line)

    def noting(self, send: Send) -> Send:
        async def noted(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._status, self._head = message["status"], list(message["headers"])
            elif self._body is None and not message.get("more_body"):
                self._body = message.get("body", b"")
            else:
                # A stream is not kept.
                self._made = None
            await send(message)

        return noted

    def end(self) -> None:
        if self._made and self._marks and self._status in (200, 304):
            self._kept.keep(self._request.key, self._kept_answer(self._made))
        # The scope has this, and so has the context: the text must not wait for the collector of garbage.
        self._made = self._body = None
        if self._making:
            del self._kept.making[self._request.key]
            self._making.set_result(None)

    def _kept_answer(self, made: _Made) -> KeptAnswer:
        assert self._marks
        context, request = made.context, self._request
        is_shared = made.seconds > 0 and not request.has_credentials
        until = end_of(made.seconds, context.now.timestamp())
        names = {name for name, _ in self._head}
        head = [header for header in self._head if header[0] not in _OF_EACH_REQUEST]
        is_whole = self._status == 200
        return KeptAnswer(
            whole=form_of(200, head, self._body or b"") if is_whole and request.method != "HEAD" else None,
            only_head=form_of(200, head) if is_whole else None,
            unmodified=form_of(304, unmodified(head)),
            tag=next((value.decode() for name, value in head if name == _TAG), None),
            mark=self._marks.changes if is_shared else self._marks.all,
            is_shared=is_shared,
            until=until if self._expires_at is None else min(until, self._expires_at),
            viewer=context.viewer,
            cost=context.execution.cost or 1,
            line=repeated_line({**made.line, "statements": 0, "database_ms": 0.0, "kept": True}),
            has_timing=_TIMING in names,
            key_bytes=request.key_bytes,
        )


def without_keeping(scope: Scope) -> Scope:
    """The same request, but nothing of its answer is kept."""
    return {name: value for name, value in scope.items() if name != _IN_SCOPE}


def keeping_of(request: Request) -> Keeping | None:
    """None if no answer to this request is kept."""
    found: Keeping | None = request.scope.get(_IN_SCOPE)
    return found
