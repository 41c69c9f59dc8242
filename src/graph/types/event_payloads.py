"""What mutations of events give back."""

from typing import Self

import strawberry

from graph.fields import described
from ingest.admission import Reason
from ingest.events_by_id import Removal, Removals, RemovalStatus
from ingest.outcomes import EventOutcome, EventStatus, Outcomes


@strawberry.type(description="What became of one event.")
class EventResult:
    id: strawberry.ID = described(
        "The event's id: as given, or as made by the server; empty for a dropped event without one."
    )
    status: EventStatus = described("Whether it was stored now, was stored before, or was dropped.")
    reason: str | None = described(f"Null unless it was dropped. Why it was dropped: {', '.join(Reason)}.")
    clock_correction: int | None = described(
        "How many seconds were added to the given time, because `sentAt` showed that the sender's clock "
        "was wrong: more than 0 if it was behind, less than 0 if it was ahead. Null if the time was not "
        "corrected."
    )

    @classmethod
    def of(cls, outcome: EventOutcome) -> Self:
        return cls(
            id=strawberry.ID(str(outcome.id)),
            status=outcome.status,
            reason=outcome.reason,
            clock_correction=outcome.clock_behind or None,
        )


@strawberry.type(description="What became of the events. What is stored is counted, and survives a crash.")
class RecordEventsPayload:
    stored: int = described("How many events were new, and are stored now.")
    duplicates: int = described("How many events had an id that was stored before. They changed nothing.")
    dropped: int = described(
        "How many events were refused, each for the `reason` in its result. They changed nothing."
    )
    corrected: int = described(
        "How many of the stored events are counted at another time than given, because the sender's clock "
        "was wrong: see `clockCorrection`."
    )
    results: list[EventResult] = described("One for each event given, in the order in which they were given.")

    @classmethod
    def of(cls, outcomes: Outcomes) -> Self:
        return cls(
            stored=outcomes.stored,
            duplicates=outcomes.duplicates,
            dropped=outcomes.dropped,
            corrected=outcomes.corrected,
            results=[EventResult.of(outcome) for outcome in outcomes],
        )


@strawberry.type(description="What became of one event that was to be taken back.")
class EventRemoval:
    id: strawberry.ID = described("The id, as it was given.")
    status: RemovalStatus = described("Whether the event is gone now, or why it is not.")

    @classmethod
    def of(cls, removal: Removal) -> Self:
        return cls(id=strawberry.ID(removal.id), status=removal.status)


@strawberry.type(description="What became of the events that were to be taken back.")
class RemoveEventsPayload:
    removed: int = described("How many events were taken back.")
    results: list[EventRemoval] = described("One for each id given, in the order in which they were given.")

    @classmethod
    def of(cls, removals: Removals) -> Self:
        return cls(removed=removals.removed, results=[EventRemoval.of(one) for one in removals.each])
