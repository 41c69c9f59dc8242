"""What a plan is made of: what is selected of each type of object, and where its values come from."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from inspect import iscoroutinefunction
from operator import attrgetter
from typing import Any, NamedTuple, TypeAlias

from cachetools import LRUCache
from graphql import FieldNode, GraphQLField
from strawberry.types.field import StrawberryField

from auth.access import Access
from execution.conditions import has_variables
from execution.leaves import Leaf
from graph.face_columns import column_of
from graph.fields import Loads


@dataclass(slots=True, eq=False)
class TypeName:
    """`__typename`: the same for each object."""

    name: str

    def values(self, objects: Sequence[Any]) -> list[Any]:
        return [self.name] * len(objects)


class Attribute:
    """A field without a resolver of its own."""

    __slots__ = ("_of", "column", "face", "name")

    def __init__(self, name: str, face: type) -> None:
        """`face`: the class that most of the objects have."""
        self.name = name
        self.face = face
        self.column = column_of(face, name)
        """Of objects of this class."""
        self._of: Callable[[Any], Any] = attrgetter(name)

    def values(self, objects: Sequence[Any]) -> list[Any]:
        return list(map(self._of, objects))


FromVariables: TypeAlias = tuple[tuple[str, str], ...]
"""Names of arguments in Python, each with the name of the variable whose value it is."""


class OneArgument(NamedTuple):
    """An argument of a field, as if the field had no other."""

    field: GraphQLField
    node: FieldNode
    variables: tuple[str, ...]
    remembered: LRUCache[tuple[Any, ...], dict[str, Any]]


@dataclass(slots=True, eq=False)
class Resolved:
    """A field whose resolver gives the value, or the key by which a loader has it."""

    resolver: Callable[..., Any]
    definition: GraphQLField
    node: FieldNode
    """Where its arguments are given."""
    declared: StrawberryField
    loads: Loads | None
    requires: Sequence[Access]
    """The relations of which the viewer needs one; empty where everybody may see it."""
    is_read: bool = True
    """Whether what is selected needs the loader's value."""
    is_async: bool = field(init=False)
    """Whether the resolver has to be awaited."""
    has_variables: bool = field(init=False)
    """Whether its arguments are made of variables."""
    takes_object: bool = field(init=False)
    info_name: str | None = field(init=False)
    """The name of the argument that gets the info. None if it takes none."""
    constant: dict[str, Any] | None = None
    """The arguments, once they are known to be the same for all requests."""
    variables: tuple[str, ...] = ()
    """The names of the variables that its arguments are made of, once they are needed."""
    remembered: LRUCache[tuple[Any, ...], dict[str, Any]] | None = None
    """The arguments by the values of these variables."""
    parts: Sequence[OneArgument] | None = None
    """Each of the arguments, once they are needed."""
    from_variables: FromVariables | None = None
    """None until somebody asks for the arguments."""

    def __post_init__(self) -> None:
        self.is_async = iscoroutinefunction(self.resolver)
        self.has_variables = has_variables(self.node.arguments or ())
        declared = self.declared.base_resolver
        assert declared
        self.takes_object = bool(declared.self_parameter)
        self.info_name = declared.info_parameter.name if declared.info_parameter else None


Source: TypeAlias = TypeName | Attribute | Resolved


@dataclass(slots=True, eq=False)
class Item:
    """What a value is, or each item of a list of them."""

    is_required: bool
    leaf: Leaf | None = None
    """None for objects."""
    shapes: Mapping[type, "Shape"] = field(default_factory=dict)
    """What is selected of objects, by their class, where it says of which type they are."""
    shape: "Shape | None" = None
    """What is selected of objects of whatever other class."""

    def every_shape(self) -> "list[Shape]":
        return [*self.shapes.values(), *([self.shape] if self.shape else [])]


@dataclass(slots=True, eq=False)
class Selected:
    """A field as it is selected, with all selections of the same name in the answer."""

    name: str
    """In the answer."""
    nodes: list[FieldNode]
    source: Source
    item: Item
    is_list: bool = False
    is_required: bool = False
    """Whether the value itself may not be null: of a list, the list."""


Build: TypeAlias = Callable[..., list[dict[str, Any]]]
"""Makes objects of columns. See `_builder_of`."""


@dataclass(slots=True, eq=False)
class Shape:
    """A selection on one type of object."""

    fields: list[Selected]
    series: "SeriesShape | None" = None
    """For points of a series."""
    names: list[str] = field(init=False)
    lists: list[str] = field(init=False)
    requires: list[Sequence[Access]] = field(init=False)
    """Of the fields that not everybody may see."""
    size: int = field(init=False)
    """How many fields there are, with those of all shapes below."""
    may_be_known: bool = field(init=False)
    """Whether nothing in it or below has to be awaited in any case."""
    in_vain: int = 0
    """How many times one after the other it was not known."""
    steps: Any = None
    """How it is completed if all is known: see `execution.known`. None until it is needed."""
    _tries: int = 0
    _build: Build | None = None

    def __post_init__(self) -> None:
        self.names = [one.name for one in self.fields]
        self.lists = [one.name for one in self.fields if one.is_list]
        resolved = [one.source for one in self.fields if isinstance(one.source, Resolved)]
        self.requires = list(dict.fromkeys([one.requires for one in resolved if one.requires]))
        below = [shape for one in self.fields for shape in one.item.every_shape()]
        self.size = len(self.fields) + sum([shape.size for shape in below])
        self.may_be_known = (
            bool(self.fields)
            and self.series is None
            and all(one.takes_object and not one.is_async for one in resolved)
            and all(shape.may_be_known for shape in below)
        )

    def is_worth_trying(self) -> bool:
        """Whether it may be known. The more often it was not, the more seldom it is."""
        self._tries += 1
        return not self._tries & ((1 << self.in_vain) - 1)

    def objects_of(self, columns: Iterable[Sequence[Any]]) -> list[dict[str, Any]]:
        """As they stand in the answer, of a column for each field. There is at least one field."""
        if self._build is None:
            self._build = _builder_of(self.names)
        return self._build(*columns)


def _builder_of(names: Sequence[str]) -> Build:
    """Code that is written for the names. It takes a third of the time of `dict(zip(names, row))`."""
    values = [f"v{number}" for number in range(len(names))]
    columns = [f"c{number}" for number in range(len(names))]
    pairs = ", ".join(f"{name!r}: {value}" for name, value in zip(names, values, strict=True))
    text = (
        f"lambda {', '.join(columns)}: "
        f"[{{{pairs}}} for {', '.join(values)}, in zip({', '.join(columns)}, strict=True)]"
    )
    # Nothing of a client is in it but names of GraphQL, which are letters, digits and underscores.
    build: Build = eval(text)  # noqa: S307
    return build


@dataclass(slots=True, eq=False)
class SeriesShape:
    """A selection on points: by the bucket, by the group, or point by point."""

    names: list[str]
    of_bucket: dict[str, tuple[str, Leaf]]
    """The attribute and its type, by the name in the answer."""
    of_point: dict[str, tuple[str, Leaf]]
    of_group: Shape
