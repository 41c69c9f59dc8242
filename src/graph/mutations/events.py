from typing import Annotated

import strawberry

from auth.viewer import TokenScope
from graph.directives import A_WRITE, THE_EVENTS
from graph.event_inputs import EventInput
from graph.event_variables import reported_events
from graph.fields import argument, mutation
from graph.info import Info
from graph.types.payloads import RecordEventsPayload
from resolvers import recording


@strawberry.type
class EventMutations:
    """Reported events."""

    @mutation(TokenScope.WORKSPACE, costs=[A_WRITE, THE_EVENTS])
    async def record_events(
        self,
        info: Info,
        events: Annotated[
            list[EventInput],
            argument(
                "What happened: at most `limits.maxEvents` events. A variable is read a hundred times as "
                "fast as a list in the document."
            ),
        ],
    ) -> RecordEventsPayload | None:
        """Stores and counts events, each by itself: an event that is dropped does not affect the others. An
        event whose id was stored before is a duplicate and changes nothing, so a client can retry. What the
        answer acknowledges survives a crash."""
        return RecordEventsPayload.of(
            await recording.record(info.context, reported_events(info.context, events))
        )
