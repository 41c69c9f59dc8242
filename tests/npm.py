"""Node and its packages, for tests of what runs on it."""

import shutil
import subprocess
from pathlib import Path

import pytest

NODE, NPM = (shutil.which(name) or "" for name in ("node", "npm"))
needs_node = pytest.mark.skipif(
    not (NODE and NPM),
    reason="Node.js or npm is missing: install Node.js 20.19 or newer, with npm",
)


def installed(sources: Path, folder: Path, *scripts: str) -> Path:
    """The folder, with the scripts beside the packages that their lock pins."""
    for file in ("package.json", "package-lock.json", *scripts):
        shutil.copy(sources / file, folder)
    command = [NPM, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=1"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=180)
    if done.returncode:
        pytest.skip(f"npm installs nothing here: {done.stderr.strip().splitlines()[-1]}")
    return folder
