"""Keeps answers about the schema itself with their operation: they are the same each time."""

from typing import Any

import orjson
from graphql import DocumentNode, GraphQLSchema, OperationDefinitionNode, OperationType
from strawberry.types import ExecutionResult

from graph.document import Operation
from graph.parsing import add_weight
from graph.selections import ROOTS_OF_INTROSPECTION, Selections, each_once

_OF_THE_SCHEMA = (*ROOTS_OF_INTROSPECTION, "__typename")
_MARK = "__"
"""Each document that asks the schema for anything contains this."""
_BYTES_OF_A_TOKEN = 600
"""The memory that a token of a document takes."""


def cached_answer(operation: Operation) -> ExecutionResult | None:
    """The answer that was kept; None if there is none."""
    if _MARK not in operation.document.text:
        return None
    data = operation.known_already(cached_answer)
    return ExecutionResult(data=dict(data), errors=None) if data else None


def cache_answer(schema: GraphQLSchema, operation: Operation, data: dict[str, Any]) -> None:
    """Keeps `data`, an answer without errors, if the operation asks for nothing but the schema."""
    document, definition = operation.document, operation.definition
    if _MARK not in document.text or operation.knows(cached_answer):
        return
    if (
        definition is None
        or document.node is None
        or not _is_of_the_schema(schema, document.node, definition)
    ):
        operation.known(cached_answer, lambda: None)
        return
    texts = {name: orjson.dumps(value) for name, value in data.items()}
    operation.known(cached_answer, lambda: {name: orjson.Fragment(text) for name, text in texts.items()})
    add_weight(document, sum(map(len, texts.values())) // _BYTES_OF_A_TOKEN)


def _is_of_the_schema(
    schema: GraphQLSchema, document: DocumentNode, definition: OperationDefinitionNode
) -> bool:
    """Never true with variables, because they may change the answer."""
    if definition.operation is not OperationType.QUERY or definition.variable_definitions:
        return False
    root = schema.query_type
    assert root
    fields = Selections(schema, document).fields(definition.selection_set, root, each_once())
    return all(node.name.value in _OF_THE_SCHEMA for node, _ in fields)
