"""Answers of the schema about itself: the same document gets the same one, which is remembered with it."""

from collections.abc import Hashable
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

from graph.document import Document

_OF_THE_SCHEMA = ("__schema", "__type", "__typename")
_MARK = "__"
"""What a document has that asks the schema for anything."""
_ROOT = "Query"
_BYTES_OF_A_TOKEN = 600
"""As much memory as a token takes."""


def cached_answer(document: Document, operation_name: str | None) -> ExecutionResult | None:
    """What was answered to this operation before, if it is known to be the answer once more."""
    if _MARK not in document.text:
        return None
    data = document.known_already(_key(document, operation_name))
    return ExecutionResult(data=dict(data), errors=None) if data else None


def cache_answer(document: Document, operation_name: str | None, data: dict[str, Any]) -> None:
    """The answer to an operation that was executed without errors, if it asks for nothing but the schema."""
    if _MARK not in document.text:
        return
    key = _key(document, operation_name)
    operation, node = document.operation(operation_name), document.node
    if document.knows(key) or operation is None or node is None:
        return
    if not _is_of_the_schema(node, operation):
        document.known(key, lambda: None)
        return
    texts = {name: orjson.dumps(value) for name, value in data.items()}
    document.known(key, lambda: {name: orjson.Fragment(text) for name, text in texts.items()})
    document.weigh(sum(map(len, texts.values())) // _BYTES_OF_A_TOKEN)


def _key(document: Document, operation_name: str | None) -> Hashable:
    operation = document.operation(operation_name)
    return cached_answer, operation and operation.name and operation.name.value


def _is_of_the_schema(document: DocumentNode, operation: OperationDefinitionNode) -> bool:
    """Without variables, by which it could be another one each time."""
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
