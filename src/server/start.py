"""The entry points of the program, for commands and workers. Python loads this module first."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


def main() -> None:
    with _loading():
        from server.commands import cli
    cli.main()


def app() -> Any:
    """The application that each worker runs."""
    with _loading():
        from server.app import app_from_environment
    return app_from_environment()


@contextmanager
def _loading() -> Iterator[None]:
    """Loads modules without the garbage collector. They stay in memory, and looking for garbage would take a
    sixth of the time.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
