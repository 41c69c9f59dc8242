"""Makes a release: `make release VERSION=1.2.3`.

It writes the version, the changelog and the schema of the release. Then it builds both distributions,
installs each in an empty environment, and writes a bill of materials and hashes beside them.
"""

import json
import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from hashlib import sha256
from importlib.metadata import distributions
from pathlib import Path
from tempfile import TemporaryDirectory

from releasing.licences import refused
from releasing.version import NotReleasable, set_version

ROOT = Path(__file__).parents[1]
DIST = ROOT / "dist"
UV = [sys.executable, "-m", "uv", "--quiet"]
BILL = "cyclonedx-bom==7.5.0"


def main(version: str) -> None:
    set_version(ROOT, version, datetime.now(UTC).date())
    run("make", "--silent", "release-schema", f"VERSION={version}")
    shutil.rmtree(DIST, ignore_errors=True)
    build(ROOT)
    with TemporaryDirectory() as folder:
        for distribution in sorted(DIST.glob("viewgraph-*")):
            try_out(distribution, Path(folder, distribution.suffix.strip(".")), version)
        write_bill(Path(folder, "whl"), DIST / f"viewgraph-{version}.cdx.json")
    write_hashes(DIST)
    print(f"Commit and tag v{version}. What is to be published is in {DIST}.")


def build(source: Path) -> None:
    """The wheel is made from the source distribution, so both have the same."""
    run(*UV, "build", "--no-build-isolation", "--python", sys.executable, "--out-dir", str(DIST), str(source))


def try_out(distribution: Path, environment: Path, version: str) -> None:
    """Installs it where nothing else is, makes a database with it, and looks at the licences."""
    run(*UV, "venv", str(environment), "--python", sys.executable)
    python = environment / "bin" / "python"
    install = [*UV, "pip", "install", "--python", str(python)]
    run(*install, "--require-hashes", "--requirement", str(ROOT / "requirements.lock"))
    run(*install, "--no-deps", "--no-build-isolation", str(distribution))
    program = str(environment / "bin" / "viewgraph")
    said = subprocess.run([program, "--version"], check=True, capture_output=True, text=True).stdout
    if not said.startswith(f"viewgraph {version},"):
        raise NotReleasable(f"{distribution.name} has another version: {said.strip()}")
    run(program, "migrate", "--database-url", f"sqlite:///{environment}/new.sqlite3")
    if lines := list(refused(distributions(path=[str(next(environment.glob("lib/*/site-packages")))]))):
        raise NotReleasable("Licences that nobody has looked at:\n" + "\n".join(lines))


def write_bill(environment: Path, file: Path) -> None:
    """A bill of materials, as CycloneDX writes it, of what was installed with the wheel."""
    made = ["--output-reproducible", "--output-format", "JSON", "--output-file", str(file)]
    project = ["--pyproject", str(ROOT / "pyproject.toml")]
    run(*UV, "tool", "run", "--from", BILL, "cyclonedx-py", "environment", *project, *made, str(environment))
    assert len(json.loads(file.read_text())["components"]) > 1


def write_hashes(folder: Path) -> None:
    """For `sha256sum --check`."""
    files = sorted(
        file for file in folder.iterdir() if file.name != "SHA256SUMS" and not file.name.startswith(".")
    )
    lines = [f"{sha256(file.read_bytes()).hexdigest()}  {file.name}\n" for file in files]
    (folder / "SHA256SUMS").write_text("".join(lines))


def run(*command: str) -> None:
    # The times in a wheel are those of the commit.
    day = subprocess.run(
        ["git", "log", "-1", "--format=%ct"], cwd=ROOT, capture_output=True, text=True
    ).stdout
    subprocess.run(command, cwd=ROOT, check=True, env={**os.environ, "SOURCE_DATE_EPOCH": day.strip()})


if __name__ == "__main__":
    try:
        main(sys.argv[1] if len(sys.argv) > 1 else "")
    except NotReleasable as reason:
        sys.exit(str(reason))
