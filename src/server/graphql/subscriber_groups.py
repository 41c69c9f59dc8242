"""Finds the group of subscribers that a subscription belongs to."""

from collections.abc import Hashable
from functools import partial
from typing import NamedTuple

import msgspec

from auth.sign_in import shown_credentials
from auth.viewer import Viewer
from base.errors import Unavailable
from ingest.topics import Topic
from resolvers.context import Context
from resolvers.execution import Execution
from server.graphql.answers import Answer
from server.graphql.requested_documents import RequestedOperation
from server.graphql.subscriber_group import Subscriber, SubscriberGroup


class _Key(NamedTuple):
    """All that an answer depends on. Those for whom it is equal get the same answers."""

    document: str
    """Its hash."""
    operation: str | None
    variables: bytes
    viewer: Viewer
    credentials: str
    """As they were sent: others of the same viewer may end at another time."""
    base_url: str
    topics: tuple[Topic, ...]
    """They tell apart what the same URL named at different times."""


class SubscriberGroups:
    """It outlives requests."""

    def __init__(self) -> None:
        self._groups: dict[Hashable, SubscriberGroup] = {}

    def join(self, context: Context, asked: RequestedOperation, request_id: str, first: Answer) -> Subscriber:
        """Joins the group of those who get the same answers. `first`: the first answer, which the subscriber
        has read by itself.
        """
        assert context.watch, "who joins a group has read its source"
        key = _key_of(context, asked)
        group = self._groups.get(key)
        if group is None:
            group = SubscriberGroup(_own_context(context, key), asked, partial(self._forget, key))
            self._groups[key] = group
        if context.watch.has_changed:
            # After the first answer was read, or just before.
            group.watch.wake()
        if any(error["extensions"]["code"] == Unavailable.code for error in first.errors):
            group.wake_soon()
        return Subscriber(group, context, request_id, first)

    def _forget(self, key: _Key, group: SubscriberGroup) -> None:
        if self._groups.get(key) is group:
            del self._groups[key]


def _key_of(context: Context, asked: RequestedOperation) -> _Key:
    assert context.source
    return _Key(
        asked.operation.document.hash,
        asked.operation.own_name,
        msgspec.json.encode(asked.variables or {}, order="sorted"),
        context.viewer,
        shown_credentials(context.credentials),
        context.base_url(),
        context.source.topics,
    )


def _own_context(context: Context, key: _Key) -> Context:
    """A context that keeps nothing of the subscriber who comes first."""
    execution = context.execution
    own = Context(
        context.services,
        context.now,
        base_url=lambda: key.base_url,
        credentials={"authorization": key.credentials} if key.credentials else {},
        viewer=key.viewer,
        execution=Execution(operation=execution.operation, cost=execution.cost, points=execution.points),
    )
    own.source = context.source
    return own
