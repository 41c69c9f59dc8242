"""A document that only records one list of events is answered without an executor, with the same answer.

For a single event, the executor takes ten times as long as everything else.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import orjson
from graphql import (
    FieldNode,
    GraphQLError,
    GraphQLSchema,
    SelectionSetNode,
    VariableNode,
    validate,
)
from strawberry.types import ExecutionResult

from base.json_text import json_text
from graph.document import Operation
from graph.event_variables import EVENT_TYPE, decoded_events
from ingest.batch_writer import StoreResult
from ingest.outcomes import Outcomes
from ingest.wire import WireAction, WireEvent, WireSubject
from ingest.wire_columns import WireColumns
from resolvers import recording
from resolvers.context import Context

_COST = 5
"""The cost of recording without an executor."""
_VALUE_BYTES = 64
"""What a value takes with the signs around it. The longest are ids."""
_MANY = 50
"""So many results are written as text at once."""
_EVENTS_A_UNIT = 10
"""How many events cost one unit more."""

Shape = tuple[tuple[str, Any], ...]
"""The shape of an answer: for each key the field's name, or for `results` the shape of each."""


class Recording(NamedTuple):
    """What a request asks for, if it only records the list of events in one variable."""

    operation: str | None
    variable: str
    field: FieldNode
    shape: Shape
    bytes_of_whole: int
    """How long the answer can be as text, roughly and at most, without the results."""
    bytes_of_each: int
    """The same for each result."""
    alone: tuple[bytes, ...]
    """The text of the answer to a single event that is stored, divided where the id of the event stands."""
    given: list[Any]
    """What the variable holds. It is empty once it runs."""

    async def run(self, context: Context) -> ExecutionResult:
        """Raises BAD_USER_INPUT if the variable has no list of events, and THROTTLED."""
        self.spend(context)
        recorded = recording.record(context, self.events())
        # The columns have all of it: see `admit_and_store`.
        self.given.clear()
        try:
            outcomes = await recorded
        except Exception as error:
            return self.failed(error)
        return ExecutionResult(self.data(outcomes), None)

    def spend(self, context: Context) -> None:
        """Raises THROTTLED."""
        context.spend(self.cost, writes=True)

    @property
    def cost(self) -> int:
        return _COST + len(self.given) // _EVENTS_A_UNIT

    def events(self) -> WireColumns:
        """Raises BAD_USER_INPUT."""
        return decoded_events(self.variable, self.given)

    def data(self, outcomes: Outcomes) -> dict[str, Any]:
        return _data(self.field, self.shape, outcomes)

    def text_of_stored(self, id: str) -> bytes:
        """The answer to a single event that is stored, as text."""
        return id.encode().join(self.alone)

    def most_bytes(self) -> int:
        """How long the answer can be as text, roughly and at most."""
        return self.bytes_of_whole + self.bytes_of_each * len(self.given)

    def failed(self, error: Exception) -> ExecutionResult:
        key = _key(self.field)
        located = GraphQLError(str(error), [self.field], path=[key], original_error=error)
        return ExecutionResult({key: None}, [located])


def recording_of(
    schema: GraphQLSchema, operation: Operation, variables: Mapping[str, Any] | None
) -> Recording | None:
    """None if the request does anything else. Then it goes the usual way, and is judged there."""
    if not variables or EVENT_TYPE not in operation.document.text:
        return None
    known = operation.known(Recording, lambda: _recording(schema, operation))
    if known is None:
        return None
    given = variables.get(known.variable)
    return known._replace(given=given) if isinstance(given, list) else None


def _recording(schema: GraphQLSchema, operation: Operation) -> Recording | None:
    definition, document = operation.definition, operation.document.node
    if definition is None or document is None or len(document.definitions) > 1:
        return None
    fields = _plain_fields(definition.selection_set, {"recordEvents"})
    if operation.type != "mutation" or definition.directives or not fields or len(fields) > 1:
        return None
    given = [argument.value for argument in fields[0].arguments or ()]
    shape = _shape(fields[0].selection_set)
    if shape is None or not given or not isinstance(given[0], VariableNode):
        return None
    if validate(schema, document):
        return None
    return Recording(
        operation.own_name,
        given[0].name.value,
        fields[0],
        shape,
        _most_bytes(shape),
        sum(_most_bytes(asked) for _, asked in shape if isinstance(asked, tuple)),
        _alone(fields[0], shape),
        [],
    )


def _most_bytes(shape: Shape) -> int:
    return sum(len(key) + _VALUE_BYTES for key, _ in shape)


def _alone(field: FieldNode, shape: Shape) -> tuple[bytes, ...]:
    id = uuid4()
    return _divided({"data": _data(field, shape, _one_stored(id))}, id)


def _one_stored(id: UUID) -> Outcomes:
    wire = WireColumns.of([WireEvent(WireSubject(), WireAction.VIEW, str(id))])
    return Outcomes(wire, [id.bytes], [StoreResult.NEW], ())


def _divided(value: Any, id: UUID) -> tuple[bytes, ...]:
    """The text of a value, divided where an id stands. No alias has the text of an id in it."""
    return tuple(json_text(value).split(str(id).encode()))


def _plain_fields(selected: SelectionSetNode | None, names: Iterable[str]) -> list[FieldNode] | None:
    """The fields. None if there is anything except fields of these names, without directives, under
    different keys."""
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
            of_each = _plain_fields(field.selection_set, _OF_RESULTS)
            if of_each is None:
                return None
            asked = tuple((_key(one), one.name.value) for one in of_each)
        shape.append((_key(field), asked))
    return tuple(shape)


def _key(field: FieldNode) -> str:
    return (field.alias or field.name).value


def _data(field: FieldNode, shape: Shape, outcomes: Outcomes) -> dict[str, Any]:
    return {_key(field): _payload(outcomes, shape)}


def _payload(outcomes: Outcomes, shape: Shape) -> dict[str, Any]:
    return {
        key: _results(outcomes, asked) if isinstance(asked, tuple) else _OF_PAYLOAD[asked](outcomes)
        for key, asked in shape
    }


def _results(outcomes: Outcomes, asked: Shape) -> list[dict[str, Any]] | orjson.Fragment:
    if len(outcomes) < _MANY or not outcomes.are_plain or outcomes.duplicates:
        return _rows(outcomes, asked)
    # All are stored, so only ids differ. A dict of each would take five times as long.
    head, *parts = _parts(asked)
    if len(parts) == 1:
        # Most ask for the id once.
        text = f"{parts[0]},{head}".join(outcomes.id_texts()).join((head, parts[0]))
    else:
        text = ",".join(id.join((head, *parts)) for id in outcomes.id_texts())
    return orjson.Fragment(f"[{text}]".encode())


@lru_cache(maxsize=256)
def _parts(asked: Shape) -> tuple[str, ...]:
    """The text of the result of an event that is stored, divided where the id of the event stands."""
    id = uuid4()
    return tuple(part.decode() for part in _divided(_rows(_one_stored(id), asked)[0], id))


def _rows(outcomes: Outcomes, asked: Shape) -> list[dict[str, Any]]:
    names = [name for name, _ in asked]
    columns = [_OF_RESULTS[of](outcomes) for _, of in asked]
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


_OF_PAYLOAD: dict[str, Callable[[Outcomes], Any]] = {
    "__typename": lambda _: "RecordEventsPayload",
    "stored": lambda outcomes: outcomes.stored,
    "duplicates": lambda outcomes: outcomes.duplicates,
    "dropped": lambda outcomes: outcomes.dropped,
    "corrected": lambda outcomes: outcomes.corrected,
}
_OF_RESULTS: dict[str, Callable[[Outcomes], Sequence[Any]]] = {
    "__typename": lambda outcomes: ["EventResult"] * len(outcomes),
    "id": Outcomes.id_texts,
    "status": Outcomes.status_names,
    "reason": Outcomes.reasons,
    "clockCorrection": lambda outcomes: [behind or None for behind in outcomes.clocks_behind()],
}
