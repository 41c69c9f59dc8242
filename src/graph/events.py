"""Lists of events past GraphQL's own coercion, which takes a hundred times as long as decoding them.

Where a variable is a list of EventInput, msgspec decodes it, and one placeholder goes through
GraphQL in its stead. What is written into the document itself takes the usual way.

A document that does nothing else than record one such list is answered without an executor, which
for a single event takes ten times as long as everything else. Its answer is the executor's.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple
from uuid import uuid4

from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLError,
    GraphQLSchema,
    ListTypeNode,
    NamedTypeNode,
    NonNullTypeNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    TypeNode,
    VariableNode,
    validate,
)
from msgspec.structs import astuple
from strawberry.types import ExecutionResult

from base.errors import BadUserInput
from graph.document import Document
from graph.inputs import EventInput
from ingest.outcomes import EventOutcome, EventStatus
from ingest.wire import (
    InvalidEvents,
    WireDevice,
    WireEvent,
    WireSubject,
    events_from_values,
)
from resolvers import recording
from resolvers.context import Context

_TYPE = "EventInput"
_COST = 5
"""Of recording without an executor; and of so many events, one more."""
_EVENTS_A_UNIT = 10
_OTHER_SUBJECTS = len(WireSubject.__struct_fields__) - 1

Shape = tuple[tuple[str, Any], ...]
"""Of an answer: for each key the field's name, and in place of `results` its shape."""


def without_events(
    context: Context, document: Document, variables: dict[str, Any] | None, operation_name: str | None
) -> dict[str, Any] | None:
    """The variables, with placeholders for lists of events, which the context now holds decoded.

    Raises BAD_USER_INPUT, saying where in the list what is wrong.
    """
    operation = document.operation(operation_name)
    if not variables or _TYPE not in document.text or operation is None:
        return variables
    given = dict(variables)
    for name in _event_variables(operation):
        if isinstance(given.get(name), list):
            given[name] = [_withheld(context, name, given[name])]
    return given


def _withheld(context: Context, name: str, values: list[Any]) -> dict[str, Any]:
    place = uuid4().hex
    context.withheld[place] = _decoded(name, values)
    return {"id": place, "action": "VIEW", "subject": {"publicationId": ""}}


def _decoded(name: str, values: list[Any]) -> list[WireEvent]:
    """A subject is a choice, as in a literal; null is as absent."""
    try:
        events = events_from_values(values)
        for place, event in enumerate(events):
            if astuple(event.subject).count(None) != _OTHER_SUBJECTS:
                raise InvalidEvents(f"Object has not exactly one field - at `$[{place}].subject`")
        return events
    except InvalidEvents as error:
        raise BadUserInput(
            f"Variable `${name}` is no list of events: {error}.", argument=name, reason="INVALID_EVENTS"
        ) from None


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
    return isinstance(inner, NamedTypeNode) and inner.name.value == _TYPE


def reported(context: Context, events: Sequence[EventInput]) -> list[WireEvent]:
    if len(events) == 1 and events[0].id in context.withheld:
        return context.withheld[events[0].id]
    return [_wire(event) for event in events]


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


class Recording(NamedTuple):
    """What a document asks for that only records the list of events in one variable."""

    operation: str | None
    variable: str
    field: FieldNode
    shape: Shape
    given: list[Any]
    """What the variable holds."""

    async def run(self, context: Context) -> ExecutionResult:
        """Raises BAD_USER_INPUT when what is given is no list of events, and THROTTLED."""
        context.spend(_COST + len(self.given) // _EVENTS_A_UNIT, writes=True)
        events = _decoded(self.variable, self.given)
        key = _key(self.field)
        try:
            outcomes = await recording.record(context, events)
        except Exception as error:
            located = GraphQLError(str(error), [self.field], path=[key], original_error=error)
            return ExecutionResult({key: None}, [located])
        return ExecutionResult({key: _payload(outcomes, self.shape)}, None)


def recording_of(
    schema: GraphQLSchema, document: Document, operation: str | None, variables: Mapping[str, Any] | None
) -> Recording | None:
    """None when the request is anything else: it takes the usual way, and is judged there."""
    if not variables or _TYPE not in document.text:
        return None
    known = document.known(Recording, lambda: _recording(schema, document.node))
    if known is None or operation not in (None, known.operation):
        return None
    given = variables.get(known.variable)
    return known._replace(given=given) if isinstance(given, list) else None


def _recording(schema: GraphQLSchema, document: DocumentNode | None) -> Recording | None:
    operation = document.definitions[0] if document else None
    if (
        document is None
        or len(document.definitions) > 1
        or not isinstance(operation, OperationDefinitionNode)
    ):
        return None
    fields = _plain_fields(operation.selection_set, {"recordEvents"})
    if operation.operation is not OperationType.MUTATION or operation.directives or not fields:
        return None
    field = fields[0]
    given = [argument.value for argument in field.arguments or ()]
    shape = _shape(field.selection_set)
    if (
        shape is None
        or len(fields) > 1
        or not isinstance(given[0], VariableNode)
        or validate(schema, document)
    ):
        return None
    name = operation.name.value if operation.name else None
    return Recording(name, given[0].name.value, field, shape, [])


def _plain_fields(selected: SelectionSetNode | None, names: Iterable[str]) -> list[FieldNode] | None:
    """None when there is more than fields of these names, without directives and under different keys."""
    fields = [node for node in selected.selections if isinstance(node, FieldNode)] if selected else []
    is_plain = (
        selected is not None
        and len({_key(field) for field in fields}) == len(selected.selections)
        and all(field.name.value in names and not field.directives for field in fields)
    )
    return fields if is_plain else None


def _shape(selected: SelectionSetNode | None) -> Shape | None:
    fields = _plain_fields(selected, {*_OF_PAYLOAD, "results"})
    if fields is None:
        return None
    shape: list[tuple[str, Any]] = []
    for field in fields:
        asked: Any = field.name.value
        if asked == "results":
            of_each = _plain_fields(field.selection_set, _OF_RESULT)
            if of_each is None:
                return None
            asked = tuple((_key(one), one.name.value) for one in of_each)
        shape.append((_key(field), asked))
    return tuple(shape)


def _key(field: FieldNode) -> str:
    return (field.alias or field.name).value


def _payload(outcomes: list[EventOutcome], shape: Shape) -> dict[str, Any]:
    return {
        key: [{name: _OF_RESULT[of](outcome) for name, of in asked} for outcome in outcomes]
        if isinstance(asked, tuple)
        else _OF_PAYLOAD[asked](outcomes)
        for key, asked in shape
    }


def _counted(status: EventStatus) -> Callable[[list[EventOutcome]], int]:
    return lambda outcomes: [outcome.status for outcome in outcomes].count(status)


_OF_PAYLOAD: dict[str, Callable[[list[EventOutcome]], Any]] = {
    "__typename": lambda _: "RecordEventsPayload",
    "stored": _counted(EventStatus.STORED),
    "duplicates": _counted(EventStatus.DUPLICATE),
    "dropped": _counted(EventStatus.DROPPED),
    "corrected": lambda outcomes: sum(1 for outcome in outcomes if outcome.clock_behind),
}
_OF_RESULT: dict[str, Callable[[EventOutcome], Any]] = {
    "__typename": lambda _: "EventResult",
    "id": lambda outcome: str(outcome.id),
    "status": lambda outcome: outcome.status.name,
    "reason": lambda outcome: outcome.reason,
    "clockCorrection": lambda outcome: outcome.clock_behind or None,
}
