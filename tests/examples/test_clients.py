"""Each example of a client, by the commands of its README, against the demo."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from fcntl import LOCK_EX, LOCK_NB, LOCK_SH, LOCK_UN, flock
from importlib.metadata import version
from pathlib import Path
from signal import SIGTERM
from time import monotonic, sleep

import httpx
import pytest

from tests.server.program import ROOT, START_SECONDS, Program, free_port
from tests.test_docs import blocks

CLIENTS = Path("examples") / "clients"
# What the examples' own .gitignore names.
MADE = ("node_modules", ".venv", "gql", "__generated__", "persisted-queries.json", "__pycache__")
NODE, NPM = (shutil.which(name) or "" for name in ("node", "npm"))

needs_node = pytest.mark.skipif(not (NODE and NPM), reason="this machine has no node, or no npm")


@pytest.fixture(scope="module")
def demo_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo")


@pytest.fixture(scope="module")
def demo(demo_folder: Path) -> Iterator[Program]:
    with Program("demo", folder=demo_folder) as program:
        yield program


@pytest.fixture(scope="session")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """What the examples need of one, and the packages of their lock: one for all workers of a run."""
    base = tmp_path_factory.getbasetemp()
    checkout = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "checkout"
    with checkout.with_suffix(".lock").open("w") as lock:
        flock(lock, LOCK_EX)
        if not checkout.exists():
            fill(checkout)
        flock(lock, LOCK_SH)
        if complaint := (checkout / "complaint").read_text():
            pytest.skip(f"npm installs nothing here: {complaint.splitlines()[-1]}")
        yield checkout
        flock(lock, LOCK_UN)
        # Nobody else holds it: pytest keeps the folders of its last runs, and the packages are large.
        with suppress(BlockingIOError):
            flock(lock, LOCK_EX | LOCK_NB)
            shutil.rmtree(checkout)


def fill(checkout: Path) -> None:
    shutil.copytree(ROOT / CLIENTS, checkout / CLIENTS, ignore=shutil.ignore_patterns(*MADE))
    shutil.copy(ROOT / "schema.graphql", checkout)
    run = subprocess.run(
        [NPM, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=1"],
        cwd=checkout / CLIENTS,
        capture_output=True,
        text=True,
        timeout=300,
    )
    (checkout / "complaint").write_text(run.stderr.strip() if run.returncode else "")


def commands(name: str) -> list[str]:
    """Of an example's README, block by block, without what is done for all examples at once."""
    done = {
        "npm ci",
        "python3 -m venv .venv",
        ".venv/bin/python -m pip install --requirement requirements.txt",
    }
    readme = (ROOT / CLIENTS / name / "README.md").read_text()
    return [
        "\n".join(line for line in block.splitlines() if line not in done) for block in blocks(readme, "sh")
    ]


def run(block: str, checkout: Path, url: str) -> str:
    """Standard output. Where a command fails, what it said is what the test says."""
    done = subprocess.run(
        ["/bin/sh", "-euc", block],
        cwd=checkout,
        env=os.environ | {"GRAPHQL_URL": f"{url}/graphql", "NO_COLOR": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


@contextmanager
def demo_of_trusted_documents(
    block: str, checkout: Path, demo_folder: Path, folder: Path
) -> Iterator[Program]:
    """As the README starts it, but over the same demo, which need not be filled again."""
    *settings, make, demo = block.replace("\\\n", "").split()
    assert [make, demo] == ["make", "demo"]
    variables = dict(setting.split("=") for setting in settings)
    manifest = checkout / variables.pop("VIEWGRAPH_TRUSTED_DOCUMENTS")
    assert variables == {"VIEWGRAPH_ONLY_TRUSTED_DOCUMENTS": "true"}
    for file in demo_folder.glob("viewgraph-demo.*"):
        shutil.copy(file, folder)
    with Program("demo", folder=folder, VIEWGRAPH_TRUSTED_DOCUMENTS=str(manifest), **variables) as program:
        yield program


@needs_node
@pytest.mark.parametrize("name", ["apollo", "urql"])
def test_a_client_shows_figures_and_its_test_passes(name: str, checkout: Path, demo: Program) -> None:
    (block,) = commands(name)

    printed = run(block, checkout, demo.address)
    assert "totalLikes: 7" in printed
    assert " 1 passed" in printed


@needs_node
def test_documents_have_types_and_ids(
    checkout: Path, demo: Program, demo_folder: Path, tmp_path: Path
) -> None:
    block, trusting, trusted = commands("codegen")

    assert "{ totalLikes: 7, totalComments: 7 }" in run(block, checkout, demo.address)
    with demo_of_trusted_documents(trusting, checkout, demo_folder, tmp_path) as program:
        run(trusted, checkout, program.address)
        assert refuses_others(program)


@needs_node
def test_a_list_of_relay_grows(checkout: Path, demo: Program, demo_folder: Path, tmp_path: Path) -> None:
    block, persisting, trusting, trusted = commands("relay")
    tested, _, start = block.rpartition("\n")

    run(tested, checkout, demo.address)
    with served(f"cd {CLIENTS}\n{start}", checkout, demo.address) as page:
        assert '<script type="module" src="/main.tsx">' in httpx.get(page).text
        assert "RelayEnvironmentProvider" in httpx.get(f"{page}/main.tsx").text
        answer = httpx.post(f"{page}/graphql", json={"query": "{ viewer { username } }"}).json()
        assert answer == {"data": {"viewer": None}}
    run(persisting, checkout, demo.address)
    with demo_of_trusted_documents(trusting, checkout, demo_folder, tmp_path) as program:
        run(trusted, checkout, program.address)
        assert refuses_others(program)


@contextmanager
def served(block: str, checkout: Path, url: str) -> Iterator[str]:
    """The address of what a command serves until it is ended."""
    port = free_port()
    process = subprocess.Popen(
        ["/bin/sh", "-euc", f"{block} -- --host 127.0.0.1 --port {port} --strictPort"],
        cwd=checkout,
        env=os.environ | {"GRAPHQL_URL": f"{url}/graphql"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        wait_for(f"http://127.0.0.1:{port}", process)
        yield f"http://127.0.0.1:{port}"
    finally:
        os.killpg(process.pid, SIGTERM)
        process.wait()


def wait_for(page: str, process: subprocess.Popen[bytes]) -> None:
    deadline = monotonic() + START_SECONDS
    while monotonic() < deadline:
        assert process.poll() is None
        with suppress(httpx.TransportError):
            httpx.get(page)
            return
        sleep(0.1)
    raise TimeoutError(page)


def refuses_others(program: Program) -> bool:
    (error,) = program.post("query Other { viewer { username } }")["errors"]
    return bool(error["extensions"]["code"] == "PERSISTED_QUERY_NOT_FOUND")


def test_gql_shows_figures_and_its_test_passes(demo: Program) -> None:
    (block,) = commands("python")

    printed = run(block.replace(".venv/bin/python", f"{sys.executable} -B"), ROOT, demo.address)
    assert "'metrics': {'totalLikes': 7, 'totalComments': 7}}" in printed
    assert " passed in " in printed


def test_gql_is_of_the_version_that_is_tested() -> None:
    pins = (ROOT / CLIENTS / "python" / "requirements.txt").read_text().split()

    assert pins == [f"gql[httpx,websockets]=={version('gql')}", f"pytest=={version('pytest')}"]
