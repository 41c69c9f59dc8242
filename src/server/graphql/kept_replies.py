"""The reply to a request from what is kept: what is its own, beside what all replies have."""

from time import perf_counter

from starlette.types import Send
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from auth.rates import Budget
from server.graphql.kept_answers import Form, KeptAnswer
from server.graphql.kept_requests import KeptRequest
from server.http import access_log
from server.http.rate_limit_headers import left, policy
from server.http.request_spans import RequestTracer
from server.http.request_tallies import RequestTallies
from server.http.tracing import request_id_in, trace_in
from server.http.whole_answers import send_whole


class KeptReply:
    __slots__ = ("_answer", "_began", "_budget", "_id", "_request", "form")

    def __init__(
        self, request: KeptRequest, answer: KeptAnswer, form: Form, budget: Budget | None, began: float
    ) -> None:
        self._request = request
        self._answer = answer
        self.form = form
        self._budget = budget
        self._began = began
        self._id = request_id_in(request.id)

    def send_whole(self, cycle: RequestResponseCycle) -> None:
        """Sends it in one piece."""
        form = self.form
        send_whole(cycle, form.status, self._head(), form.body)

    def _head(self) -> bytes:
        """All headers, each with its line break."""
        budget = self._budget
        own = f"x-request-id: {self._id}\r\n"
        if budget is not None:
            own += f"ratelimit: {left(budget)}\r\nratelimit-policy: {policy(budget.limit)}\r\n"
        if self._answer.has_timing:
            own += f"server-timing: {self._timing()}\r\n"
        return self.form.head + own.encode()

    async def send(self, send: Send) -> None:
        """Sends it in two messages, as every server takes it."""
        form, budget = self.form, self._budget
        own = {"x-request-id": self._id}
        if budget is not None:
            own |= {"ratelimit": left(budget), "ratelimit-policy": policy(budget.limit)}
        if self._answer.has_timing:
            own["server-timing"] = self._timing()
        headers = [*form.headers, *((name.encode(), value.encode()) for name, value in own.items())]
        await send({"type": "http.response.start", "status": form.status, "headers": headers})
        await send({"type": "http.response.body", "body": form.body})

    def end(self, tallies: RequestTallies | None, tracer: RequestTracer | None) -> None:
        """Writes the line, adds the request up, and traces it."""
        seconds = perf_counter() - self._began
        if access_log.is_written():
            request, form = self._request, self.form
            self._answer.line.write(
                self._id,
                trace_in(request.parents) if request.parents else None,
                request.method,
                form.status,
                len(form.body),
                seconds,
            )
        if tallies:
            answer = self._answer
            line = answer.line.line
            tallies.kept_hits += 1
            tallies.note(
                line.get("path", "/graphql"),
                line.get("operation"),
                "OK",
                seconds,
                answer.cost,
                0,
                is_signed_in=answer.viewer.user_id is not None,
            )
        if tracer:
            self._trace(tracer)

    def _trace(self, tracer: RequestTracer) -> None:
        request = self._request
        if span := tracer.begin(request.parents, (), self._began):
            own = {"request_id": self._id, "method": request.method, "status": self.form.status}
            span.end({**self._answer.line.line, **own}, ())

    def _timing(self) -> str:
        return f"database;dur=0.00, total;dur={1000 * (perf_counter() - self._began):.2f}"
