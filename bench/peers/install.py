"""What the peers run on: an environment of Python, and a folder of Node's packages, as locks pin them."""

import shutil
import subprocess
import sys
import venv
from pathlib import Path

_HERE = Path(__file__).parent
_REQUIREMENTS = _HERE / "requirements.txt"
_NODE = _HERE / "node"


def installed(folder: Path) -> None:
    """What stands is not installed again until its lock changes. Scripts are copied each time."""
    python, node = folder / "python", folder / "node"
    if _is_stale(python, _REQUIREMENTS):
        venv.create(python, clear=True, with_pip=True)
        pip = [str(python / "bin/python"), "-m", "pip", "--quiet", "--disable-pip-version-check"]
        _run(*pip, "install", "--requirement", str(_REQUIREMENTS))
        _mark(python, _REQUIREMENTS)
    node.mkdir(parents=True, exist_ok=True)
    for file in (*_NODE.glob("*.mjs"), *_NODE.glob("*.json"), _HERE / "schema.graphql"):
        shutil.copy(file, node)
    if _is_stale(node, _NODE / "package-lock.json"):
        npm = shutil.which("npm")
        if npm is None:
            raise RuntimeError("npm is missing. It comes with Node.js, of any version from 18.")
        _run(
            npm,
            "ci",
            "--prefix",
            str(node),
            "--ignore-scripts",
            "--no-audit",
            "--no-fund",
            "--loglevel=error",
        )
        _mark(node, _NODE / "package-lock.json")


def python(folder: Path) -> str:
    return str(folder / "python/bin/python")


def node(folder: Path) -> str:
    """The one among the packages, which suits all of them."""
    (found,) = (folder / "node/node_modules").glob("node-linux-*/bin/node")
    return str(found)


def _is_stale(folder: Path, lock: Path) -> bool:
    stamp = folder / "installed"
    return not stamp.exists() or stamp.read_text() != lock.read_text()


def _mark(folder: Path, lock: Path) -> None:
    (folder / "installed").write_text(lock.read_text())


def _run(*command: str) -> None:
    print(f"Installing with {Path(command[0]).name}", file=sys.stderr)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)  # noqa: S603
