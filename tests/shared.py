"""What all workers of a run share: the first that needs it makes it, and the last removes it."""

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from fcntl import LOCK_EX, LOCK_NB, LOCK_SH, LOCK_UN, flock
from pathlib import Path
from typing import IO

import pytest


@contextmanager
def shared_folder(folders: pytest.TempPathFactory, name: str, fill: Callable[[Path], None]) -> Iterator[Path]:
    """A folder that was filled once, by this name."""
    base = folders.getbasetemp()
    around = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / name
    around.mkdir(exist_ok=True)
    folder = around / "filled"
    with (around / "changing").open("w") as changing, (around / "using").open("w") as using:
        with locked(changing):
            if not folder.exists():
                _fill(folder, fill)
            flock(using, LOCK_SH)
        yield folder
        # pytest keeps the folders of its last runs, and these are large.
        with locked(changing), suppress(BlockingIOError):
            flock(using, LOCK_EX | LOCK_NB)
            _remove(folder)


def _fill(folder: Path, fill: Callable[[Path], None]) -> None:
    """It has its name only when it is whole."""
    part = folder.with_name("part")
    _remove(part)
    part.mkdir()
    fill(part)
    part.rename(folder)


def _remove(folder: Path) -> None:
    subprocess.run(["/bin/rm", "-rf", str(folder)], check=True)


@contextmanager
def locked(file: IO[str]) -> Iterator[None]:
    flock(file, LOCK_EX)
    try:
        yield
    finally:
        flock(file, LOCK_UN)
