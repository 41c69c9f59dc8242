"""What the schema answers about itself is kept with the operation: it is the same each time."""

from typing import Any

import orjson
from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    OperationType,
)
from strawberry.types import ExecutionResult

from graph.document import Operation
from graph.parsing import add_weight

_OF_THE_SCHEMA = ("__schema", "__type", "__typename")
_MARK = "__"
"""Stands in each document that asks the schema for anything."""
_ROOT = "Query"
_BYTES_OF_A_TOKEN = 600
"""The memory that a token of a document takes."""


def cached_answer(operation: Operation) -> ExecutionResult | None:
    """None where it is not known to be the answer this time, too."""
    if _MARK not in operation.document.text:
        return None
    data = operation.known_already(cached_answer)
    return ExecutionResult(data=dict(data), errors=None) if data else None


def cache_answer(operation: Operation, data: dict[str, Any]) -> None:
    """`data` was answered without errors. It is kept if the operation asks for nothing but the schema."""
    document, definition = operation.document, operation.definition
    if _MARK not in document.text or operation.knows(cached_answer):
        return
    if definition is None or document.node is None or not _is_of_the_schema(document.node, definition):
        operation.known(cached_answer, lambda: None)
        return
    texts = {name: orjson.dumps(value) for name, value in data.items()}
    operation.known(cached_answer, lambda: {name: orjson.Fragment(text) for name, text in texts.items()})
    add_weight(document, sum(map(len, texts.values())) // _BYTES_OF_A_TOKEN)


def _is_of_the_schema(document: DocumentNode, operation: OperationDefinitionNode) -> bool:
    """Never with variables: they may change the answer."""
    if operation.operation is not OperationType.QUERY or operation.variable_definitions:
        return False
    fragments = [one for one in document.definitions if isinstance(one, FragmentDefinitionNode)]
    waiting = [
        operation.selection_set,
        *(one.selection_set for one in fragments if one.type_condition.name.value == _ROOT),
    ]
    while waiting:
        for node in waiting.pop().selections:
            if isinstance(node, FieldNode) and node.name.value not in _OF_THE_SCHEMA:
                return False
            if isinstance(node, InlineFragmentNode):
                waiting.append(node.selection_set)
    return True
