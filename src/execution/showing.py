"""What is shown of the values of a loader."""

from collections.abc import Sequence
from typing import Any, Final

from base.scheduler import RunQueue
from graph.faces import face_of
from graph.fields import Loads

_STEPS: Final = 3
"""How many steps it counts as to show a value, which may be a page of objects."""
_AT_ONCE: Final = 4
"""How many are shown between two looks at the clock."""


class Showing:
    """Puts in place of each key in `found` what is shown of its value."""

    __slots__ = ("_found", "_loads", "_places", "_shown", "_values")

    def __init__(self, loads: Loads, found: list[Any], places: Sequence[int], values: Sequence[Any]) -> None:
        """`places`: where the keys stand. `values`: what the loader has for each of them."""
        self._loads = loads
        self._found = found
        self._places = places
        self._values = values
        self._shown = 0

    def is_done(self, run_queue: RunQueue) -> bool:
        """Goes on until others must have a turn. Returns whether all are shown."""
        while self._shown < len(self._places):
            if run_queue.steps > run_queue.check_after and run_queue.must_yield():
                return False
            self._show(slice(self._shown, self._shown + _AT_ONCE))
            self._shown += _AT_ONCE
            run_queue.steps += _AT_ONCE * _STEPS
        return True

    def _show(self, part: slice) -> None:
        found, of = self._found, self._loads.of
        for place, value in zip(self._places[part], self._values[part], strict=True):
            if value is None or isinstance(value, Exception):
                found[place] = value
                continue
            try:
                found[place] = face_of(value) if of is None else of(found[place], value)
            except Exception as error:
                found[place] = error
