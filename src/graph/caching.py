"""For how long an operation's answer may be served from cache, by `@cacheControl` as Apollo means it.

The answer is as short-lived and as private as the most restrictive field that is selected. Where a field
may return several types, all of them count; so does a field with @skip or @include, whatever becomes of it.
"""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    get_named_type,
    is_abstract_type,
    is_composite_type,
)
from strawberry import UNSET
from strawberry.schema.schema_converter import GraphQLCoreConverter

from graph.directives import CacheControl, CacheScope
from resolvers.execution import Lifetime

_OF_THE_SCHEMA = 300
"""It is another one when another version of the program runs."""
INTROSPECTION = ("__schema", "__type")


class Hint(NamedTuple):
    max_age: int | None = None
    scope: CacheScope | None = None
    inherits: bool = False

    def over(self, other: "Hint") -> "Hint":
        """What this one does not say, the other does."""
        max_age = other.max_age if self.max_age is None else self.max_age
        return Hint(max_age, self.scope or other.scope, self.inherits)


def lifetime_of(
    schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode
) -> Lifetime | None:
    """Of an operation that is valid. None for what is no query: of that, nothing is ever kept."""
    if operation.operation is not OperationType.QUERY or schema.query_type is None:
        return None
    walk = _Walk(schema, document)
    walk.go(operation.selection_set, schema.query_type)
    return Lifetime(walk.max_age or 0, walk.is_private)


class _Walk:
    """Through the selected fields. Each fragment is looked through once: no field counts more for being
    selected again."""

    def __init__(self, schema: GraphQLSchema, document: DocumentNode) -> None:
        self.max_age: int | None = None
        self.is_private = False
        self._schema = schema
        self._fragments = {
            node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)
        }

    def go(self, selected: SelectionSetNode, parent: GraphQLNamedType) -> None:
        for node in selected.selections:
            if isinstance(node, FieldNode):
                self._field(node, parent)
            elif isinstance(node, FragmentSpreadNode):
                fragment = self._fragments.pop(node.name.value, None)
                if fragment:
                    self.go(fragment.selection_set, self._type(fragment.type_condition.name.value))
            elif isinstance(node, InlineFragmentNode):
                condition = node.type_condition
                self.go(node.selection_set, self._type(condition.name.value) if condition else parent)

    def _field(self, node: FieldNode, parent: GraphQLNamedType) -> None:
        name = node.name.value
        if name in INTROSPECTION:
            self._restrict(Hint(_OF_THE_SCHEMA))
            return
        if name.startswith("__"):
            return
        is_root = parent is self._schema.query_type
        for type_ in (parent, *self._possible(parent)):
            for hint in self._hints(_fields(type_)[name], is_root=is_root):
                self._restrict(hint)
        if node.selection_set:
            self.go(node.selection_set, get_named_type(_fields(parent)[name].type))

    def _hints(self, field: GraphQLField, *, is_root: bool) -> Iterable[Hint]:
        """For each type that the field may return."""
        own = _hint(field)
        returned = get_named_type(field.type)
        is_composite = is_composite_type(returned)
        types: Sequence[GraphQLNamedType] = self._possible(returned) or [returned]
        for type_ in types:
            of_type = _hint(type_) if is_composite else Hint()
            if own.inherits and of_type.max_age is None:
                hint = Hint(None, own.scope or of_type.scope, inherits=True)
            else:
                hint = own.over(of_type)._replace(inherits=of_type.inherits)
            if hint.max_age is None and (is_root or (is_composite and not hint.inherits)):
                hint = hint._replace(max_age=0)
            yield hint

    def _restrict(self, hint: Hint) -> None:
        if hint.max_age is not None:
            self.max_age = hint.max_age if self.max_age is None else min(self.max_age, hint.max_age)
        self.is_private |= hint.scope is CacheScope.PRIVATE

    def _possible(self, type_: GraphQLNamedType) -> Sequence[GraphQLObjectType]:
        return self._schema.get_possible_types(type_) if is_abstract_type(type_) else ()

    def _type(self, name: str) -> GraphQLNamedType:
        return self._schema.type_map[name]


def _fields(type_: Any) -> dict[str, GraphQLField]:
    fields: dict[str, GraphQLField] = type_.fields
    return fields


def _hint(declared: GraphQLField | GraphQLNamedType) -> Hint:
    definition = declared.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
    for directive in getattr(definition, "directives", None) or ():
        if isinstance(directive, CacheControl):
            return Hint(
                None if directive.max_age is UNSET else directive.max_age,
                directive.scope or None,
                bool(directive.inherit_max_age),
            )
    return Hint()
