"""What graphql-http's audit of GraphQL over HTTP says of the program as it is served."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.npm import NODE, installed, needs_node
from tests.server.program import Program

SOURCES = Path(__file__).parent / "audit"
AUDITS = 61

pytestmark = needs_node


@pytest.fixture(scope="module")
def audit(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The script, beside the packages that its lock pins."""
    return installed(SOURCES, tmp_path_factory.mktemp("audit"), "audit.js") / "audit.js"


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
