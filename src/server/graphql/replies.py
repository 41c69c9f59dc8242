"""Replies to HTTP requests to /graphql: an answer with its status and headers."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from base.errors import BadUserInput, TooExpensive, Unavailable
from resolvers.context import Context
from resolvers.execution import Lifetime
from server.graphql.answers import Answer, answer_of_error
from server.graphql.errors import expected_in
from server.graphql.streams import Framing
from server.http.errors import Code, RequestRefused
from server.http.negotiation import GRAPHQL_JSON, JSON
from server.http.responses import Content


class Reply(NamedTuple):
    answer: Answer
    status: int | None = None
    """None if the answer and the media type determine it."""
    headers: Mapping[str, str] = MappingProxyType({})
    lifetime: Lifetime | None = None
    """None if no cache may keep it."""
    framing: Framing | None = None
    """None for JSON."""
    is_batch: bool = False
    """Whether it is a list of answers. The media type of GraphQL is for a single one."""

    def content(self, media_type: str | None, *, has_draft_statuses: bool) -> Content:
        """`media_type`: the type of JSON that the client prefers; None if it accepts none."""
        json, framing = self.answer.json, self.framing
        media_type = JSON if self.is_batch else media_type
        return Content(
            framing.whole(json) if framing else json,
            self.status or _status(self.answer, media_type, has_draft_statuses=has_draft_statuses),
            framing.media_type if framing else f"{media_type or JSON}; charset=utf-8",
            self.lifetime,
        )


def reply_of(answer: Answer, context: Context, framing: Framing | None) -> Reply:
    token = context.new_token
    headers = {"x-auth-token": f"Bearer {token}"} if token else {}
    operation = context.execution.operation
    lifetime = None if answer.errors or operation is None else operation.lifetime
    return Reply(answer, None, headers, lifetime, framing)


def reply_of_error(error: Exception, request_id: str) -> Reply:
    """The reply to a request of which nothing was executed."""
    answer = answer_of_error(error, request_id)
    if isinstance(error, RequestRefused):
        return Reply(answer, error.status, error.headers)
    expected = expected_in(error)
    if expected is None:
        return Reply(answer, 500)
    if isinstance(expected, BadUserInput | TooExpensive):
        # The request is well formed, so its status depends on the media type.
        return Reply(answer)
    return Reply(answer, expected.status, retry_after(expected.extensions))


def retry_after(extensions: Mapping[str, Any]) -> dict[str, str]:
    seconds = extensions.get("retryAfter")
    return {} if seconds is None else {"retry-after": str(seconds)}


def _status(answer: Answer, media_type: str | None, *, has_draft_statuses: bool) -> int:
    """The status of a request that is well formed: with application/json it is 200, even for errors."""
    if not answer.errors:
        return 200
    if _is_unavailable(answer):
        return Unavailable.status
    if media_type != GRAPHQL_JSON:
        return 200
    if answer.is_executed:
        return 294 if has_draft_statuses else 200
    is_parsed = answer.errors[0]["extensions"]["code"] != Code.GRAPHQL_PARSE_FAILED
    return 422 if is_parsed and has_draft_statuses else 400


def _is_unavailable(answer: Answer) -> bool:
    """Whether the answer has nothing but errors of the database. Then a proxy sees by the status alone that
    it can try another server.
    """
    return answer.is_empty and all(error["extensions"]["code"] == Unavailable.code for error in answer.errors)
