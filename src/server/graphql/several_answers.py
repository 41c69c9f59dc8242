"""The answers to an operation: a single one, or for a subscription one after the other."""

from asyncio import get_running_loop
from collections.abc import AsyncGenerator
from contextlib import aclosing

from strawberry.types import ExecutionResult

from execution.subscriptions import subscribe
from resolvers.context import Context
from server.graphql.answers import Answer, answer_of, answered
from server.graphql.requested_documents import RequestedOperation
from server.graphql.shared_answers import AGAIN_SECONDS, is_incomplete, require_credentials
from server.graphql.subscriber_group import Subscriber
from server.graphql.subscriber_groups import SubscriberGroups
from server.graphql.whole import made_whole


async def answers(
    context: Context, asked: RequestedOperation, request_id: str, groups: SubscriberGroups
) -> AsyncGenerator[Answer]:
    """Yields one answer to a query or a mutation, and any number to a subscription. It leaves out an answer
    that equals the one before, so that nobody learns when something changed that they may not see.

    Raises Lapsed when the credentials expire, and every error because of which nothing can be executed.
    """
    subscriber: Subscriber | None = None
    try:
        if asked.is_subscription:
            answer, subscriber = await _first_answer(context, asked, request_id, groups)
        else:
            answer = await answered(context, asked, request_id)
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
    context: Context, asked: RequestedOperation, request_id: str, groups: SubscriberGroups
) -> tuple[Answer, Subscriber | None]:
    """The first answer, and who gets the later ones; nobody if there are none."""
    await context.services.fair_queue.wait(context.caller)
    async with aclosing(subscribe(context, asked.operation, asked.variables)) as results:

        async def made() -> ExecutionResult:
            return await anext(results)

        result = await made_whole(context, made())
        require_credentials(result)
        answer = await answer_of(result, request_id, context.run_queue)
        result.data = None
        # The turn ends before the answer is sent, so that nobody else waits for a slow client.
        context.end_turn()
        if context.source is None:
            return answer, None
        # The source still notes changes: none is missed in between.
        subscriber = groups.join(context, asked, request_id, answer)
        if is_incomplete(answer):
            get_running_loop().call_later(AGAIN_SECONDS, subscriber.group.watch.wake)
        return answer, subscriber
