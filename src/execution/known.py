"""What is known is completed in one go, from the top to the bottom, without a look at the clock.

Mostly, all that is below a row was read together with it. Then neither places in the answer nor levels are
needed. Where anything has to be awaited or fails, the walk completes it instead.
"""

from collections.abc import Awaitable, Callable, Sequence
from functools import lru_cache
from inspect import iscoroutine
from operator import attrgetter
from typing import Any, Final, NamedTuple

from auth.access import Access, refusals_at_once
from execution.leaves import Leaf
from execution.pools import Pool
from execution.shapes import Attribute, Item, Resolved, Selected, Shape
from graph.face_columns import Column
from graph.faces import faces_of
from graph.fields import Loads
from resolvers.context import Context

_MOST: Final = 4_000
"""Fields of all objects together. They take about a millisecond."""
_FIELDS_A_STEP: Final = 32
_MOST_IN_VAIN: Final = 6
_NONE: Final = type(None)


class _Unknown(Exception):
    """Only the walk can complete it."""


class _Leaf(NamedTuple):
    """A field with a scalar or an enum that needs no resolver."""

    place: int
    """Among the fields of the shape."""
    made_of_all: Column | None
    item: Item
    leaf: Leaf


class _Attribute(NamedTuple):
    """An attribute of the objects, and the leaves that are made of it."""

    read: Callable[[Any], Any]
    leaves: list[_Leaf]


class _Steps:
    """How a shape is completed, for objects of one class: each attribute is read once."""

    __slots__ = ("attributes", "face", "rest")

    def __init__(self, shape: Shape) -> None:
        self.face: type | None = None
        self.rest: list[tuple[int, Selected]] = []
        by_attribute: dict[str, list[_Leaf]] = {}
        for place, one in enumerate(shape.fields):
            source, leaf = one.source, one.item.leaf
            if isinstance(source, Attribute) and leaf and not one.is_list:
                self.face = source.face
                attribute, made_of_all = source.column
                by_attribute.setdefault(attribute, []).append(_Leaf(place, made_of_all, one.item, leaf))
            else:
                self.rest.append((place, one))
        self.attributes = [_Attribute(attrgetter(name), leaves) for name, leaves in by_attribute.items()]


class Known:
    """Of one answer."""

    def __init__(self, context: Context, arguments_of: Callable[[Resolved], dict[str, Any]]) -> None:
        self._loaders = context.loaders
        self._viewer = context.viewer
        self._run_queue = context.run_queue
        self._arguments_of = arguments_of

    def completes(self, pool: Pool) -> bool:
        """Fills the pool if all that is selected is known. Returns whether it was."""
        shape, objects = pool.shape, pool.objects
        if not shape.may_be_known or len(objects) * shape.size > _MOST or not shape.is_worth_trying():
            return False
        try:
            pool.answers = self._answers(shape, objects)
        except Exception:
            # Something that fails does so again, in its place in the answer.
            shape.in_vain = min(shape.in_vain + 1, _MOST_IN_VAIN)
            return False
        shape.in_vain = 0
        self._run_queue.steps += 1 + len(objects) * shape.size // _FIELDS_A_STEP
        return True

    def _answers(self, shape: Shape, objects: Sequence[Any]) -> list[dict[str, Any]]:
        (kind,) = set(map(type, objects))
        for requires in shape.requires:
            self._require(requires, objects)
        steps = shape.steps
        if steps is None:
            steps = shape.steps = _Steps(shape)
        if steps.face not in (None, kind):
            return shape.objects_of([self._column(field, objects) for field in shape.fields])
        columns: list[Any] = [None] * len(shape.fields)
        for read, leaves in steps.attributes:
            values = list(map(read, objects))
            for place, made_of_all, item, leaf in leaves:
                made = values if made_of_all is None else list(made_of_all(values))
                shown = leaf.shown_at_once(made)
                columns[place] = _leaves(leaf, item, made) if shown is None else shown
        for place, field in steps.rest:
            columns[place] = self._column(field, objects)
        return shape.objects_of(columns)

    def _require(self, requires: Sequence[Access], objects: Sequence[Any]) -> None:
        rows = [one.row for one in objects]
        refused = refusals_at_once(self._loaders, self._viewer, requires, rows)
        if refused is None or any(refused):
            raise _Unknown

    def _column(self, field: Selected, objects: Sequence[Any]) -> list[Any]:
        source = field.source
        values = self._resolved(source, objects) if isinstance(source, Resolved) else source.values(objects)
        if field.is_list:
            return self._lists(field, values)
        return self._items(field.item, values)

    def _resolved(self, source: Resolved, objects: Sequence[Any]) -> list[Any]:
        arguments, resolver = self._arguments_of(source), source.resolver
        if arguments:
            found = [resolver(one, **arguments) for one in objects]
        else:
            found = [resolver(one) for one in objects]
        kinds = set(map(type, found))
        if any(map(_is_awaitable, kinds)):
            _close(found)
            raise _Unknown
        loads = source.loads
        if loads is None:
            return found
        if _NONE not in kinds:
            return self._shown(loads, found, is_read=source.is_read)
        shown = iter(self._shown(loads, _present(found), is_read=source.is_read))
        return [None if key is None else next(shown) for key in found]

    def _shown(self, loads: Loads, keys: list[Any], *, is_read: bool) -> list[Any]:
        values = self._loaders[loads.loader].known(keys) if is_read else [loads.instead] * len(keys)
        if values is None or not all(map(_is_there, set(map(type, values)))):
            raise _Unknown
        if loads.of is None:
            return faces_of(values)
        return list(map(loads.of, keys, values)) if loads.of_all is None else loads.of_all(keys, values)

    def _lists(self, field: Selected, values: list[Any]) -> list[Any]:
        if not set(map(type, values)) <= _LISTS:
            raise _Unknown
        items = [item for value in values for item in value]
        if len(items) * (field.item.shape.size if field.item.shape else 1) > _MOST:
            raise _Unknown
        shown = self._items(field.item, items) if items else items
        if len(values) == 1:
            return [shown]
        rest = iter(shown)
        return [[next(rest) for _ in value] for value in values]

    def _items(self, item: Item, values: list[Any]) -> list[Any]:
        if item.leaf:
            shown = item.leaf.shown_at_once(values)
            return _leaves(item.leaf, item, values) if shown is None else shown
        kinds = set(map(type, values))
        if _NONE not in kinds:
            return self._objects(item, kinds, values)
        if item.is_required:
            raise _Unknown
        kinds.discard(_NONE)
        rest = iter(self._objects(item, kinds, _present(values)) if kinds else ())
        return [None if value is None else next(rest) for value in values]

    def _objects(self, item: Item, kinds: set[type], values: list[Any]) -> list[dict[str, Any]]:
        (kind,) = kinds
        shape = item.shapes.get(kind, item.shape)
        if shape is None or not _is_there(kind):
            raise _Unknown
        return self._answers(shape, values)


_LISTS: Final = {list, tuple}


def _leaves(leaf: Leaf, item: Item, values: list[Any]) -> list[Any]:
    """Raises _Unknown where one is none."""
    kinds = set(map(type, values))
    if (item.is_required and _NONE in kinds) or not all(map(_is_there, kinds - {_NONE})):
        raise _Unknown
    return leaf.completed(values)


def _present(values: Sequence[Any]) -> list[Any]:
    return [value for value in values if value is not None]


@lru_cache(1_000)
def _is_there(kind: type) -> bool:
    """Whether values of this class are neither missing, nor failures, nor awaited."""
    return kind is not _NONE and not issubclass(kind, (Exception, Awaitable))


@lru_cache(1_000)
def _is_awaitable(kind: type) -> bool:
    return issubclass(kind, Awaitable)


def _close(found: Sequence[Any]) -> None:
    """Python warns of coroutines that were never begun."""
    for one in found:
        if iscoroutine(one):
            one.close()
