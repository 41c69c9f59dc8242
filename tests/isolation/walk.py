"""Every field of the schema below a root field, by several ways to it, as one selection."""

from collections import Counter, deque
from collections.abc import Iterator
from typing import Any, NamedTuple

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLObjectType,
    get_named_type,
    is_leaf_type,
    is_required_argument,
    parse,
)
from graphql.language.ast import ObjectTypeDefinitionNode

from graph.schema import schema

_SCHEMA = schema._schema
PROTECTED = {
    (definition.name.value, field.name.value)
    for definition in parse(schema.as_str()).definitions
    if isinstance(definition, ObjectTypeDefinitionNode)
    for field in definition.fields or ()
    if any(directive.name.value == "auth" for directive in field.directives or ())
}
"""Types and fields that have @auth."""
_MOST_WAYS = 4
"""By how many ways a field is walked. The number of all ways doubles with every few fields of the schema."""
_GIVEN = {
    "range": '{start: "2023-06-01", end: "2023-06-30"}',
    "interval": "MONTH",
    "first": "2",
}


class Step(NamedTuple):
    type: str
    field: str


class Tree(NamedTuple):
    """What is selected of one type; `below` by field."""

    type: str
    leaves: list[str]
    below: dict[str, "Tree"]

    def selection(self) -> str:
        parts = ["__typename", *self.leaves]
        for name, tree in self.below.items():
            parts.append(f"{name}{_arguments(self.type, name)} {tree.selection()}")
        return f"{{ {' '.join(parts)} }}"

    def paths(self) -> int:
        """Fields that are looked at, each by the way to it."""
        return len(self.leaves) + sum(1 + tree.paths() for tree in self.below.values())

    def protected(self, value: Any) -> Iterator[tuple[Step, Any]]:
        """What an answer has in the place of each protected field, wherever it was reached."""
        for item in value if isinstance(value, list) else [value]:
            if item is None:
                continue
            for name in (*self.leaves, *self.below):
                if (self.type, name) in PROTECTED:
                    yield Step(self.type, name), item[name]
            for name, tree in self.below.items():
                yield from tree.protected(item[name])

    def types(self) -> set[str]:
        return {self.type}.union(*(tree.types() for tree in self.below.values()))


def tree_of(name: str) -> Tree:
    """The shortest ways come first, and end where a type comes again."""
    root = Tree(name, [], {})
    ways: Counter[Step] = Counter()
    ahead: deque[tuple[Tree, tuple[str, ...]]] = deque([(root, ())])
    while ahead:
        tree, passed = ahead.popleft()
        type_ = _SCHEMA.type_map[tree.type]
        assert isinstance(type_, GraphQLObjectType), tree.type
        for field_name, field in type_.fields.items():
            step, returned = Step(tree.type, field_name), get_named_type(field.type)
            if is_leaf_type(returned):
                tree.leaves.append(field_name)
            elif returned.name not in (*passed, tree.type) and ways[step] < _MOST_WAYS:
                ways[step] += 1
                tree.below[field_name] = Tree(returned.name, [], {})
                ahead.append((tree.below[field_name], (*passed, tree.type)))
    return root


def _arguments(type_: str, name: str) -> str:
    field: GraphQLField = _SCHEMA.type_map[type_].fields[name]  # type: ignore[attr-defined]
    required = [one for one, argument in field.args.items() if is_required_argument(argument)]
    given = [f"{one}: {_GIVEN.get(one) or _any_value(field.args[one].type)}" for one in required]
    return f"({', '.join(given)})" if given else ""


def _any_value(type_: Any) -> str:
    enum = get_named_type(type_)
    assert isinstance(enum, GraphQLEnumType), enum
    name: str = next(iter(enum.values))
    return name


def id_arguments() -> Iterator[tuple[str, str, str]]:
    """Type, field and argument of each that takes ids, below the root fields."""
    for type_ in _SCHEMA.type_map.values():
        if not isinstance(type_, GraphQLObjectType) or type_.name in ("Query", "Mutation", "Subscription"):
            continue
        for name, field in type_.fields.items():
            for argument, declared in field.args.items():
                if get_named_type(declared.type).name == "ID":
                    yield type_.name, name, argument


def root_fields() -> set[str]:
    query = _SCHEMA.query_type
    assert query
    return set(query.fields)
