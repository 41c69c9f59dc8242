"""@skip and @include: which variables they look at, and what they leave."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from graphql import (
    BooleanValueNode,
    DirectiveNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    Node,
    SelectionNode,
    SelectionSetNode,
    VariableNode,
    Visitor,
    is_abstract_type,
    visit,
)

from execution.faults import Unplanned

_CONDITIONS = ("skip", "include")


class _Variables(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def enter_directive(self, node: DirectiveNode, *_: Any) -> None:
        for argument in node.arguments or ():
            if node.name.value in _CONDITIONS and isinstance(argument.value, VariableNode):
                self.names.add(argument.value.name.value)


def condition_variables(document: DocumentNode) -> tuple[str, ...]:
    """The names of the variables on which it depends what is selected."""
    found = _Variables()
    visit(document, found)
    return tuple(sorted(found.names))


def variables_in(arguments: Iterable[Node]) -> tuple[str, ...]:
    """Their names, each once."""
    found = _AllVariables()
    for argument in arguments:
        visit(argument, found)
    return tuple(dict.fromkeys(found.names))


class _AllVariables(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []

    def enter_variable(self, node: VariableNode, *_: Any) -> None:
        self.names.append(node.name.value)


def has_variables(arguments: Iterable[Node]) -> bool:
    found = _AnyVariable()
    for argument in arguments:
        visit(argument, found)
    return found.is_any


class _AnyVariable(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.is_any = False

    def enter_variable(self, *_: Any) -> None:
        self.is_any = True


class Collector:
    """Collects selections as GraphQL's executor does, for given values of the variables."""

    def __init__(self, schema: GraphQLSchema, document: DocumentNode, values: Mapping[str, Any]) -> None:
        self._schema = schema
        self._values = values
        self._fragments = {
            node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)
        }

    def fields(
        self, parent: GraphQLObjectType, selected: list[SelectionSetNode]
    ) -> dict[str, list[FieldNode]]:
        """By the name in the answer, in the order of the answer. Raises Unplanned."""
        found: dict[str, list[FieldNode]] = {}
        spread: set[str] = set()
        for one in selected:
            for node in self._within(parent, one, spread):
                found.setdefault(node.alias.value if node.alias else node.name.value, []).append(node)
        return found

    def _within(
        self, parent: GraphQLObjectType, selected: SelectionSetNode, spread: set[str]
    ) -> Iterator[FieldNode]:
        for node in selected.selections:
            if not self._is_included(node):
                continue
            if isinstance(node, FieldNode):
                yield node
            elif (fragment := self._fragment(node, spread)) and self._is_of(parent, fragment):
                yield from self._within(parent, fragment.selection_set, spread)

    def _fragment(self, node: Any, spread: set[str]) -> InlineFragmentNode | FragmentDefinitionNode | None:
        """None where it was spread already."""
        if isinstance(node, InlineFragmentNode):
            return node
        name = node.name.value
        if name in spread:
            return None
        spread.add(name)
        return self._fragments[name]

    def _is_of(
        self, parent: GraphQLObjectType, fragment: InlineFragmentNode | FragmentDefinitionNode
    ) -> bool:
        condition = fragment.type_condition
        if condition is None or condition.name.value == parent.name:
            return True
        type_ = self._schema.type_map[condition.name.value]
        return is_abstract_type(type_) and self._schema.is_sub_type(type_, parent)

    def _is_included(self, node: SelectionNode) -> bool:
        return all(self._holds(directive) for directive in node.directives or ())

    def _holds(self, directive: DirectiveNode) -> bool:
        name = directive.name.value
        if name not in _CONDITIONS:
            raise Unplanned(f"the directive {name}")
        value = self._value(directive)
        return value is (name == "include")

    def _value(self, directive: DirectiveNode) -> bool:
        node = next(argument.value for argument in directive.arguments or ())
        if isinstance(node, BooleanValueNode):
            return node.value
        value = self._values.get(node.name.value) if isinstance(node, VariableNode) else None
        if not isinstance(value, bool):
            raise Unplanned("a condition that is not known")
        return value
