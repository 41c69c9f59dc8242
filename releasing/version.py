"""The version in the files that name it."""

import re
from datetime import date
from pathlib import Path

_VERSION = re.compile(r"^version = \"(\d+\.\d+\.\d+)\"$", re.MULTILINE)
_NOTHING = "## Unreleased\n"


class NotReleasable(Exception):
    """Its text says what has to be done first."""


def set_version(root: Path, version: str, day: date) -> None:
    """Writes the version into pyproject.toml, and makes the unreleased changes those of the version."""
    project, changes = root / "pyproject.toml", root / "CHANGELOG.md"
    described, listed = project.read_text(), changes.read_text()
    current = _VERSION.search(described)
    assert current
    if not re.fullmatch(r"\d+\.\d+\.\d+", version):
        raise NotReleasable("Name the release: make release VERSION=1.2.3")
    if _parts(version) < _parts(current[1]) or f"\n## {version} " in listed:
        raise NotReleasable(f"{version} is no newer version: {current[1]} is the last one.")
    _, found, rest = listed.partition(_NOTHING)
    if not found or not rest.partition("\n## ")[0].strip():
        raise NotReleasable("CHANGELOG.md has nothing that is unreleased.")
    project.write_text(_VERSION.sub(f'version = "{version}"', described, count=1))
    changes.write_text(listed.replace(_NOTHING, f"{_NOTHING}\n## {version} - {day.isoformat()}\n", 1))


def _parts(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))
