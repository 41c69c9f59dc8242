"""How often Python looks for garbage, once everything is loaded."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


def keep_loaded(young: int, middle: int) -> None:
    """All objects that are there now stay, so the collector need not look through them again. It looks
    through new objects whenever there are so many more, `young`, and through those that stayed after so many
    times.
    """
    gc.freeze()
    gc.set_threshold(young, middle, 1_000)


@contextmanager
def loaded_kept(young: int, middle: int) -> Iterator[None]:
    """The same, while the block runs."""
    before = gc.get_threshold()
    keep_loaded(young, middle)
    try:
        yield
    finally:
        gc.unfreeze()
        gc.set_threshold(*before)
