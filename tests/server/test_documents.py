"""Documents that are asked for by an id: automatic persisted queries, and trusted documents of a manifest."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from hashlib import md5, sha1, sha256
from pathlib import Path
from typing import Any

import httpx
import pytest

from resolvers.context import Services
from server.app import create_app
from server.failures import Failure
from server.settings import Settings
from tests.studio import Answer, Studio

PREFLIGHTED = {"apollo-require-preflight": "true"}
GRAPHQL = {"accept": "application/graphql-response+json"}
LIMITS = "query Limits { limits { maxNodes } }"
VIEWER = "query Viewer { viewer { username } }"
LIKE = "mutation Like($id: ID!) { likePublication(publicationId: $id) { publication { id } } }"
RECORD = "mutation Record($events: [EventInput!]!) { recordEvents(events: $events) { stored } }"
DATA = {"limits": {"maxNodes": 100}}

one_engine = pytest.mark.parametrize("engine", ["sqlite"])


def hash_of(document: str) -> str:
    return sha256(document.encode()).hexdigest()


def persisted(hash_: str, version: int = 1) -> dict[str, Any]:
    return {"persistedQuery": {"version": version, "sha256Hash": hash_}}


async def post(client: httpx.AsyncClient, headers: dict[str, str] | None = None, /, **body: Any) -> Answer:
    response = await client.post("/graphql", json=body, headers=headers)
    return Answer(response.status_code, response.headers, response.json())


async def get(client: httpx.AsyncClient, headers: dict[str, str] | None = None, /, **given: Any) -> Answer:
    """Objects are written as JSON."""
    parameters = {
        name: value if isinstance(value, str) else json.dumps(value) for name, value in given.items()
    }
    response = await client.get("/graphql", params=parameters, headers=PREFLIGHTED | (headers or {}))
    return Answer(response.status_code, response.headers, response.json())


def message(answer: Answer) -> str:
    (error,) = answer.body["errors"]
    shown: str = error["message"]
    return shown


@asynccontextmanager
async def client_of(services: Services, settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=create_app(settings, services))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client


# Automatic persisted queries


@one_engine
@pytest.mark.parametrize("ask", [post, get])
@pytest.mark.parametrize("accept", ["application/json", "application/graphql-response+json"])
async def test_a_document_is_sent_once_and_then_asked_for_by_its_hash(
    client: httpx.AsyncClient, ask: Any, accept: str
) -> None:
    extensions = persisted(hash_of(LIMITS))
    headers = {"accept": accept}
    unknown = await ask(client, headers, extensions=extensions)
    sent = await ask(client, headers, query=LIMITS, extensions=extensions)
    known = [await way(client, headers, extensions=extensions) for way in (post, get)]

    assert unknown.status == 200
    assert list(unknown.body) == ["errors"]
    assert message(unknown) == "PersistedQueryNotFound"
    assert unknown.extensions == {"code": "PERSISTED_QUERY_NOT_FOUND"}
    assert unknown.headers["content-type"] == f"{accept}; charset=utf-8"
    assert [answer.data for answer in (sent, *known)] == [DATA] * 3


@one_engine
async def test_variables_and_the_operation_are_sent_beside_the_hash(client: httpx.AsyncClient) -> None:
    document = "query A($is: Boolean!) { limits { maxNodes @include(if: $is) } } query B { __typename }"
    extensions = persisted(hash_of(document))
    await post(client, query=document, operationName="B", extensions=extensions)

    asked = await get(client, extensions=extensions, operationName="A", variables={"is": True})
    assert asked.data == DATA
    assert (await post(client, extensions=extensions)).code == "OPERATION_RESOLUTION_FAILURE"


@one_engine
@pytest.mark.parametrize("document", ["{ nope }", "{", "query A { __typename } query A { __typename }"])
async def test_a_document_that_is_wrong_is_not_kept(client: httpx.AsyncClient, document: str) -> None:
    extensions = persisted(hash_of(document))
    sent = await post(client, query=document, extensions=extensions)

    assert sent.code in {"GRAPHQL_PARSE_FAILED", "GRAPHQL_VALIDATION_FAILED", "OPERATION_RESOLUTION_FAILURE"}
    assert (await post(client, extensions=extensions)).code == "PERSISTED_QUERY_NOT_FOUND"


@one_engine
async def test_a_document_is_not_kept_under_the_hash_of_another(client: httpx.AsyncClient) -> None:
    extensions = persisted(hash_of(VIEWER))
    sent = await post(client, query=LIMITS, extensions=extensions)

    assert sent.status == 400
    assert message(sent) == "provided sha does not match query"
    assert sent.extensions == {"code": "BAD_REQUEST"}
    assert (await post(client, extensions=extensions)).code == "PERSISTED_QUERY_NOT_FOUND"


@one_engine
@pytest.mark.parametrize(
    ("given", "why"),
    [
        (persisted("x", version=2)["persistedQuery"], "Unsupported persisted query version"),
        ("x", "`persistedQuery` is wrong: Expected `object`, got `str`."),
        ({"version": 1}, "`persistedQuery` is wrong: Object missing required field `sha256Hash`."),
        (
            {"version": "1", "sha256Hash": "x"},
            "`persistedQuery` is wrong: Expected `int`, got `str` - at `$.version`.",
        ),
        (
            {"version": 1, "sha256Hash": ["x"]},
            "`persistedQuery` is wrong: Expected `str`, got `array` - at `$.sha256Hash`.",
        ),
    ],
)
async def test_an_extension_that_is_wrong_is_refused(client: httpx.AsyncClient, given: Any, why: str) -> None:
    answer = await post(client, query=LIMITS, extensions={"persistedQuery": given})

    assert answer.status == 400
    assert message(answer) == why
    assert answer.extensions == {"code": "BAD_REQUEST"}


@one_engine
async def test_an_extension_that_is_null_was_not_given(client: httpx.AsyncClient) -> None:
    assert (await post(client, query=LIMITS, extensions={"persistedQuery": None})).data == DATA


@one_engine
@pytest.mark.parametrize("query", [None, LIMITS])
async def test_where_nothing_is_kept_clients_are_told_to_send_whole_documents(
    services: Services, query: str | None
) -> None:
    async with client_of(services, Settings(persisted_query_bytes=0)) as client:
        answer = await post(client, GRAPHQL, query=query, extensions=persisted(hash_of(LIMITS)))
        whole = await post(client, query=LIMITS)

    assert answer.status == 200
    assert message(answer) == "PersistedQueryNotSupported"
    assert answer.extensions == {"code": "PERSISTED_QUERY_NOT_SUPPORTED"}
    assert whole.data == DATA


def padded(document: str, characters: int) -> str:
    return document + "#" * (characters - len(document))


@one_engine
async def test_only_as_many_documents_are_kept_as_fit_and_who_asked_last_stays(services: Services) -> None:
    first, second, third = (padded(f"query Q{n} {{ limits {{ maxNodes }} }}", 5_000) for n in range(3))
    async with client_of(services, Settings(persisted_query_bytes=12_000)) as client:
        for document in (first, second):
            await post(client, query=document, extensions=persisted(hash_of(document)))
        assert (await post(client, extensions=persisted(hash_of(first)))).data == DATA
        await post(client, query=third, extensions=persisted(hash_of(third)))
        answers = [await post(client, extensions=persisted(hash_of(one))) for one in (first, second, third)]

    assert ["errors" in answer.body for answer in answers] == [False, True, False]
    assert answers[1].code == "PERSISTED_QUERY_NOT_FOUND"


@one_engine
async def test_a_document_that_is_larger_than_all_that_is_kept_is_executed_each_time_it_is_sent(
    services: Services,
) -> None:
    small, large = (padded(LIMITS, size) for size in (1_000, 12_000))
    async with client_of(services, Settings(persisted_query_bytes=12_000)) as client:
        sent = [await post(client, query=one, extensions=persisted(hash_of(one))) for one in (small, large)]
        asked = [await post(client, extensions=persisted(hash_of(one))) for one in (small, large)]

    assert [answer.data for answer in (*sent, asked[0])] == [DATA] * 3
    assert asked[1].code == "PERSISTED_QUERY_NOT_FOUND"


async def test_a_mutation_that_is_kept_is_done_by_post_and_not_by_get(studio: Studio) -> None:
    headers = {"authorization": f"Bearer {studio.token('owner')}"}
    event = {"subject": {"publicationId": studio.publication}, "action": "VIEW"}
    like, record = persisted(hash_of(LIKE)), persisted(hash_of(RECORD))
    client = studio.client
    await post(client, headers, query=LIKE, variables={"id": "?"}, extensions=like)
    await post(client, headers, query=RECORD, variables={"events": []}, extensions=record)

    read = [
        await get(client, headers, extensions=like, variables={"id": studio.publication}),
        await get(client, headers, extensions=record, variables={"events": [event]}),
        await get(client, headers, extensions=record, query=RECORD, variables={"events": [event]}),
    ]
    assert [(answer.status, answer.headers["allow"]) for answer in read] == [(405, "POST")] * 3
    assert (await studio.count("likes"), await studio.count("events")) == (0, 0)

    liked = await post(client, headers, extensions=like, variables={"id": studio.publication})
    recorded = await post(client, headers, extensions=record, variables={"events": [event]})
    assert liked.data == {"likePublication": {"publication": {"id": studio.publication}}}
    assert recorded.data == {"recordEvents": {"stored": 1}}
    assert await studio.count("likes") == 1


# Trusted documents


def apollo(documents: list[str]) -> dict[str, Any]:
    return {
        "format": "apollo-persisted-query-manifest",
        "version": 1,
        "operations": [
            {"id": hash_of(document), "name": document.split()[1], "type": "query", "body": document}
            for document in documents
        ],
    }


def relay(documents: list[str]) -> dict[str, Any]:
    return {md5(document.encode(), usedforsecurity=False).hexdigest(): document for document in documents}


def codegen(documents: list[str]) -> dict[str, Any]:
    return {sha1(document.encode(), usedforsecurity=False).hexdigest(): document for document in documents}


def ids_in(manifest: dict[str, Any]) -> list[str]:
    operations = manifest.get("operations")
    return [one["id"] for one in operations] if operations else list(manifest)


def trusting(folder: Path, manifest: Any, *, only: bool = False, left_bytes: int = 5_000_000) -> Settings:
    file = folder / "manifest.json"
    file.write_text(manifest if isinstance(manifest, str) else json.dumps(manifest))
    return Settings(
        trusted_documents=str(file), only_trusted_documents=only, persisted_query_bytes=left_bytes
    )


@one_engine
@pytest.mark.parametrize("write", [apollo, relay, codegen])
@pytest.mark.parametrize("ask", [post, get])
async def test_a_document_of_a_manifest_is_asked_for_by_its_id(
    services: Services, tmp_path: Path, write: Any, ask: Any
) -> None:
    manifest = write([VIEWER, LIMITS])
    async with client_of(services, trusting(tmp_path, manifest)) as client:
        by_id = await ask(client, documentId=ids_in(manifest)[1])
        by_hash = await ask(client, documentId=f"sha256:{hash_of(LIMITS)}")
        # As Apollo's clients ask.
        by_extension = await ask(client, extensions=persisted(hash_of(LIMITS)))

    assert [answer.data for answer in (by_id, by_hash, by_extension)] == [DATA] * 3


@one_engine
async def test_apollo_may_have_ids_of_its_own_making(services: Services, tmp_path: Path) -> None:
    manifest = {**apollo([]), "operations": [{"id": "limits-1", "body": LIMITS}]}
    async with client_of(services, trusting(tmp_path, manifest, left_bytes=0)) as client:
        answers = [
            await post(client, documentId="limits-1"),
            await post(client, extensions=persisted("limits-1")),
        ]

    assert [answer.data for answer in answers] == [DATA] * 2


@one_engine
async def test_variables_and_the_operation_are_sent_beside_the_id(services: Services, tmp_path: Path) -> None:
    document = "query A($is: Boolean!) { limits { maxNodes @include(if: $is) } } query B { __typename }"
    async with client_of(services, trusting(tmp_path, relay([document]))) as client:
        id_ = f"sha256:{hash_of(document)}"
        asked = await get(client, documentId=id_, operationName="A", variables={"is": True})
        unnamed = await get(client, documentId=id_)

    assert asked.data == DATA
    assert unnamed.code == "OPERATION_RESOLUTION_FAILURE"


@one_engine
@pytest.mark.parametrize(
    "document_id",
    ["x", "sha256:", f"sha256:{'0' * 64}", f"sha256:{hash_of(LIMITS).upper()}", f"md5:{'0' * 32}"],
)
@pytest.mark.parametrize(("headers", "status"), [({}, 200), (GRAPHQL, 400)])
async def test_an_unknown_id_is_told(
    services: Services, tmp_path: Path, document_id: str, headers: dict[str, str], status: int
) -> None:
    async with client_of(services, trusting(tmp_path, relay([LIMITS]))) as client:
        answer = await post(client, headers, documentId=document_id)

    assert answer.status == status
    assert message(answer) == "There is no trusted document of this id."
    assert answer.extensions == {"code": "PERSISTED_QUERY_NOT_FOUND"}


@one_engine
async def test_without_a_manifest_there_are_no_trusted_documents(client: httpx.AsyncClient) -> None:
    answer = await post(client, documentId=f"sha256:{hash_of(LIMITS)}")

    assert message(answer) == "There are no trusted documents here."
    assert answer.extensions == {"code": "PERSISTED_QUERY_NOT_SUPPORTED"}


@one_engine
@pytest.mark.parametrize("beside", [{"query": VIEWER}, {"extensions": persisted(hash_of(LIMITS))}])
async def test_an_id_and_a_document_are_too_much(
    services: Services, tmp_path: Path, beside: dict[str, Any]
) -> None:
    async with client_of(services, trusting(tmp_path, relay([LIMITS]))) as client:
        answer = await post(client, documentId=f"sha256:{hash_of(LIMITS)}", **beside)

    assert answer.status == 400
    assert message(answer) == "Send the `documentId`, or the document, not both."
    assert answer.extensions == {"code": "BAD_REQUEST"}


async def test_a_trusted_mutation_is_done_by_post_and_not_by_get(studio: Studio, tmp_path: Path) -> None:
    headers = {"authorization": f"Bearer {studio.token('owner')}"}
    event = {"subject": {"publicationId": studio.publication}, "action": "VIEW"}
    given = {"documentId": f"sha256:{hash_of(RECORD)}", "variables": {"events": [event]}}
    async with client_of(studio.services, trusting(tmp_path, codegen([RECORD]), only=True)) as client:
        read = await get(client, headers, **given)
        before = await studio.count("events")
        done = await post(client, headers, **given)

    assert (read.status, read.headers["allow"], before) == (405, "POST", 0)
    assert done.data == {"recordEvents": {"stored": 1}}


async def test_where_only_trusted_documents_are_executed_another_changes_nothing(
    studio: Studio, tmp_path: Path
) -> None:
    headers = {"authorization": f"Bearer {studio.token('owner')}"}
    event = {"subject": {"publicationId": studio.publication}, "action": "VIEW"}
    like, record = {"variables": {"id": studio.publication}}, {"variables": {"events": [event]}}
    async with client_of(studio.services, trusting(tmp_path, apollo([LIMITS]), only=True)) as client:
        refused = [
            await post(client, headers, query=LIKE, **like),
            await post(client, headers, query=RECORD, **record),
            await post(client, headers, query=LIKE, extensions=persisted(hash_of(LIKE)), **like),
            await post(client, headers, query=f"{LIMITS} "),
            await get(client, headers, query="{ __schema { description } }"),
        ]
        unknown = await post(client, headers, extensions=persisted(hash_of(LIKE)), **like)
        allowed = [
            await post(client, query=LIMITS),
            await get(client, query=LIMITS),
            await post(client, query=LIMITS, extensions=persisted(hash_of(LIMITS))),
            await get(client, extensions=persisted(hash_of(LIMITS))),
            await get(client, documentId=hash_of(LIMITS)),
        ]
        wants_status = await post(client, GRAPHQL, query=LIKE)

    for answer in refused:
        assert answer.status == 200
        assert message(answer) == "Only trusted documents are executed here."
        assert answer.extensions == {"code": "PERSISTED_QUERY_NOT_FOUND"}
    assert message(unknown) == "PersistedQueryNotFound"
    assert [answer.data for answer in allowed] == [DATA] * 5
    assert wants_status.status == 400
    assert await studio.count("likes") == 0
    assert await studio.count("events") == 0


@one_engine
@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("", "Input data was truncated"),
        ("[]", "Expected `object`, got `array`"),
        ('{"a": 1}', "Expected `str`, got `int` - at `$[...]`"),
        ('{"operations": [{"id": "a"}]}', "Object missing required field `body` - at `$.operations[0]`"),
    ],
)
async def test_a_file_that_is_no_manifest_is_told(
    services: Services, tmp_path: Path, content: str, why: str
) -> None:
    with pytest.raises(Failure) as told:
        create_app(trusting(tmp_path, content), services)

    assert str(told.value) == f"{tmp_path}/manifest.json is no manifest of trusted documents: {why}."
