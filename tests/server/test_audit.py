"""What graphql-http's audit of GraphQL over HTTP says of the program as it is served."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.server.program import Program

SOURCES = Path(__file__).parent / "audit"
AUDITS = 61

NODE, NPM = (shutil.which(name) or "" for name in ("node", "npm"))

pytestmark = pytest.mark.skipif(not (NODE and NPM), reason="this machine has no node, or no npm")


@pytest.fixture(scope="module")
def audit(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The script, beside the packages that its lock pins."""
    folder = tmp_path_factory.mktemp("audit")
    for file in ("package.json", "package-lock.json", "audit.js"):
        shutil.copy(SOURCES / file, folder)
    command = [NPM, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=1"]
    installed = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=180)
    if installed.returncode:
        pytest.skip(f"npm installs nothing here: {installed.stderr.strip().splitlines()[-1]}")
    return folder / "audit.js"


def test_all_61_audits_pass_without_a_warning(audit: Path, sqlite_template: Path, tmp_path: Path) -> None:
    shutil.copy(sqlite_template, tmp_path / "viewgraph.sqlite3")
    with Program("serve", folder=tmp_path) as program:
        done = subprocess.run(
            [NODE, str(audit), f"{program.address}/graphql"], capture_output=True, text=True, timeout=120
        )

    assert (done.returncode, done.stderr) == (0, "")
    found: list[dict[str, Any]] = json.loads(done.stdout)
    assert [one for one in found if one["status"] != "ok"] == []
    assert len(found) == AUDITS
