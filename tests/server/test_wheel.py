"""What is installed from a wheel has all that the program needs, and nothing of this folder."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.server.program import ROOT

SOURCES = ("LICENSE", "README.md", "pyproject.toml", "src")
RUN = "import sys; from server.commands import cli; print(cli.__file__, file=sys.stderr); cli.main()"


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """The folder in which the packages are."""
    sources, target = tmp_path / "sources", tmp_path / "installed"
    sources.mkdir()
    for name in SOURCES:
        source = ROOT / name
        copy = shutil.copytree if source.is_dir() else shutil.copy
        copy(source, sources / name)
    build = [sys.executable, "-m", "uv", "build", "--wheel", "--no-build-isolation", "--offline"]
    subprocess.run([*build, "--python", sys.executable, "--out-dir", tmp_path, sources], check=True)
    (wheel,) = tmp_path.glob("*.whl")
    shutil.unpack_archive(wheel, target, "zip")
    return target


def test_a_wheel_makes_the_tables_and_has_its_pages(installed: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", RUN, "migrate"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(installed), "VIEWGRAPH_DATABASE_URL": f"sqlite:///{tmp_path}/new.sqlite3"},
        capture_output=True,
        text=True,
    )

    assert done.returncode == 0, done.stderr
    assert Path(done.stderr.split()[0]).is_relative_to(installed)
    assert (tmp_path / "new.sqlite3").stat().st_size > 0
    pages = {
        file.relative_to(ROOT / "src") for file in (ROOT / "src/server/web").rglob("*") if file.is_file()
    }
    assert pages <= {file.relative_to(installed) for file in installed.rglob("*")}
