"""The folder in which the workers of a server share their metrics.

This module does not load the library, which looks for the folder when it is loaded.
"""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
"""By this variable the library finds the folder, and so do workers, which have the same environment."""


@contextmanager
def shared_folder() -> Iterator[None]:
    """A new folder, until the block ends."""
    with tempfile.TemporaryDirectory(prefix="viewgraph-metrics-") as folder:
        os.environ[_VARIABLE] = folder
        try:
            yield
        finally:
            del os.environ[_VARIABLE]


def is_shared() -> bool:
    """Whether this process is one of several that share their metrics."""
    return _VARIABLE in os.environ
