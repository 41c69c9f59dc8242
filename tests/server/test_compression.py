"""Answers are compressed as their callers like it, where that pays."""

import gzip
import json
import sys
from pathlib import Path

import brotli
import httpx
import pytest

from tests.studio import Studio

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

DECODED = {
    "identity": bytes,
    "gzip": gzip.decompress,
    "br": brotli.decompress,
    "zstd": zstd.decompress,
}
SCHEMA = "{ __schema { types { name description } } }"
VARY = "accept, accept-encoding, authorization, x-auth-token"

one_engine = pytest.mark.parametrize("engine", ["sqlite"])


async def raw(
    studio: Studio, query: str, accept: str | None, *, path: str = "/graphql"
) -> tuple[httpx.Response, bytes]:
    """The bytes as they are sent."""
    headers = {} if accept is None else {"accept-encoding": accept}
    request = (
        studio.client.build_request("POST", path, json={"query": query}, headers=headers)
        if query
        else studio.client.build_request("GET", path, headers=headers)
    )
    if accept is None:
        del request.headers["accept-encoding"]
    response = await studio.client.send(request, stream=True)
    content = b"".join([chunk async for chunk in response.aiter_raw()])
    return response, content


def coding(response: httpx.Response) -> str:
    named: str = response.headers.get("content-encoding", "identity")
    return named


@one_engine
@pytest.mark.parametrize("by", list(DECODED))
async def test_an_answer_is_compressed_by_what_its_caller_accepts(studio: Studio, by: str) -> None:
    _, plain = await raw(studio, SCHEMA, None)
    response, content = await raw(studio, SCHEMA, by)

    assert coding(response) == by
    assert DECODED[by](content) == plain
    assert json.loads(plain)["data"]["__schema"]["types"]
    assert int(response.headers["content-length"]) == len(content)
    assert (len(content) < len(plain) / 2) is (by != "identity")
    assert response.headers["vary"] == VARY
    assert response.headers["content-type"] == "application/json; charset=utf-8"


@one_engine
@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        (None, "identity"),
        ("", "identity"),
        ("identity", "identity"),
        ("compress, deflate", "identity"),
        ("gzip, deflate, br, zstd", "br"),
        ("gzip, deflate, br", "br"),
        ("GZIP", "gzip"),
        ("x-gzip", "gzip"),
        ("gzip;q=1.0, zstd;q=0.5", "gzip"),
        ("gzip ; q=0.001", "gzip"),
        ("zstd;q=0, br;q=0, *", "gzip"),
        ("*", "br"),
        ("*;q=0.1, br", "br"),
        ("gzip;q=0", "identity"),
        ("gzip;q=0, *;q=0.5", "br"),
        ("identity;q=1, gzip;q=0.5", "identity"),
        ("identity;q=0.5, gzip;q=0.5", "gzip"),
        ("*;q=0, identity", "identity"),
        ("*;q=0, br;q=0.1", "br"),
        ("gzip;q=2, br;q=x", "identity"),
        ("gzip;level=9;q=1", "gzip"),
        ("gzip;q=0.5, gzip;q=0", "identity"),
    ],
)
async def test_what_weighs_most_is_chosen(studio: Studio, accept: str | None, chosen: str) -> None:
    response, content = await raw(studio, SCHEMA, accept)

    assert coding(response) == chosen
    assert json.loads(DECODED[chosen](content))["data"]


@one_engine
@pytest.mark.parametrize("accept", ["identity;q=0", "*;q=0", "identity;q=0, deflate", "gzip;q=0, *;q=0"])
async def test_who_accepts_no_encoding_that_there_is_gets_none_and_nothing_is_done(
    studio: Studio, accept: str
) -> None:
    follow = f'mutation {{ followUser(userId: "{studio.people["stranger"].id}") {{ __typename }} }}'
    headers = {"authorization": f"Bearer {studio.token('owner')}", "accept-encoding": accept}
    response = await studio.client.post("/graphql", json={"query": follow}, headers=headers)

    assert response.status_code == 406
    assert response.json()["errors"][0]["message"] == "Accept an encoding: br, gzip, zstd or none."
    assert "content-encoding" not in response.headers
    assert await studio.count("follows") == 0


@one_engine
async def test_what_is_not_worth_it_is_sent_as_it_is_unless_that_is_refused(studio: Studio) -> None:
    def answer(size: int) -> str:
        """The document of which the answer has so many bytes."""
        return "{ " + "a" * (size - len('{"data":{"":"Query"}}')) + ": __typename }"

    for size, accept, by in (
        (1024, "gzip", "identity"),
        (1025, "gzip", "gzip"),
        (1024, "gzip, identity;q=0", "gzip"),
        (22, "br, *;q=0", "br"),
    ):
        response, content = await raw(studio, answer(size), accept)

        assert coding(response) == by
        assert len(DECODED[by](content)) == size


@one_engine
async def test_errors_are_compressed_too(studio: Studio) -> None:
    response, content = await raw(studio, "{ " + " ".join(f"nope{n:0250}" for n in range(5)) + " }", "br")

    assert coding(response) == "br"
    assert len(json.loads(brotli.decompress(content))["errors"]) == 5


@one_engine
async def test_a_large_answer_is_compressed_aside_and_is_the_same(studio: Studio) -> None:
    aliases = " ".join(f"a{n}: __schema {{ ...S }}" for n in range(8))
    fields = "types { name description fields { name description } }"
    query = f"{{ {aliases} }} fragment S on __Schema {{ {fields} }}"
    _, plain = await raw(studio, query, None)
    response, content = await raw(studio, query, "gzip")

    assert len(plain) > 256 * 1024
    assert gzip.decompress(content) == plain
    assert coding(response) == "gzip"


# Files


@one_engine
async def test_the_script_for_pages_is_compressed_once_and_as_small_as_it_gets(studio: Studio) -> None:
    file = Path(__file__).parents[2] / "src" / "server" / "web" / "viewer.js"
    answers = {by: await raw(studio, "", by, path="/viewer.js") for by in DECODED}

    assert {by: coding(response) for by, (response, _) in answers.items()} == {by: by for by in DECODED}
    sizes = {by: len(content) for by, (_, content) in answers.items()}
    # Of so short a text, zstd and gzip make nearly the same.
    assert sizes["br"] < min(sizes["zstd"], sizes["gzip"])
    assert max(sizes["zstd"], sizes["gzip"]) < sizes["identity"] == len(file.read_bytes())
    assert {DECODED[by](content) for by, (_, content) in answers.items()} == {file.read_bytes()}
    assert len({response.headers["etag"] for response, _ in answers.values()}) == 4
    refused = await studio.client.get("/viewer.js", headers={"accept-encoding": "gzip;q=0"})
    assert coding(refused) == "identity"


@one_engine
async def test_the_editors_files_are_gzipped_only_for_who_accepts_that(studio: Studio) -> None:
    page = await studio.client.get("/graphql", headers={"accept": "text/html"})
    path = page.text.partition('src="')[2].partition('"')[0]
    for accept, by in (
        ("gzip", "gzip"),
        ("br, *;q=0.1", "gzip"),
        ("br", "identity"),
        ("gzip;q=0", "identity"),
    ):
        response = await studio.client.get(path, headers={"accept-encoding": accept})

        assert coding(response) == by
        assert response.status_code == 200
