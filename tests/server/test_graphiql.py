"""GraphiQL as files: what they are made of, how they are sent, and to whom."""

import tomllib
from collections.abc import AsyncIterator
from gzip import decompress
from hashlib import sha256
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from graphql import parse, print_ast

from resolvers.context import Services
from server.app import create_app
from server.demo.sign_ins import PASSWORD
from server.settings import Settings
from tests.server.program import ROOT
from tests.test_docs import README, blocks

BUILT = ROOT / "src" / "server" / "web" / "graphiql"
SOURCES = ROOT / "graphiql"
ASSETS = sorted(file.stem for file in (BUILT / "assets").iterdir())
MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".ttf": "font/ttf",
}
HTML = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
POLICY = (
    "default-src 'none'; script-src 'self'; worker-src 'self'; connect-src 'self'; "
    "style-src 'self' 'unsafe-inline'; font-src 'self'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

# What never reaches a database is the same on both.
one_engine = pytest.mark.parametrize("engine", ["sqlite"])


@pytest_asyncio.fixture
async def client(services: Services) -> AsyncIterator[httpx.AsyncClient]:
    async with client_with(services, Settings()) as client:
        yield client


def client_with(services: Services, settings: Settings) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app=create_app(settings, services))
    return httpx.AsyncClient(transport=transport, base_url="http://test")


# What it is made of


def test_what_was_built_is_of_these_sources() -> None:
    lines = (line.split("  ") for line in (BUILT / "SHA256SUMS").read_text().splitlines())
    summed = {(BUILT / name).resolve(): digest for digest, name in lines}
    files = [file for file in kept() if file.name != "SHA256SUMS"]

    changed = [file.name for file in files if summed.get(file) != sha256(file.read_bytes()).hexdigest()]
    assert changed == [], "run make graphiql"
    assert set(summed) == set(files), "run make graphiql"


def kept() -> list[Path]:
    folders = [SOURCES, SOURCES / "src", BUILT, BUILT / "assets"]
    return [file for folder in folders for file in folder.iterdir() if file.is_file()]


def test_its_lock_names_no_place() -> None:
    assert '"resolved"' not in (SOURCES / "package-lock.json").read_text()


def test_it_starts_with_the_first_query_of_the_readme() -> None:
    first_query = (SOURCES / "src" / "first-query.graphql").read_text()

    assert print_ast(parse(first_query)) == print_ast(parse(blocks(README, "graphql")[0]))


def test_it_is_under_2_mb_gzipped() -> None:
    assert sum(file.stat().st_size for file in (BUILT / "assets").iterdir()) < 2_000_000


def test_an_installed_package_has_all_that_is_sent() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    patterns = project["tool"]["setuptools"]["package-data"]["server"]
    packed = {file for pattern in patterns for file in (ROOT / "src" / "server").glob(pattern)}

    assert {file for file in packed if file.is_file()} == {
        file for file in BUILT.parent.rglob("*") if file.is_file()
    }


# How it is sent


@one_engine
async def test_the_page_comes_with_its_policy(client: httpx.AsyncClient) -> None:
    page = await client.get("/graphql", headers=HTML)

    assert page.status_code == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.headers["content-security-policy"] == POLICY
    assert page.headers["cache-control"] == "no-cache"
    assert page.headers["vary"] == "accept"
    assert page.headers["x-content-type-options"] == "nosniff"
    assert page.headers["referrer-policy"] == "same-origin"
    assert page.headers["cross-origin-opener-policy"] == "same-origin"


@one_engine
async def test_the_page_names_files_that_are_there(client: httpx.AsyncClient) -> None:
    page = await client.get("/graphql", headers=HTML)
    named = {part.partition('"')[0] for part in page.text.split('="/graphql/assets/')[1:]}

    assert named
    assert named <= set(ASSETS)
    assert page.text.count("<script") == 1


@one_engine
@pytest.mark.parametrize("name", ASSETS)
async def test_an_asset_is_kept_for_a_year(client: httpx.AsyncClient, name: str) -> None:
    plain = await client.get(f"/graphql/assets/{name}", headers={"accept-encoding": "identity"})
    gzipped = await client.get(f"/graphql/assets/{name}", headers={"accept-encoding": "br, gzip"})

    for answer in (plain, gzipped):
        assert answer.status_code == 200
        assert answer.headers["content-type"] == MEDIA_TYPES[Path(name).suffix]
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert answer.headers["vary"] == "accept-encoding"
        assert answer.headers["content-security-policy"] == POLICY
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"
        assert answer.headers["x-content-type-options"] == "nosniff"
    assert "content-encoding" not in plain.headers
    assert gzipped.headers["content-encoding"] == "gzip"
    assert gzipped.content == plain.content == decompress((BUILT / "assets" / f"{name}.gz").read_bytes())
    assert int(gzipped.headers["content-length"]) < int(plain.headers["content-length"])


@one_engine
@pytest.mark.parametrize(
    "path", ["nothing.js", "", "..%2Findex.html", "..%2F..%2Fviewer.js", f"{ASSETS[0]}.gz", "SHA256SUMS"]
)
async def test_there_is_no_other_file(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.get(f"/graphql/assets/{path}")).status_code == 404


@one_engine
async def test_headers_may_be_asked_for_alone(client: httpx.AsyncClient) -> None:
    path = f"/graphql/assets/{ASSETS[0]}"
    for url, headers in (("/graphql", HTML), (path, {})):
        head = await client.head(url, headers=headers)
        assert head.status_code == 200
        assert head.headers == (await client.get(url, headers=headers)).headers


@one_engine
async def test_nothing_is_written_to_an_asset(client: httpx.AsyncClient) -> None:
    answer = await client.post(f"/graphql/assets/{ASSETS[0]}")

    assert answer.status_code == 405
    assert set(answer.headers["allow"].split(", ")) == {"GET", "HEAD"}


# To whom


@one_engine
async def test_the_demo_alone_shows_its_sign_ins(services: Services, client: httpx.AsyncClient) -> None:
    async with client_with(services, Settings(demo=True)) as demo:
        shown = await demo.get("/graphql", headers=HTML)
    plain = await client.get("/graphql", headers=HTML)

    assert shown.headers["content-security-policy"] == plain.headers["content-security-policy"]
    assert PASSWORD in shown.text
    assert "&quot;owner@demo.test&quot;" in shown.text
    assert "data-demo" not in plain.text
    assert PASSWORD not in plain.text


@one_engine
async def test_it_can_be_switched_off(services: Services) -> None:
    async with client_with(services, Settings(graphiql=False, demo=True)) as client:
        page = await client.get("/graphql", headers=HTML)
        asset = await client.get(f"/graphql/assets/{ASSETS[0]}")

    # Any other GET: one without a query.
    assert (page.status_code, page.headers["content-type"]) == (400, "application/json; charset=utf-8")
    assert asset.status_code == 404
