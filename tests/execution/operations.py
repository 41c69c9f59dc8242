"""Random valid queries over the whole schema, with arguments that mostly fit."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from random import Random
from typing import Any, NamedTuple

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    get_named_type,
    is_abstract_type,
    is_leaf_type,
    is_required_argument,
    is_required_input_field,
)
from strawberry.schema.schema_converter import GraphQLCoreConverter

from graph.schema import schema

_SCHEMA = schema._schema
_LEFT_OUT = {"document", "url"}
"""A file, and a link with a signature of its own."""
_SELDOM_GIVEN = {"after", "before", "last"}
_GIVEN: dict[str, Sequence[Any]] = {
    "url": ["ai-research-studio", "nobody"],
    "username": ["owner", "rival", "nobody"],
    "first": [0, 1, 2, 5],
    "last": [1, 3],
    "after": ["no cursor"],
    "before": ["no cursor"],
    "timeZone": ["UTC", "Europe/Paris", "America/New_York", "UTC", "Nowhere/Else"],
    "domain": ["shop.example", "(other)", "*.example", "not a domain"],
    "start": ["2023-06-01", "2023-05-04T10:00:00Z"],
    "end": ["2023-06-15", "2023-06-30T12:00:00Z", "2023-06-20", "2023-01-01"],
}


_OF_KIND = {
    "organization": ["Works", "Rivals", "Owned Works"],
    "workspace": ["Furniture", "Lighting", "Secrets"],
    "asset": ["chair", "lamp", "Plans"],
    "user": ["owner", "rival", "member"],
    "userInsight": ["owner", "rival"],
}
"""Names in the world of what a field is asked for by an id."""


class Asked(NamedTuple):
    query: str
    variables: dict[str, Any]


class Name(str):
    """Of an enum: in a document without quotes."""


class Drawn:
    """One operation, as it is drawn."""

    def __init__(self, random: Random, ids: Mapping[str, str]) -> None:
        self._random = random
        self._ids = ids
        self._variables: dict[str, Any] = {}
        self._declared: list[str] = []
        self._fragments: list[str] = []
        self._drawn = 0
        self._is_abstract = False
        self._parent = ""

    def query(self) -> Asked:
        root = _SCHEMA.query_type
        assert root
        names = [name for name in root.fields if name not in _LEFT_OUT]
        chosen = self._random.sample(names, self._random.choice([1, 1, 2]))
        body = " ".join(
            self._field(root, name, root.fields[name], self._random.choice([2, 3, 4])) for name in chosen
        )
        declared = f"({', '.join(self._declared)})" if self._declared else ""
        # No two are the same document.
        name = f"Q{self._random.getrandbits(64)}"
        return Asked(f"query {name}{declared} {{ {body} }} {' '.join(self._fragments)}", self._variables)

    def _number(self) -> int:
        self._drawn += 1
        return self._drawn

    def _happens(self, chance: float) -> bool:
        return self._random.random() < chance

    def _some(self, items: Iterable[Any], most: int) -> list[Any]:
        items = list(items)
        return self._random.sample(items, min(len(items), most))

    # Selections

    def _selection(self, type_: Any, depth: int) -> str:
        if is_abstract_type(type_):
            return self._of_abstract(type_, depth)
        fields = [(name, field) for name, field in type_.fields.items() if name not in _LEFT_OUT]
        leaves = [one for one in fields if is_leaf_type(get_named_type(one[1].type))]
        others = [one for one in fields if one not in leaves] if depth else []
        chosen = self._some(leaves, self._random.randint(1, 4))
        chosen += self._some(others, self._random.choice([1, 1, 2, 3]))
        parts = ["__typename"] * self._happens(0.25)
        parts += [self._placed(type_, self._field(type_, name, field, depth - 1)) for name, field in chosen]
        parts += [self._of_interface(one) for one in type_.interfaces if self._happens(0.15)]
        return " ".join(parts) or "__typename"

    def _of_interface(self, interface: GraphQLInterfaceType) -> str:
        return f"... on {interface.name}{self._condition()} {{ __typename {' '.join(interface.fields)} }}"

    def _of_abstract(self, type_: Any, depth: int) -> str:
        possible = self._some(_SCHEMA.get_possible_types(type_), 5)
        self._is_abstract = True
        own = ["__typename", *(["id"] if isinstance(type_, GraphQLInterfaceType) else [])]
        parts = [f"... on {one.name} {{ {self._selection(one, max(0, depth - 1))} }}" for one in possible]
        self._is_abstract = False
        return " ".join([*own, *parts])

    def _field(self, parent: GraphQLObjectType, name: str, field: GraphQLField, depth: int) -> str:
        # Fields of several types may have one name and another type.
        has_alias = field.args or self._is_abstract or parent is _SCHEMA.query_type or self._happens(0.2)
        alias = f"a{self._number()}: " if has_alias else ""
        self._parent = name
        text = f"{alias}{name}{self._arguments(field)}{self._condition()}"
        child = get_named_type(field.type)
        return text if is_leaf_type(child) else f"{text} {{ {self._selection(child, depth)} }}"

    def _placed(self, type_: GraphQLObjectType, text: str) -> str:
        """Sometimes within a fragment."""
        chance = self._random.random()
        if chance < 0.08:
            return f"... on {type_.name}{self._condition()} {{ {text} }}"
        if chance < 0.12:
            return f"...{self._condition()} {{ {text} }}"
        if chance < 0.2:
            number = self._number()
            self._fragments.append(f"fragment F{number} on {type_.name} {{ {text} }}")
            return f"...F{number}{self._condition()}"
        return text

    def _condition(self) -> str:
        if not self._happens(0.1):
            return ""
        name = self._random.choice(["skip", "include"])
        return f" @{name}(if: {self._given('Boolean!', self._happens(0.5))})"

    # Arguments

    def _arguments(self, field: GraphQLField) -> str:
        given = []
        for name, argument in field.args.items():
            if is_required_argument(argument) or self._happens(0.05 if name in _SELDOM_GIVEN else 0.4):
                given.append(f"{name}: {self._given(str(argument.type), self._value(name, argument.type))}")
        return f"({', '.join(given)})" if given else ""

    def _given(self, type_: str, value: Any) -> str:
        if self._happens(0.5):
            return _literal(value)
        name = f"v{self._number()}"
        has_default = self._happens(0.3)
        self._declared.append(f"${name}: {type_}{f' = {_literal(value)}' if has_default else ''}")
        if not has_default or self._happens(0.3):
            self._variables[name] = value
        return f"${name}"

    def _value(self, name: str, type_: Any) -> Any:
        if isinstance(type_, GraphQLNonNull):
            return self._value(name, type_.of_type)
        if isinstance(type_, GraphQLList):
            return [self._value(name, type_.of_type) for _ in range(self._random.choice([0, 1, 1, 2, 3]))]
        if isinstance(type_, GraphQLEnumType):
            return Name(self._random.choice(list(type_.values)))
        if isinstance(type_, GraphQLInputObjectType):
            return self._input(type_)
        if type_.name == "ID":
            return self._id()
        plain: Callable[[], Any] = {
            "Boolean": lambda: self._happens(0.5),
            "Int": lambda: self._random.choice([0, 1, 3]),
        }.get(type_.name, lambda: "text")
        return self._random.choice(_GIVEN[name]) if name in _GIVEN else plain()

    def _id(self) -> str:
        """Mostly of the right kind."""
        ids = [*self._ids.values(), "bm90aGluZw"]
        right = [self._ids[name] for name in _OF_KIND.get(self._parent, ())]
        return self._random.choice(right if right and self._happens(0.8) else ids)

    def _input(self, type_: GraphQLInputObjectType) -> dict[str, Any]:
        fields = list(type_.fields.items())
        is_one_of = type_.extensions[GraphQLCoreConverter.DEFINITION_BACKREF].is_one_of
        if is_one_of:
            fields = [self._random.choice(fields)]
        return {
            name: self._value(name, field.type)
            for name, field in fields
            if is_one_of or is_required_input_field(field) or self._happens(0.5)
        }


def _literal(value: Any) -> str:
    if isinstance(value, Name):
        return value
    if isinstance(value, list):
        return f"[{', '.join(map(_literal, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{name}: {_literal(one)}' for name, one in value.items())}}}"
    return json.dumps(value)
