"""Later answers of subscriptions, which are made once for all who get the same."""

from hashlib import blake2b
from typing import NamedTuple

import orjson
from strawberry.types import ExecutionResult

from base.errors import Lapsed
from base.scheduler import RunQueue
from server.graphql.answers import Answer, answer_of
from server.graphql.errors import expected_in


class SharedAnswer(NamedTuple):
    number: int
    """Later answers of a group have greater numbers."""
    result: ExecutionResult
    """With its data as text."""
    answer: Answer | None
    """None if there are errors: each has the id of the request that it is told to."""
    digest: bytes
    """Of the answer; empty if there is none."""
    is_last: bool
    """Whether it ends the subscription."""

    async def told_to(self, request_id: str, run_queue: RunQueue) -> Answer:
        """Raises Lapsed."""
        if self.answer:
            return self.answer
        require_credentials(self.result)
        return await answer_of(self.result, request_id, run_queue)


async def shared_answer(
    number: int, result: ExecutionResult, run_queue: RunQueue, *, is_last: bool = False
) -> SharedAnswer:
    # The text is made once, also where each has errors of their own in it.
    data = result.data and {
        name: value and orjson.Fragment(orjson.dumps(value)) for name, value in result.data.items()
    }
    result = ExecutionResult(data=data, errors=result.errors)
    answer = None if result.errors else await answer_of(result, "", run_queue)
    return SharedAnswer(number, result, answer, digest_of(answer) if answer else b"", is_last)


def digest_of(answer: Answer) -> bytes:
    """Equal answers have equal digests."""
    return blake2b(answer.json, digest_size=16).digest()


def require_credentials(result: ExecutionResult) -> None:
    """Raises Lapsed."""
    for error in result.errors or ():
        if isinstance(expected := expected_in(error), Lapsed):
            raise expected
