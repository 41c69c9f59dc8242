"""The files for containers and services are what their programs expect, and lock up what can be locked up."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from check_jsonschema.builtin_schemas import get_builtin_schema
from jsonschema import validate
from kubernetes_validate import latest_version
from kubernetes_validate import validate as validate_resource
from ruamel.yaml import YAML

from server.settings import Settings, variable
from tests.deploy.image import steps_of
from tests.server.program import ROOT

DEPLOY = ROOT / "deploy"
COMPOSE = DEPLOY / "compose.yaml"
HADOLINT = Path(sys.executable).with_name("hadolint")
SYSTEMD = "/usr/bin/systemd-analyze"
UNITS = sorted((DEPLOY / "systemd").iterdir())
MOST_EXPOSED = 15
"""In tenths of systemd's points, of which 100 is a service without any restriction."""


def documents(file: Path) -> list[Any]:
    return list(YAML(typ="safe").load_all(file.read_text()))


def test_the_dockerfile_has_nothing_that_its_linter_dislikes() -> None:
    done = subprocess.run([HADOLINT, ROOT / "Dockerfile"], capture_output=True, text=True)

    assert (done.returncode, done.stdout) == (0, "")


def test_the_image_is_built_from_the_lock_and_runs_as_nobody() -> None:
    build, last = steps_of((ROOT / "Dockerfile").read_text())

    assert any("--require-hashes --requirement requirements.lock" in step.text for step in build)
    assert [step.text for step in last if step.instruction in ("FROM", "USER")] == ["scratch", "10001:10001"]


def test_compose_finds_its_file_as_it_has_to_be() -> None:
    (compose,) = documents(COMPOSE)

    validate(compose, get_builtin_schema("vendor.compose-spec"))
    services = {name: one for name, one in compose["services"].items() if name != "database"}
    assert all(one["read_only"] and one["cap_drop"] == ["ALL"] for one in services.values())
    assert services["server"]["ports"] == ["127.0.0.1:8000:8000"]


def test_kubernetes_finds_its_objects_as_they_have_to_be() -> None:
    objects = documents(DEPLOY / "kubernetes.yaml")

    for one in objects:
        validate_resource(one, latest_version(), strict=True)
    (server,) = next(one for one in objects if one["kind"] == "Deployment")["spec"]["template"]["spec"][
        "containers"
    ]
    probes = {name: server[name]["httpGet"]["path"] for name in server if name.endswith("Probe")}
    assert probes == {"startupProbe": "/livez", "livenessProbe": "/livez", "readinessProbe": "/readyz"}
    assert server["securityContext"]["readOnlyRootFilesystem"]


def test_every_variable_in_the_files_is_a_setting() -> None:
    texts = [file.read_text() for file in (ROOT / "Dockerfile", *DEPLOY.rglob("*")) if file.is_file()]
    named = set(re.findall(r"\bVIEWGRAPH_[A-Z_]+", "".join(texts)))

    assert named <= {variable(name) for name in Settings.model_fields}
    assert "VIEWGRAPH_DATABASE_URL" in named


def test_systemd_finds_its_units_as_they_have_to_be(tmp_path: Path) -> None:
    if not Path(SYSTEMD).exists():
        pytest.skip("systemd-analyze is not installed: apt-get install systemd")
    for unit in UNITS:
        # The program itself is not installed there.
        text = unit.read_text().replace("/opt/viewgraph/bin/viewgraph", "/bin/true")
        (tmp_path / unit.name).write_text(text)
    files = [str(tmp_path / unit.name) for unit in UNITS]
    verified = subprocess.run([SYSTEMD, "verify", "--man=no", *files], capture_output=True, text=True)
    assert (verified.returncode, verified.stderr) == (0, "")
    services = [file for file in files if file.endswith(".service")]
    options = ["--offline=true", "--no-pager", f"--threshold={MOST_EXPOSED}"]
    rated = subprocess.run([SYSTEMD, "security", *options, *services], capture_output=True, text=True)
    assert rated.returncode == 0, rated.stdout
