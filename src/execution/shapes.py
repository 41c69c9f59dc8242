"""What a plan is made of: what is selected of each type of object, and where its values come from."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from inspect import iscoroutinefunction
from operator import attrgetter
from typing import Any, TypeAlias

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

    __slots__ = ("_column", "_face", "_of", "name")

    def __init__(self, name: str, face: type) -> None:
        """`face`: the class that most of the objects have."""
        self.name = name
        self._face = face
        self._of: Callable[[Any], Any] = attrgetter(name)
        self._column = column_of(face, name)

    def values(self, objects: Sequence[Any]) -> list[Any]:
        """The objects are of one class."""
        if self._column and objects and objects[0].__class__ is self._face:
            return list(self._column(objects))
        return list(map(self._of, objects))


FromVariables: TypeAlias = tuple[tuple[str, str], ...]
"""Names of arguments in Python, each with the name of the variable whose value it is."""


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
"""Makes objects of columns."""


@dataclass(slots=True, eq=False)
class Shape:
    """A selection on one type of object."""

    fields: list[Selected]
    series: "SeriesShape | None" = None
    """For points of a series."""
    build: Build | None = None
    """See `objects_of`; None until it is needed."""
    names: list[str] = field(init=False)
    lists: list[str] = field(init=False)
    leaves: list[tuple[Selected, TypeName | Attribute, Leaf]] | None = field(init=False)
    """All fields with their sources, if none has to be resolved, is a list or has fields of its own."""

    def __post_init__(self) -> None:
        self.names = [one.name for one in self.fields]
        self.lists = [one.name for one in self.fields if one.is_list]
        leaves = [
            (one, one.source, one.item.leaf)
            for one in self.fields
            if one.item.leaf and not one.is_list and not isinstance(one.source, Resolved)
        ]
        self.leaves = leaves if leaves and len(leaves) == len(self.fields) else None

    def objects_of(self, columns: Iterable[Sequence[Any]]) -> list[dict[str, Any]]:
        """As they stand in the answer, of a column for each field. There is at least one field."""
        if self.build is None:
            self.build = builder_of(self.names)
        return self.build(*columns)


def builder_of(names: Sequence[str]) -> Build:
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
