"""Each example of a client, by the commands of its README, against the demo."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from signal import SIGTERM
from tempfile import TemporaryFile
from time import monotonic, sleep

import httpx
import pytest

from tests.ports import held_port
from tests.server.program import ROOT, START_SECONDS, Program
from tests.shared import shared_folder
from tests.test_docs import blocks

CLIENTS = Path("examples") / "clients"
# What the examples' own .gitignore names.
MADE = ("node_modules", ".venv", "gql", "__generated__", "persisted-queries.json", "__pycache__")
NODE, NPM = (shutil.which(name) or "" for name in ("node", "npm"))

# npm's codes for a network that is not there.
UNREACHABLE = {
    "EAI_AGAIN",
    "ECONNREFUSED",
    "ECONNRESET",
    "EHOSTUNREACH",
    "ENETUNREACH",
    "ENOTFOUND",
    "ETIMEDOUT",
}
LOGIN = """
    mutation {
        login(input: {password: {email: "owner@demo.test", password: "viewgraph-demo"}}) { accessToken }
    }
"""
LIKE, UNLIKE = (
    f"mutation($id: ID!) {{ {name}(publicationId: $id) {{ publication {{ id }} }} }}"
    for name in ("likePublication", "unlikePublication")
)

needs_node = pytest.mark.skipif(not (NODE and NPM), reason="this machine has no node, or no npm")


@pytest.fixture(scope="session")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """What the examples need of one, and the packages of their lock."""
    with shared_folder(tmp_path_factory, "clients", fill) as folder:
        require_packages((folder / "complaint").read_text())
        yield folder


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


def require_packages(complaint: str) -> None:
    """What npm has said, if it failed. That the machine has no network is no mistake of the examples."""
    code = re.search(r"^npm error code (\w+)", complaint, flags=re.MULTILINE)
    if code and code[1] in UNREACHABLE:
        pytest.skip(f"npm reaches no packages from here: {code[1]}")
    assert not complaint, complaint


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
        env=environment_of(url),
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
    """As the README starts it, but over the same data, which need not be made again."""
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
def test_a_client_follows_likes(name: str, checkout: Path, demo: Program) -> None:
    (block,) = commands(name)
    tests, _, start = block.rpartition("\n")

    assert " 1 passed" in run(tests, checkout, demo.address)
    assert followed(f"cd {CLIENTS}\n{start}", checkout, demo) == [7, 8, 7]


def test_gql_follows_likes(demo: Program) -> None:
    (block,) = commands("python")
    tests, _, start = block.replace(".venv/bin/python", f"{sys.executable} -B").rpartition("\n")

    assert " passed in " in run(tests, ROOT, demo.address)
    assert followed(f"cd {CLIENTS}/python\n{start}", ROOT, demo) == [7, 8, 7]


def test_gql_is_of_the_version_that_is_tested() -> None:
    pins = (ROOT / CLIENTS / "python" / "requirements.txt").read_text().split()

    assert pins == [f"gql[httpx,websockets]=={version('gql')}", f"pytest=={version('pytest')}"]


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
    tests, _, start = block.rpartition("\n")

    run(tests, checkout, demo.address)
    with held_port() as port, started(on_port(start, port), checkout, demo.address) as printed:
        page = f"http://127.0.0.1:{port}"
        wait_until(lambda: page in printed(), printed)
        assert '<script type="module" src="/main.tsx">' in httpx.get(page).text
        assert "RelayEnvironmentProvider" in httpx.get(f"{page}/main.tsx").text
        answer = httpx.post(f"{page}/graphql", json={"query": "{ viewer { username } }"}).json()
        assert answer == {"data": {"viewer": None}}
    run(persisting, checkout, demo.address)
    with demo_of_trusted_documents(trusting, checkout, demo_folder, tmp_path) as program:
        run(trusted, checkout, program.address)
        assert refuses_others(program)


def on_port(start: str, port: int) -> str:
    return f"cd {CLIENTS}\n{start} -- --host 127.0.0.1 --port {port} --strictPort"


def followed(block: str, checkout: Path, demo: Program) -> list[int]:
    """What a command prints of the likes, while somebody likes the publication and takes it back."""
    headers = {"Authorization": f"Bearer {demo.post(LOGIN)['data']['login']['accessToken']}"}
    id = demo.post('{ publication(url: "ai-research-studio") { id } }')["data"]["publication"]["id"]
    with started(block, checkout, demo.address) as printed:
        seen = wait_for_likes(1, printed)
        for mutation in (LIKE, UNLIKE):
            assert "errors" not in demo.post(mutation, headers, id=id)
            seen = wait_for_likes(len(seen) + 1, printed)
        return seen


def wait_for_likes(times: int, printed: Callable[[], str]) -> list[int]:
    def seen() -> list[int]:
        return [int(count) for count in re.findall(r"AI Research Studio: (\d+) likes\n", printed())]

    wait_until(lambda: len(seen()) >= times, printed)
    return seen()


@contextmanager
def started(block: str, checkout: Path, url: str) -> Iterator[Callable[[], str]]:
    """A command that goes on until it is ended, by what it has printed so far."""
    with TemporaryFile() as output:
        process = subprocess.Popen(
            ["/bin/sh", "-euc", block],
            cwd=checkout,
            env=environment_of(url),
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            yield lambda: os.pread(output.fileno(), 1_000_000, 0).decode()
        finally:
            os.killpg(process.pid, SIGTERM)
            process.wait()


def wait_until(is_so: Callable[[], bool], printed: Callable[[], str]) -> None:
    deadline = monotonic() + START_SECONDS
    while not is_so():
        assert monotonic() < deadline, printed()
        sleep(0.05)


def environment_of(url: str) -> dict[str, str]:
    return os.environ | {"GRAPHQL_URL": f"{url}/graphql", "NO_COLOR": "1"}


def refuses_others(program: Program) -> bool:
    (error,) = program.post("query Other { viewer { username } }")["errors"]
    return bool(error["extensions"]["code"] == "PERSISTED_QUERY_NOT_FOUND")
