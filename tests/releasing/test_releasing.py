"""What `make release` writes, and what it refuses. All of it is run by hand: it takes a minute."""

import re
from datetime import date
from importlib.metadata import PackageNotFoundError, distribution, distributions
from pathlib import Path

import pytest

from releasing.__main__ import write_hashes
from releasing.licences import ALLOWED, refused
from releasing.version import NotReleasable, set_version
from tests.server.program import ROOT

DAY = date(2026, 12, 1)
PROJECT = 'name = "viewgraph"\nversion = "{version}"\npython_version = "3.11"\n'
CHANGES = "# Changelog\n\n## Unreleased\n\n### Added\n\n- A thing.\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "pyproject.toml").write_text(
        'name = "viewgraph"\nversion = "0.1.0"\npython_version = "3.11"\n'
    )
    (tmp_path / "CHANGELOG.md").write_text(CHANGES)
    return tmp_path


def test_a_version_is_written_where_it_is_named(project: Path) -> None:
    set_version(project, "0.2.0", DAY)

    assert (project / "pyproject.toml").read_text() == PROJECT.format(version="0.2.0")
    changes = (project / "CHANGELOG.md").read_text()
    assert changes == ("# Changelog\n\n## Unreleased\n\n## 0.2.0 - 2026-12-01\n\n### Added\n\n- A thing.\n")
    for version, words in (("0.2.0", "is no newer version"), ("0.3.0", "has nothing that is unreleased")):
        with pytest.raises(NotReleasable, match=words):
            set_version(project, version, DAY)


@pytest.mark.parametrize("version", ["", "v1", "1.2", "1.2.3-rc1", "0.0.9"])
def test_what_is_no_newer_version_is_refused_and_changes_nothing(project: Path, version: str) -> None:
    with pytest.raises(NotReleasable):
        set_version(project, version, DAY)

    assert (project / "CHANGELOG.md").read_text() == CHANGES


def test_each_package_that_is_installed_has_a_licence_that_somebody_has_looked_at() -> None:
    found = []
    for name in re.findall(r"^([\w.-]+)==", (ROOT / "requirements.lock").read_text(), re.MULTILINE):
        try:
            found.append(distribution(name))
        except PackageNotFoundError:
            # For another system or Python.
            continue

    assert len(found) > 50
    assert list(refused(found)) == []


def test_a_package_with_another_licence_or_none_is_refused(tmp_path: Path) -> None:
    for name, words in (("closed", "License: Proprietary\n"), ("silent", ""), ("fine", "License: MIT\n")):
        folder = tmp_path / f"{name}-1.0.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n{words}")

    packages = sorted(distributions(path=[str(tmp_path)]), key=lambda one: one.name)
    assert list(refused(packages)) == ["closed 1.0: Proprietary", "silent 1.0: no licence is named"]


def test_what_is_built_into_pages_has_licences_of_the_same_list() -> None:
    for page in ("studio", "graphiql"):
        text = (ROOT / "src/server/web" / page / "LICENSES.md").read_text()
        named = re.findall(r"^## .* - \S+ \((.+)\)$", text, re.MULTILINE)
        words = set(re.findall(r"[\w.-]+", " ".join(named))) - {"AND", "OR"}
        assert named
        assert words <= ALLOWED


def test_hashes_are_those_that_sha256sum_checks(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("abc")
    write_hashes(tmp_path)

    digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert (tmp_path / "SHA256SUMS").read_text() == f"{digest}  a.txt\n"
