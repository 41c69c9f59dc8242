"""The answers to an operation: a single one, or for a subscription one after the other."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from strawberry.types import ExecutionResult

from execution.subscriptions import subscribe
from resolvers.context import Context
from server.graphql.answers import Answer, answer_of, answered
from server.graphql.requested_documents import RequestedOperation
from server.graphql.shared_answers import require_credentials
from server.graphql.subscriber_group import Subscriber
from server.graphql.subscriber_groups import SubscriberGroups
from server.graphql.to_its_end import to_its_end


def answers(
    context: Context, asked: RequestedOperation, request_id: str, groups: SubscriberGroups
) -> AsyncGenerator[Answer]:
    """Yields one answer to a query or a mutation, and any number to a subscription. It leaves out an answer
    that equals the one before, so that nobody learns when something changed that they may not see.

    Raises Lapsed when the credentials expire, and every error because of which nothing can be executed.
    """
    if asked.is_subscription:
        return _every_answer(context, asked, request_id, groups)
    return _one_answer(context, asked, request_id)


async def _one_answer(context: Context, asked: RequestedOperation, request_id: str) -> AsyncGenerator[Answer]:
    answer = await answered(context, asked, request_id)
    if answer.is_valid:
        asked.keep_document()
    yield answer


async def _every_answer(
    context: Context, asked: RequestedOperation, request_id: str, groups: SubscriberGroups
) -> AsyncGenerator[Answer]:
    subscriber: Subscriber | None = None
    try:
        await context.services.fair_queue.wait(context.caller)
        async with aclosing(subscribe(context, asked.operation, asked.variables)) as results:
            answer = await _first_answer(context, results, request_id)
            if context.source:
                # The source still notes changes: none is missed in between.
                subscriber = groups.join(context, asked, request_id, answer)
        if answer.is_valid:
            asked.keep_document()
        yield answer
        while subscriber and (later := await subscriber.next()):
            yield later
    finally:
        context.end_turn()
        if subscriber:
            await subscriber.leave()


async def _first_answer(
    context: Context, results: AsyncGenerator[ExecutionResult], request_id: str
) -> Answer:
    async def made() -> ExecutionResult:
        return await anext(results)

    result = await to_its_end(context, made())
    require_credentials(result)
    answer = await answer_of(result, request_id, context.run_queue)
    # The turn ends before the answer is sent, so that nobody else waits for a slow client.
    context.end_turn()
    return answer
