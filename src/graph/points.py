"""Completes the points of series by columns: each bucket and each group once, however many points they have.

GraphQL's executor would ask each point for each field, and wait for each point's asset in a task of its own.
Leaves of a point, and leaves of its asset or workspace, come from columns instead. If anything else is
selected, or anything goes wrong, the executor does it: both give the same answer.
"""

from asyncio import gather
from collections.abc import Callable, Coroutine, Iterator, Sequence
from functools import partial
from inspect import isawaitable
from itertools import repeat
from typing import Any, NamedTuple

from graphql import (
    GraphQLField,
    GraphQLList,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLResolveInfo,
    get_named_type,
    get_nullable_type,
    is_leaf_type,
    is_non_null_type,
)
from graphql.execution.collect_fields import FieldDetailsList
from graphql.pyutils import AwaitableOrValue, Path
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.types.field import StrawberryField

from graph.executor import Executor
from graph.partial_results import json_items, json_list
from graph.types.views import OF_THE_POINT, OfBucket, Points
from loaders.series import Point

_AT_ONCE = 1_000
"""After so many points, which take some milliseconds, others have a turn."""
_TYPENAME = "__typename"

Source = Any
Selected = dict[str, FieldDetailsList]


class _NotPlain(Exception):
    """Only the executor can complete these points."""


class ExecutionOfPoints(Executor):
    def complete_list_value(
        self,
        return_type: GraphQLList[GraphQLOutputType],
        field_details_list: FieldDetailsList,
        info: GraphQLResolveInfo[Any],
        path: Path,
        result: Any,
        position_context: Any,
    ) -> AwaitableOrValue[Any]:
        usual = partial(
            super().complete_list_value,
            *(return_type, field_details_list, info, path, result, position_context),
        )
        if not isinstance(result, Points) or not len(result):
            return usual()
        series, context = result.series, self.context_value
        context.loaders.shown_points.take(len(series.buckets), len(series.groups), len(result))
        try:
            columns = _Columns(self, get_named_type(return_type.of_type), field_details_list, path, result)
            if not columns.is_waiting and len(result) <= _AT_ONCE:
                return next(columns.pieces())
        except Exception:
            # The executor says what went wrong, and where.
            return usual()
        return self._completed(columns, usual)

    async def _completed(self, columns: "_Columns", usual: Callable[[], Any]) -> Any:
        texts: list[bytes] = []
        try:
            await columns.wait()
            for piece in columns.pieces():
                texts.append(json_items(piece))
                self.run_queue.steps += _AT_ONCE
                await self.let_others()
        except Exception:
            found: Any = usual()
            return await found if isawaitable(found) else found
        return json_list(texts)


class _Leaf(NamedTuple):
    """A field that is an attribute of its source, without a resolver of its own."""

    attribute: str
    complete: Callable[[Any], Any]

    def of(self, source: Source) -> Any:
        return self.complete(getattr(source, self.attribute, None))


class _Columns:
    """The values of each name in the answer, in their order: by bucket, by group, or point by point.

    Raises _NotPlain, or what is wrong with a value.
    """

    def __init__(
        self,
        execution: ExecutionOfPoints,
        type_: Any,
        details: FieldDetailsList,
        path: Path,
        points: Points,
    ) -> None:
        self._execution = execution
        self._path = path.add_key(0, type_.name)
        self._series = series = points.series
        self._now = points.now
        self._groups = [points.of(Point(series.buckets[0], one, 0)) for one in series.groups]
        self._of_bucket: dict[str, _Leaf] = {}
        self._of_group: dict[str, list[Any]] = {}
        self._of_point: dict[str, tuple[Sequence[int], Callable[[Any], Any]]] = {}
        self._loading: list[Callable[[], Coroutine[Any, Any, None]]] = []
        self._names = list(selected := _selected(execution, type_, details))
        for name, found in selected.items():
            self._add(name, type_, found)

    def _add(self, name: str, type_: GraphQLObjectType, details: FieldDetailsList) -> None:
        field = _field(self._execution, type_, details)
        if field and not is_leaf_type(get_named_type(field.type)):
            object_type = get_named_type(field.type)
            leaves = _leaves(self._execution, object_type, details)
            self._loading.append(partial(self._load, name, type_, field, details, leaves))
            return
        leaf = _leaf(self._execution, type_, field)
        if leaf.attribute in OF_THE_POINT:
            counts = {"count": self._series.counts, "taken_back": self._series.taken_back}
            self._of_point[name] = counts[leaf.attribute], leaf.complete
        elif leaf.attribute in OfBucket._fields:
            self._of_bucket[name] = leaf
        else:
            self._of_group[name] = [leaf.of(one) for one in self._groups]

    async def _load(
        self,
        name: str,
        type_: GraphQLObjectType,
        field: GraphQLField,
        details: FieldDetailsList,
        leaves: dict[str, _Leaf],
    ) -> None:
        """Loads the object of each group."""
        nodes = [one.node for one in details]
        path = self._path.add_key(name, type_.name)
        info = self._execution.build_resolve_info(field, nodes, type_, path)
        resolve = field.resolve
        assert resolve
        is_required = is_non_null_type(field.type)

        async def one(source: Source) -> dict[str, Any] | None:
            found = resolve(source, info)
            if isawaitable(found):
                found = await found
            if isinstance(found, Exception) or (found is None and is_required):
                raise _NotPlain
            return None if found is None else {key: leaf.of(found) for key, leaf in leaves.items()}

        self._of_group[name] = await gather(*(one(source) for source in self._groups))

    @property
    def is_waiting(self) -> bool:
        return bool(self._loading)

    async def wait(self) -> None:
        await gather(*(load() for load in self._loading))

    def pieces(self) -> Iterator[list[dict[str, Any]]]:
        """Some points at a time."""
        series = self._series
        for start in range(0, len(series.counts), _AT_ONCE):
            end = start + _AT_ONCE
            yield self._piece(series.places[start:end], slice(start, end))

    def _piece(self, places: Sequence[int], part: slice) -> list[dict[str, Any]]:
        of_each = len(self._groups)
        buckets = [place // of_each for place in places]
        groups = [place % of_each for place in places]
        # There may be thousands of hours: each is made when it is needed.
        made = {number: OfBucket.at(self._series.buckets[number], self._now) for number in set(buckets)}
        columns: list[Any] = []
        for name in self._names:
            if name in self._of_bucket:
                leaf = self._of_bucket[name]
                values = {number: leaf.of(one) for number, one in made.items()}
                columns.append(map(values.__getitem__, buckets))
            elif name in self._of_group:
                columns.append(map(self._of_group[name].__getitem__, groups))
            else:
                counts, complete = self._of_point[name]
                columns.append(map(complete, counts[part]))
        names = self._names
        # A point without columns is still a point.
        rows: Any = zip(*columns, strict=True) if columns else repeat((), len(places))
        return [dict(zip(names, row, strict=True)) for row in rows]


def _selected(execution: ExecutionOfPoints, type_: GraphQLObjectType, details: FieldDetailsList) -> Selected:
    """The selected fields, by the executor's own rules: with aliases, fragments, @skip and @include."""
    selected, deferred, _ = execution.collect_subfields(type_, details)
    middleware = execution.middleware_manager
    if deferred or (middleware and middleware.middlewares):
        raise _NotPlain
    return selected


def _field(
    execution: ExecutionOfPoints, type_: GraphQLObjectType, details: FieldDetailsList
) -> GraphQLField | None:
    """The field; None for `__typename`."""
    node = details[0].node
    if node.name.value == _TYPENAME:
        return None
    field = execution.schema.get_field(type_, node.name.value)
    if field is None or field.args or node.arguments:
        raise _NotPlain
    return field


def _leaves(execution: ExecutionOfPoints, type_: Any, details: FieldDetailsList) -> dict[str, _Leaf]:
    if not isinstance(type_, GraphQLObjectType):
        raise _NotPlain
    return {
        name: _leaf(execution, type_, _field(execution, type_, found))
        for name, found in _selected(execution, type_, details).items()
    }


def _leaf(execution: ExecutionOfPoints, type_: GraphQLObjectType, field: GraphQLField | None) -> _Leaf:
    if field is None:
        name = type_.name
        return _Leaf(_TYPENAME, lambda _: name)
    definition = field.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
    is_required = is_non_null_type(field.type)
    leaf = get_nullable_type(field.type)
    if not is_leaf_type(leaf) or not isinstance(definition, StrawberryField) or not definition.is_basic_field:
        raise _NotPlain

    def complete(value: Any) -> Any:
        if value is not None:
            return execution.complete_leaf_value(leaf, value)
        if is_required:
            raise _NotPlain
        return None

    return _Leaf(definition.python_name, complete)
