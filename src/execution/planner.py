"""Plans a query: what is selected, by which fields' declarations."""

from collections.abc import Mapping
from typing import Any

from graphql import (
    FieldNode,
    GraphQLField,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    OperationDefinitionNode,
    SelectionSetNode,
    is_abstract_type,
    is_leaf_type,
)
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.types.field import StrawberryField

from execution.conditions import Collector
from execution.faults import Unplanned
from execution.foreseen import Ahead, Foresight
from execution.leaves import Leaf
from execution.shapes import Attribute, Item, Resolved, Selected, SeriesShape, Shape, Source, TypeName
from graph.document import Operation
from graph.faces import row_of
from graph.fields import Auth, Loads
from graph.schema import schema
from graph.types.views import OF_THE_POINT, OfBucket, ViewPoint

_MOST_FIELDS = 1_000
"""Of one plan. Fragments multiply what they select."""
_TYPENAME = "__typename"
_core = schema._schema
_LEAVES = {name: Leaf(type_) for name, type_ in _core.type_map.items() if is_leaf_type(type_)}
_NAME_OF_TYPE = Item(is_required=True, leaf=_LEAVES["String"])


class Plan:
    """Of an operation, for given values of the variables on which it depends what is selected."""

    __slots__ = ("ahead", "fields", "payloads", "root")

    def __init__(self, root: Shape, payloads: Mapping[str, Item], fields: int, ahead: Ahead) -> None:
        self.root = root
        """Of a query; empty for others."""
        self.payloads = payloads
        """What is selected of what a mutation or a subscription gives, by the names in the answer."""
        self.ahead = ahead
        self.fields = fields
        """How many there are in all shapes together."""


def planned(operation: Operation, values: Mapping[str, Any]) -> Plan:
    """Of a valid operation. Raises Unplanned."""
    definition, document = operation.definition, operation.document.node
    assert isinstance(definition, OperationDefinitionNode)
    assert document
    root = _core.get_root_type(definition.operation)
    assert root
    planner = _Planner(Collector(_core, document, values))
    if root is _core.query_type:
        shape = planner.shape(root, [definition.selection_set])
        return Plan(shape, {}, planner.fields, planner.foresight.ahead())
    payloads = planner.payloads(root, definition.selection_set)
    return Plan(Shape([]), payloads, planner.fields, planner.foresight.ahead())


class _Planner:
    def __init__(self, collector: Collector) -> None:
        self._collector = collector
        self.fields = 0
        self.foresight = Foresight()

    def shape(self, type_: GraphQLObjectType, selected: list[SelectionSetNode]) -> Shape:
        named = self._collector.fields(type_, selected)
        self.fields += 1 + len(named)
        if self.fields > _MOST_FIELDS:
            raise Unplanned("too many fields")
        fields = [self._selected(type_, name, nodes) for name, nodes in named.items()]
        if row := _row(type_):
            self.foresight.add(row, fields)
        return Shape(fields, _series_shape(fields) if _is_point(type_) else None)

    def payloads(self, root: GraphQLObjectType, selected: SelectionSetNode) -> dict[str, Item]:
        return {
            name: self._item(root.fields[nodes[0].name.value].type, nodes)
            for name, nodes in self._collector.fields(root, [selected]).items()
            if nodes[0].selection_set
        }

    def _selected(self, type_: GraphQLObjectType, name: str, nodes: list[FieldNode]) -> Selected:
        if nodes[0].name.value == _TYPENAME:
            return Selected(name, nodes, TypeName(type_.name), _NAME_OF_TYPE, is_required=True)
        definition = type_.fields.get(nodes[0].name.value)
        declared = definition and definition.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
        if definition is None or not isinstance(declared, StrawberryField) or declared.permission_classes:
            raise Unplanned(f"the field {nodes[0].name.value}")
        outer, is_required = _nullable(definition.type)
        is_list = isinstance(outer, GraphQLList)
        item = self._item(outer.of_type if is_list else definition.type, nodes)
        source = _source(_origin(type_), declared, definition, nodes[0], item)
        return Selected(name, nodes, source, item, is_list, is_required)

    def _item(self, type_: Any, nodes: list[FieldNode]) -> Item:
        named, is_required = _nullable(type_)
        if isinstance(named, GraphQLList):
            raise Unplanned("a list of lists")
        if is_leaf_type(named):
            return Item(is_required, _LEAVES[named.name])
        selected = [node.selection_set for node in nodes if node.selection_set]
        if is_abstract_type(named):
            possible = _core.get_possible_types(named)
            return Item(is_required, shapes={_class(one): self.shape(one, selected) for one in possible})
        shape = self.shape(named, selected)
        if named.is_type_of is None:
            return Item(is_required, shape=shape)
        return Item(is_required, shapes={_class(named): shape})


def _nullable(type_: Any) -> tuple[Any, bool]:
    """The type without its mark of being required, and whether it had one."""
    is_required = isinstance(type_, GraphQLNonNull)
    return (type_.of_type if is_required else type_), is_required


def _row(type_: GraphQLObjectType) -> type | None:
    definition = type_.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
    return row_of(definition.origin) if definition else None


def _class(type_: GraphQLObjectType) -> type:
    if type_.extensions[GraphQLCoreConverter.DEFINITION_BACKREF].concrete_of:
        raise Unplanned("a generic type among others")
    return _origin(type_)


def _origin(type_: GraphQLObjectType) -> type:
    found: type = type_.extensions[GraphQLCoreConverter.DEFINITION_BACKREF].origin
    return found


def _source(
    face: type, field: StrawberryField, definition: GraphQLField, node: FieldNode, item: Item
) -> Source:
    loads = [one for one in field.extensions if type(one) is Loads]
    auths = [one for one in field.extensions if type(one) is Auth]
    if len(loads) > 1 or len(auths) > 1 or len(loads) + len(auths) < len(field.extensions):
        raise Unplanned("an extension of a field")
    resolver = field.base_resolver
    if resolver is None:
        if field.extensions:
            raise Unplanned("an extension of an attribute")
        return Attribute(field.python_name, face)
    if resolver.parent_parameter or resolver.root_parameter:
        raise Unplanned("a parameter of a resolver")
    requires = auths[0].requires if auths else ()
    function: Any = resolver.wrapped_func
    of_loader = loads[0] if loads else None
    is_read = of_loader is None or _needs_value(of_loader, item)
    return Resolved(function, definition, node, field, of_loader, requires, is_read)


def _needs_value(loads: Loads, item: Item) -> bool:
    sources = [one.source for shape in item.every_shape() for one in shape.fields]
    return not loads.only_for or any(
        isinstance(source, Attribute) and source.name in loads.only_for for source in sources
    )


def _is_point(type_: GraphQLObjectType) -> bool:
    definition = type_.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
    return definition is not None and issubclass(definition.origin, ViewPoint)


def _series_shape(fields: list[Selected]) -> SeriesShape:
    of_bucket: dict[str, tuple[str, Leaf]] = {}
    of_point: dict[str, tuple[str, Leaf]] = {}
    of_group: list[Selected] = []
    for one in fields:
        attribute = one.source.name if isinstance(one.source, Attribute) else None
        if attribute in OF_THE_POINT and one.item.leaf:
            of_point[one.name] = attribute, one.item.leaf
        elif attribute in OfBucket._fields and one.item.leaf:
            of_bucket[one.name] = attribute, one.item.leaf
        else:
            of_group.append(one)
    return SeriesShape([one.name for one in fields], of_bucket, of_point, Shape(of_group))
