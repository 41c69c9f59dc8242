"""The studio as files: what they are made of, how they are sent, and which documents come with them."""

import json
import re
from base64 import b64encode
from collections.abc import AsyncIterator
from gzip import decompress
from hashlib import sha256
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from graphql import build_schema, parse, validate

from resolvers.context import Services
from server.app import create_app
from server.demo.sign_ins import PASSWORD
from server.settings import Settings
from tests.server.program import ROOT

BUILT = ROOT / "src" / "server" / "web" / "studio"
SOURCES = ROOT / "studio"
(SCRIPT,) = (BUILT / "assets").iterdir()
DOCUMENTS: dict[str, str] = json.loads((BUILT / "documents.json").read_text())
ORGANIZATIONS = next(id for id, document in DOCUMENTS.items() if document.startswith("query Organizations"))

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
    assert changed == [], "run make studio"
    assert set(summed) == set(files), "run make studio"


def kept() -> list[Path]:
    """Sources and built files, without what is installed or made by each build."""
    made = {SOURCES / "node_modules", SOURCES / "src" / "gql"}
    files = [file for folder in (SOURCES, BUILT) for file in folder.rglob("*") if file.is_file()]
    return [file for file in files if not made & set(file.parents)]


def test_its_lock_names_no_place() -> None:
    assert '"resolved"' not in (SOURCES / "package-lock.json").read_text()


def test_its_script_is_under_120_kb_gzipped() -> None:
    assert SCRIPT.stat().st_size < 120_000


def test_its_documents_fit_the_schema_and_are_known_by_their_hashes() -> None:
    schema = build_schema((ROOT / "schema.graphql").read_text())

    wrong = {id: errors for id, text in DOCUMENTS.items() if (errors := validate(schema, parse(text)))}
    assert wrong == {}, "run make studio"
    assert list(DOCUMENTS) == [
        f"sha256:{sha256(document.encode()).hexdigest()}" for document in DOCUMENTS.values()
    ]


# How it is sent


@one_engine
@pytest.mark.parametrize("path", ["", "/publications/ai-research-studio", "/people/owner", "/no/such/place"])
async def test_the_page_stands_at_each_of_its_paths(client: httpx.AsyncClient, path: str) -> None:
    page = await client.get(f"/studio{path}")

    assert page.status_code == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.headers["cache-control"] == "no-cache"
    assert page.headers["x-content-type-options"] == "nosniff"
    assert page.headers["referrer-policy"] == "no-referrer"
    assert page.headers["cross-origin-opener-policy"] == "same-origin"
    assert page.text.count("<script") == page.text.count("<style") == 1


@one_engine
async def test_the_policy_allows_this_style_and_no_other(client: httpx.AsyncClient) -> None:
    page = await client.get("/studio")
    style = re.search(r"<style>(.*?)</style>", page.text, re.DOTALL)

    assert style
    hash_ = b64encode(sha256(style[1].encode()).digest()).decode()
    assert page.headers["content-security-policy"] == (
        f"default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'sha256-{hash_}'; "
        "img-src 'self' data: https:; require-trusted-types-for 'script'; trusted-types 'none'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


@one_engine
async def test_the_script_is_kept_for_a_year(client: httpx.AsyncClient) -> None:
    path = f"/studio/assets/{SCRIPT.stem}"
    gzipped = await client.get(path)
    other = await client.get("/studio/assets/nothing.js")

    assert f'src="{path}"' in (await client.get("/studio")).text
    assert gzipped.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert gzipped.headers["content-type"] == "text/javascript; charset=utf-8"
    assert gzipped.headers["content-encoding"] == "gzip"
    assert gzipped.content == decompress(SCRIPT.read_bytes())
    assert other.status_code == 404


@one_engine
async def test_the_demo_alone_shows_its_sign_ins(services: Services, client: httpx.AsyncClient) -> None:
    async with client_with(services, Settings(demo=True)) as demo:
        shown = await demo.get("/studio")
    plain = await client.get("/studio")

    assert shown.headers["content-security-policy"] == plain.headers["content-security-policy"]
    assert PASSWORD in shown.text
    assert PASSWORD not in plain.text


@one_engine
async def test_it_offers_graphiql_only_where_there_is_one(
    services: Services, client: httpx.AsyncClient
) -> None:
    async with client_with(services, Settings(graphiql=False)) as without:
        assert 'data-editor="false"' in (await without.get("/studio")).text
    assert 'data-editor="true"' in (await client.get("/studio")).text


@one_engine
async def test_it_can_be_switched_off_with_its_documents(services: Services) -> None:
    async with client_with(services, Settings(studio=False)) as client:
        page = await client.get("/studio")
        asset = await client.get(f"/studio/assets/{SCRIPT.stem}")
        answer = await client.post("/graphql", json={"documentId": ORGANIZATIONS})

    assert (page.status_code, asset.status_code) == (404, 404)
    assert answer.json()["errors"][0]["message"] == "There are no trusted documents here."


# Its documents


@one_engine
async def test_its_documents_are_executed_where_no_others_are(services: Services, tmp_path: Path) -> None:
    manifest = tmp_path / "documents.json"
    manifest.write_text('{"other": "{ limits { maxNodes } }"}')
    settings = Settings(trusted_documents=str(manifest), only_trusted_documents=True)
    async with client_with(services, settings) as client:
        own = await client.post("/graphql", json={"documentId": ORGANIZATIONS})
        other = await client.post("/graphql", json={"documentId": "other"})
        text = await client.post("/graphql", json={"query": "{ viewer { username } }"})

    assert [error["extensions"]["code"] for error in own.json()["errors"]] == ["UNAUTHENTICATED"]
    assert other.json() == {"data": {"limits": {"maxNodes": 100}}}
    assert text.json()["errors"][0]["message"] == "Only trusted documents are executed here."
