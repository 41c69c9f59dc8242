"""schemathesis draws requests from the OpenAPI document, and looks at each answer."""

import os
import shutil
import subprocess
from pathlib import Path

import httpx
import pytest

from server.demo.sign_ins import PASSWORD
from tests.rest.examples import PROGRAMS
from tests.server.program import Program

SCHEMATHESIS = shutil.which("schemathesis", path=f"{PROGRAMS}:{os.environ['PATH']}") or ""
# No schema says that a range starts before it ends, or which texts are domains.
SEMANTIC = """[checks.positive_data_acceptance]
expected-statuses = ["2xx", 400, 401, 403, 404, 409, 422, 429]
"""


@pytest.mark.skipif(not SCHEMATHESIS, reason="schemathesis is not installed")
def test_all_checks_pass(demo: Program, tmp_path: Path) -> None:
    (tmp_path / "schemathesis.toml").write_text(SEMANTIC)
    login = {"email": "admin@demo.test", "password": PASSWORD}
    token = httpx.post(f"{demo.address}/v1/auth/login", json=login).headers["x-auth-token"]

    done = subprocess.run(
        [
            *(SCHEMATHESIS, "run", f"{demo.address}/openapi.json", "--checks", "all"),
            *("--max-examples", "20", "--suppress-health-check", "all", "-H", f"Authorization: {token}"),
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=500,
    )

    assert done.returncode == 0, done.stdout
