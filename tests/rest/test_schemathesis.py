"""schemathesis draws requests from the OpenAPI document, and looks at each answer with all of its checks."""

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
# Each route is asked by somebody who may ask it. Two kinds of routes may refuse what fits the schema, with a
# status that is documented for them:
#
# - metrics of assets, with 422: no schema says which of two texts is the earlier moment, how many days
#   February has, which texts are hosts, or how many points a range has;
# - a new insight, with 400: no schema says that no two works have the same source and id.
CONFIGURATION = """\
[[operations]]
include-path-regex = "^/v2/metrics/"
[operations.checks.positive_data_acceptance]
expected-statuses = ["2xx", 401, 403, 422, 429]

[[operations]]
include-path-regex = "^/v[12]/"
[operations.headers]
Authorization = "{admin}"

[[operations]]
include-path = "/api/user_insights/"
[operations.headers]
Authorization = "{cocreator}"
[operations.checks.positive_data_acceptance]
expected-statuses = ["2xx", 400, 401, 409, 429]

[[operations]]
include-path-regex = "^/api/(v1|user_insights/.)"
[operations.headers]
Authorization = "{owner}"
"""


@pytest.mark.skipif(not SCHEMATHESIS, reason="schemathesis is not installed")
def test_all_checks_pass(demo: Program, tmp_path: Path) -> None:
    tokens = {name: token(demo, name) for name in ("admin", "cocreator", "owner")}
    (tmp_path / "schemathesis.toml").write_text(CONFIGURATION.format(**tokens))

    done = subprocess.run(
        [
            *(SCHEMATHESIS, "run", f"{demo.address}/openapi.json", "--checks", "all"),
            *("--max-examples", "10", "--suppress-health-check", "all"),
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=500,
    )

    assert done.returncode == 0, done.stdout
    assert "12 selected / 12 total" in done.stdout


def token(demo: Program, name: str) -> str:
    login = {"email": f"{name}@demo.test", "password": PASSWORD}
    header: str = httpx.post(f"{demo.address}/v1/auth/login", json=login).headers["x-auth-token"]
    return header
