"""Later answers of subscriptions, which are made once for all who get the same."""

from hashlib import blake2b
from typing import NamedTuple

import orjson
from strawberry.types import ExecutionResult

from base.errors import Lapsed
from base.json_text import json_text
from base.scheduler import RunQueue
from resolvers.context import Context
from server.graphql.answers import Answer, answer_of
from server.graphql.errors import expected_in


class SharedAnswer(NamedTuple):
    number: int
    """Later answers of a group have greater numbers."""
    answer: Answer | None
    """None if there are errors: each has the id of the request that it is told to."""
    with_errors: ExecutionResult | None
    """Then this is what it is made of, with its data as text."""
    digest: bytes
    """Of the answer; empty if there is none."""
    is_last: bool
    """Whether it ends the subscription."""

    async def told_to(self, context: Context, request_id: str) -> Answer:
        """Raises Lapsed."""
        if self.answer:
            return self.answer
        assert self.with_errors, "what has no answer has errors"
        require_credentials(self.with_errors)
        return await answer_of(self.with_errors, request_id, context.run_queue)


async def shared_answer(
    number: int, result: ExecutionResult, run_queue: RunQueue, *, is_last: bool = False
) -> SharedAnswer:
    if not result.errors:
        answer = await answer_of(result, "", run_queue)
        return SharedAnswer(number, answer, None, digest_of(answer), is_last)
    data = result.data and {
        name: value and orjson.Fragment(json_text(value)) for name, value in result.data.items()
    }
    return SharedAnswer(number, None, ExecutionResult(data=data, errors=result.errors), b"", is_last)


def digest_of(answer: Answer) -> bytes:
    """Equal answers have equal digests."""
    return blake2b(answer.json, digest_size=16).digest()


def require_credentials(result: ExecutionResult) -> None:
    """Raises Lapsed."""
    for error in result.errors or ():
        if isinstance(expected := expected_in(error), Lapsed):
            raise expected
