"""The fields that a document selects, through its fragments."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

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
    SelectionSetNode,
    is_abstract_type,
)

ROOTS_OF_INTROSPECTION = ("__schema", "__type")


class TooManySelections(Exception):
    """Raised by `count` of `Selections.fields`, to end a walk that would take too long."""


class Selections:
    """What a valid document selects."""

    def __init__(self, schema: GraphQLSchema, document: DocumentNode) -> None:
        self._schema = schema
        self._fragments = {
            node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)
        }

    def fields(
        self,
        selected: SelectionSetNode,
        parent: GraphQLNamedType,
        enters: Callable[[str], bool],
        count: Callable[[int], None] | None = None,
    ) -> Iterator[tuple[FieldNode, GraphQLNamedType]]:
        """Each field with the type on which it is selected, in the order of the document.

        `enters` says for each fragment that is spread, by its name, whether its fields are wanted here.
        `count` gets the number of selections of each selection set, before its fields.
        """
        if count:
            count(len(selected.selections))
        for node in selected.selections:
            if isinstance(node, FieldNode):
                yield node, parent
            elif isinstance(node, InlineFragmentNode):
                condition = node.type_condition
                type_ = self._schema.type_map[condition.name.value] if condition else parent
                yield from self.fields(node.selection_set, type_, enters, count)
            elif isinstance(node, FragmentSpreadNode) and enters(node.name.value):
                fragment = self._fragments[node.name.value]
                type_ = self._schema.type_map[fragment.type_condition.name.value]
                yield from self.fields(fragment.selection_set, type_, enters, count)


def each_once() -> Callable[[str], bool]:
    """For `Selections.fields`: each fragment is entered only once, because its fields are the same each
    time."""
    entered: set[str] = set()

    def enters(name: str) -> bool:
        is_new = name not in entered
        entered.add(name)
        return is_new

    return enters


def field_of(type_: GraphQLNamedType, name: str) -> GraphQLField:
    """The field of an object or an interface."""
    fields: dict[str, GraphQLField] = getattr(type_, "fields")  # noqa: B009  # unions have none
    return fields[name]


def possible_types(schema: GraphQLSchema, type_: Any) -> Sequence[GraphQLObjectType]:
    """The types of an interface or a union; none for any other type."""
    return schema.get_possible_types(type_) if is_abstract_type(type_) else ()
