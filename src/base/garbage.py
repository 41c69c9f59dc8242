"""Garbage with cycles, which reference counts do not free."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def staying_young() -> Iterator[None]:
    """The collector looks at nothing while the block runs. So what the block leaves behind is young, and is
    freed soon. What the collector has found in use twice is old, and it looks at old objects so rarely that
    the memory of a server would grow for thousands of requests. Only for blocks of a few milliseconds.
    """
    is_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if is_enabled:
            gc.enable()
