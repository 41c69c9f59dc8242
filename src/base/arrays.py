"""NumPy, for long columns. A hundred values are counted in Python before NumPy has begun."""

from collections.abc import Sequence
from functools import cache
from os import environ
from typing import Any, Final

from base.loading import LoadedWhenNeeded

# Nobody multiplies matrices here. A thread that waits for them would spin for a tenth of a second first.
environ.setdefault("OPENBLAS_NUM_THREADS", "1")

_MANY: Final = 400
"""For so many values it is worth it."""
ENOUGH_TO_READ: Final = 80
"""The same if they are only read, which takes few steps."""


@cache
def numpy() -> Any:
    """It takes a tenth of a second to load."""
    import numpy

    return numpy


arrays = LoadedWhenNeeded(numpy)
"""Await `arrays.ready()` before long columns are read on the event loop."""


def are_for_arrays(column: Sequence[Any], many: int = _MANY) -> bool:
    """Whether arrays are the quicker way. Nothing is loaded for it here."""
    return len(column) >= many and arrays.is_loaded
