"""The entry points of the program, for commands and workers. Nothing else is loaded before."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


def main() -> None:
    with _loading():
        from server.commands import cli
    cli.main()


def app() -> Any:
    """What each worker runs."""
    with _loading():
        from server.app import app_from_environment
    return app_from_environment()


@contextmanager
def _loading() -> Iterator[None]:
    """Without the garbage collector: what is loaded stays, and looking for garbage would take a sixth of the
    time.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
