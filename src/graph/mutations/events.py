from typing import Annotated

import strawberry

from auth.viewer import TokenScope
from graph.directives import A_REMOVAL, A_WRITE, THE_EVENTS, THE_IDS
from graph.event_inputs import EventInput
from graph.event_subjects import EventSubject
from graph.event_variables import reported_events
from graph.fields import argument, mutation
from graph.info import Info
from graph.types.event_payloads import RecordEventsPayload, RemoveEventsPayload
from resolvers import recording, removing


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

    @mutation(TokenScope.WORKSPACE, costs=[A_REMOVAL, THE_IDS])
    async def remove_events(
        self,
        info: Info,
        subject: Annotated[EventSubject, argument("What all these events happened to.")],
        event_ids: Annotated[
            list[strawberry.ID],
            argument("The ids of the events, as `recordEvents` gave them: at most `limits.maxEvents`."),
        ],
    ) -> RemoveEventsPayload | None:
        """Takes back events that were wrong: whoever may report on the subject may do so. They are deleted,
        and no longer count in any total, series or number of visitors. Each id has a result of its own. A
        second time changes nothing, so a client can retry. An event that is sent again counts again.
        NOT_FOUND for a subject that is not there, or on which the viewer may not report."""
        return RemoveEventsPayload.of(await removing.remove(info.context, subject.wire(), event_ids))
