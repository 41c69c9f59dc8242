"""Environments of Python beside the project's, for what benchmarks compare with."""

import subprocess
import sys
import venv
from pathlib import Path


def made_environment(folder: Path, requirements: Path) -> None:
    """What stands is not installed again until its lock changes."""
    if not is_stale(folder, requirements):
        return
    venv.create(folder, clear=True, with_pip=True)
    pip = [str(folder / "bin/python"), "-m", "pip", "--quiet", "--disable-pip-version-check"]
    run(*pip, "install", "--requirement", str(requirements))
    mark(folder, requirements)


def is_stale(folder: Path, lock: Path) -> bool:
    stamp = folder / "installed"
    return not stamp.exists() or stamp.read_text() != lock.read_text()


def mark(folder: Path, lock: Path) -> None:
    (folder / "installed").write_text(lock.read_text())


def run(*command: str) -> None:
    print(f"Installing with {Path(command[0]).name}", file=sys.stderr)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)  # noqa: S603
