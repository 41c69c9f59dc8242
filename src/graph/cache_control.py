"""How long caches may serve an operation's answer, by `@cacheControl` as Apollo means it.

The answer is as short-lived and as private as the most restrictive field that is selected. If a field may
return several types, all of them count. A field with @skip or @include always counts, even if it is left out.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLField,
    GraphQLNamedType,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    get_named_type,
    is_composite_type,
)
from strawberry import UNSET

from base.paced_thread import pause
from graph.directives import CacheControl, CacheScope, directive_on
from graph.selections import ROOTS_OF_INTROSPECTION, Selections, each_once, field_of, possible_types
from resolvers.execution import Lifetime

_OF_THE_SCHEMA = 300
"""Seconds. The schema changes when another version of the program runs."""


class Hint(NamedTuple):
    max_age: int | None = None
    scope: CacheScope | None = None
    inherits: bool = False

    def over(self, other: "Hint") -> "Hint":
        """This hint, with what it does not say taken from the other one."""
        max_age = other.max_age if self.max_age is None else self.max_age
        return Hint(max_age, self.scope or other.scope, self.inherits)


def lifetime_of(
    schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode
) -> Lifetime | None:
    """For a valid operation. None for mutations and subscriptions: no cache keeps their answers."""
    if operation.operation is not OperationType.QUERY or schema.query_type is None:
        return None
    walk = _Walk(schema, document)
    walk.go(operation.selection_set, schema.query_type)
    return Lifetime(walk.max_age or 0, walk.is_private)


class _Walk:
    """Goes through the selected fields. A field that is selected again restricts nothing more."""

    def __init__(self, schema: GraphQLSchema, document: DocumentNode) -> None:
        self.max_age: int | None = None
        self.is_private = False
        self._schema = schema
        self._selections = Selections(schema, document)
        self._enters = each_once()

    def go(self, selected: SelectionSetNode, parent: GraphQLNamedType) -> None:
        for node, type_ in self._selections.fields(selected, parent, self._enters):
            self._field(node, type_)

    def _field(self, node: FieldNode, parent: GraphQLNamedType) -> None:
        pause()
        name = node.name.value
        if name in ROOTS_OF_INTROSPECTION:
            self._restrict(Hint(_OF_THE_SCHEMA))
            return
        if name.startswith("__"):
            return
        is_root = parent is self._schema.query_type
        for type_ in (parent, *possible_types(self._schema, parent)):
            for hint in self._hints(field_of(type_, name), is_root=is_root):
                self._restrict(hint)
        if node.selection_set:
            self.go(node.selection_set, get_named_type(field_of(parent, name).type))

    def _hints(self, field: GraphQLField, *, is_root: bool) -> Iterable[Hint]:
        """A hint for each type that the field may return."""
        own = _hint(field)
        returned = get_named_type(field.type)
        is_composite = is_composite_type(returned)
        types: Sequence[GraphQLNamedType] = possible_types(self._schema, returned) or [returned]
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


def _hint(declared: GraphQLField | GraphQLNamedType) -> Hint:
    directive = directive_on(declared, CacheControl)
    if directive is None:
        return Hint()
    return Hint(
        None if directive.max_age is UNSET else directive.max_age,
        directive.scope or None,
        bool(directive.inherit_max_age),
    )
