"""What is shown of the values of a loader."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final

from base.scheduler import RunQueue
from graph.faces import face_of, faces_of, is_row
from graph.fields import Loads

_STEPS: Final = 3
"""How many steps it counts as to show a value, which may be a page of objects."""
_FEWEST: Final = 4
_MOST: Final = 16
"""How many are shown between two looks at the clock: first few, and then more."""
_ROWS: Final = 100
"""How many rows are, which are no lists."""
_NONE: Final = type(None)


class Showing:
    """Puts in place of each key in `found` what is shown of its value."""

    __slots__ = ("_at_once", "_found", "_loads", "_places", "_shown", "_values")

    def __init__(self, loads: Loads, found: list[Any], places: Sequence[int], values: Sequence[Any]) -> None:
        """`places`: where the keys stand. `values`: what the loader has for each of them."""
        self._loads = loads
        self._found = found
        self._places = places
        self._values = values
        self._shown = 0
        self._at_once = _FEWEST

    def is_done(self, run_queue: RunQueue) -> bool:
        """Goes on until others must have a turn. Returns whether all are shown."""
        while self._shown < len(self._places):
            if run_queue.steps > run_queue.check_after and run_queue.must_yield():
                return False
            run_queue.steps += self._show_some() * _STEPS
        return True

    def _show_some(self) -> int:
        """Returns how many."""
        first = self._shown
        kinds = set(map(type, self._values[first : first + _ROWS]))
        if self._loads.of is None and all(map(_is_row, kinds)):
            self._shown = first + _ROWS
        else:
            self._shown = first + self._at_once
            self._at_once = min(2 * self._at_once, _MOST)
        part = slice(first, self._shown)
        places, values = self._places[part], self._values[part]
        if not (all(map(_is_there, kinds)) and self._are_shown(places, values)):
            self._show_each(places, values)
        return len(places)

    def _are_shown(self, places: Sequence[int], values: Sequence[Any]) -> bool:
        """Shows all, unless one fails."""
        found, of = self._found, self._loads.of
        try:
            if of is None:
                shown = faces_of(values)
            else:
                shown = [of(found[place], value) for place, value in zip(places, values, strict=True)]
        except Exception:
            return False
        for place, one in zip(places, shown, strict=True):
            found[place] = one
        return True

    def _show_each(self, places: Sequence[int], values: Sequence[Any]) -> None:
        found, of = self._found, self._loads.of
        for place, value in zip(places, values, strict=True):
            if value is None or isinstance(value, Exception):
                found[place] = value
                continue
            try:
                found[place] = face_of(value) if of is None else of(found[place], value)
            except Exception as error:
                found[place] = error


@lru_cache(1_000)
def _is_there(kind: type) -> bool:
    """Whether values of this class are neither missing nor failures."""
    return kind is not _NONE and not issubclass(kind, Exception)


_is_row = lru_cache(1_000)(is_row)
