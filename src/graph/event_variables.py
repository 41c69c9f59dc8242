"""Lists of events in variables. They do not go through GraphQL's own coercion, which takes a hundred times as
long.

msgspec decodes a variable that is a list of EventInput, and GraphQL gets one placeholder in its place. Events
that are written into the document itself go the usual way.
"""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import uuid4

from graphql import (
    ListTypeNode,
    NamedTypeNode,
    NonNullTypeNode,
    OperationDefinitionNode,
    TypeNode,
)
from msgspec.structs import astuple

from base.errors import BadUserInput
from graph.document import Operation
from graph.event_inputs import EventInput
from ingest.wire import (
    InvalidEvents,
    WireDevice,
    WireEvent,
    WireSubject,
)
from ingest.wire_columns import WireColumns, columns_from_values
from resolvers.context import Context

EVENT_TYPE = "EventInput"
_OTHER_SUBJECTS = len(WireSubject.__struct_fields__) - 1


def without_events(
    context: Context, operation: Operation, variables: dict[str, Any] | None
) -> dict[str, Any] | None:
    """The variables, with placeholders for lists of events. The context holds the decoded lists.

    Raises BAD_USER_INPUT, which says where in the list the mistake is.
    """
    definition = operation.definition
    if not variables or EVENT_TYPE not in operation.document.text or definition is None:
        return variables
    given = dict(variables)
    for name in _event_variables(definition):
        if isinstance(given.get(name), list):
            given[name] = [_placeholder(context, name, given[name])]
    return given


def _placeholder(context: Context, name: str, values: list[Any]) -> dict[str, Any]:
    id = uuid4().hex
    context.event_lists[id] = decoded_events(name, values)
    return {"id": id, "action": "VIEW", "subject": {"publicationId": ""}}


def decoded_events(name: str, values: list[Any]) -> WireColumns:
    """The events in the variable `name`. As in a literal, each event has exactly one subject, and null means
    absent.

    Raises BAD_USER_INPUT.
    """
    try:
        events = columns_from_values(values)
        unclear = unclear_subjects(events.subjects)
        for place, subject in enumerate(events.subjects if unclear else ()):
            if subject in unclear:
                raise InvalidEvents(f"Object has not exactly one field - at `$[{place}].subject`")
        return events
    except InvalidEvents as error:
        raise BadUserInput(
            f"Variable `${name}` is no list of events: {error}.", argument=name, reason="INVALID_EVENTS"
        ) from None


def unclear_subjects(subjects: Iterable[WireSubject]) -> set[WireSubject]:
    """Those that are not named by exactly one field."""
    return {one for one in set(subjects) if astuple(one).count(None) != _OTHER_SUBJECTS}


def _event_variables(operation: OperationDefinitionNode) -> list[str]:
    """The operation's variables that are lists of events."""
    return [
        variable.variable.name.value
        for variable in operation.variable_definitions or ()
        if _is_event_list(variable.type)
    ]


def _is_event_list(type_: TypeNode) -> bool:
    outer = type_.type if isinstance(type_, NonNullTypeNode) else type_
    if not isinstance(outer, ListTypeNode):
        return False
    inner = outer.type.type if isinstance(outer.type, NonNullTypeNode) else outer.type
    return isinstance(inner, NamedTypeNode) and inner.name.value == EVENT_TYPE


def reported_events(context: Context, events: Sequence[EventInput]) -> WireColumns:
    if len(events) == 1 and events[0].id in context.event_lists:
        return context.event_lists[events[0].id]
    return WireColumns.of(map(_wire, events))


def _wire(event: EventInput) -> WireEvent:
    return WireEvent(
        subject=event.subject.wire(),
        action=event.action,
        id=event.id,
        occurred_at=event.occurred_at,
        view_id=event.view_id,
        device_category=WireDevice[event.device_category.name] if event.device_category else None,
        domain=event.domain,
        visitor=event.visitor,
        user_id=event.user_id,
        sent_at=event.sent_at,
    )
