"""Lists of events past GraphQL's own coercion, which takes a hundred times as long as decoding them.

Where a variable is a list of EventInput, msgspec decodes it, and one placeholder goes through
GraphQL in its stead. What is written into the document itself takes the usual way.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any
from uuid import uuid4

from graphql import (
    GraphQLError,
    ListTypeNode,
    NamedTypeNode,
    NonNullTypeNode,
    OperationDefinitionNode,
    TypeNode,
    parse,
)

from base.errors import BadUserInput
from graph.inputs import EventInput
from ingest.wire import (
    InvalidEvents,
    WireDevice,
    WireEvent,
    WireSource,
    WireSubject,
    WireWork,
    events_from_values,
)
from resolvers.context import Context

_TYPE = "EventInput"
_CACHED_DOCUMENTS = 256


def without_events(
    context: Context, document: str, variables: dict[str, Any] | None, operation_name: str | None
) -> dict[str, Any] | None:
    """The variables, with placeholders for lists of events, which the context now holds decoded.

    Raises BAD_USER_INPUT, saying where in the list what is wrong.
    """
    if not variables or _TYPE not in document:
        return variables
    given = dict(variables)
    for name in _event_variables(document, operation_name):
        if isinstance(given.get(name), list):
            given[name] = [_withheld(context, name, given[name])]
    return given


def _withheld(context: Context, name: str, values: list[Any]) -> dict[str, Any]:
    try:
        events = events_from_values(values)
    except InvalidEvents as error:
        raise BadUserInput(
            f"Variable `${name}` is no list of events: {error}.", argument=name, reason="INVALID_EVENTS"
        ) from None
    place = uuid4().hex
    context.withheld[place] = events
    return {"id": place, "action": "VIEW", "subject": {"publicationId": ""}}


@lru_cache(maxsize=_CACHED_DOCUMENTS)
def _event_variables(document: str, operation_name: str | None) -> tuple[str, ...]:
    """The operation's variables that are lists of events. A document that does not parse has none."""
    try:
        definitions = parse(document).definitions
    except GraphQLError:
        return ()
    return tuple(
        variable.variable.name.value
        for definition in definitions
        if isinstance(definition, OperationDefinitionNode)
        and operation_name in (None, definition.name and definition.name.value)
        for variable in definition.variable_definitions or ()
        if _is_event_list(variable.type)
    )


def _is_event_list(type_: TypeNode) -> bool:
    outer = type_.type if isinstance(type_, NonNullTypeNode) else type_
    if not isinstance(outer, ListTypeNode):
        return False
    inner = outer.type.type if isinstance(outer.type, NonNullTypeNode) else outer.type
    return isinstance(inner, NamedTypeNode) and inner.name.value == _TYPE


def reported(context: Context, events: Sequence[EventInput]) -> list[WireEvent]:
    if len(events) == 1 and events[0].id in context.withheld:
        return context.withheld[events[0].id]
    return [_wire(event) for event in events]


def _wire(event: EventInput) -> WireEvent:
    work = event.subject.work
    return WireEvent(
        subject=WireSubject(
            publication_id=event.subject.publication_id,
            asset_id=event.subject.asset_id,
            profile_user_id=event.subject.profile_user_id,
            work=WireWork(work.user_id, WireSource[work.source_type.name], work.item_id) if work else None,
        ),
        action=event.action,
        id=event.id,
        occurred_at=event.occurred_at,
        view_id=event.view_id,
        device_category=WireDevice[event.device_category.name] if event.device_category else None,
        domain=event.domain,
        visitor=event.visitor,
        user_id=event.user_id,
    )
