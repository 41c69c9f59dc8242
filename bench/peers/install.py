"""What the peers run on: an environment of Python, and a folder of Node's packages, as locks pin them."""

import shutil
from pathlib import Path

from bench.environment import is_stale, made_environment, mark, run

_HERE = Path(__file__).parent
_REQUIREMENTS = _HERE / "requirements.txt"
_NODE = _HERE / "node"


def installed(folder: Path) -> None:
    """What stands is not installed again until its lock changes. Scripts are copied each time."""
    python, node = folder / "python", folder / "node"
    made_environment(python, _REQUIREMENTS)
    node.mkdir(parents=True, exist_ok=True)
    for file in (*_NODE.glob("*.mjs"), *_NODE.glob("*.json"), _HERE / "schema.graphql"):
        shutil.copy(file, node)
    if is_stale(node, _NODE / "package-lock.json"):
        npm = shutil.which("npm")
        if npm is None:
            raise RuntimeError("npm is missing. It comes with Node.js, of any version from 18.")
        run(
            npm,
            "ci",
            "--prefix",
            str(node),
            "--ignore-scripts",
            "--no-audit",
            "--no-fund",
            "--loglevel=error",
        )
        mark(node, _NODE / "package-lock.json")


def python(folder: Path) -> str:
    return str(folder / "python/bin/python")


def node(folder: Path) -> str:
    """The one among the packages, which suits all of them."""
    (found,) = (folder / "node/node_modules").glob("node-linux-*/bin/node")
    return str(found)
