"""A schema that tells of itself, and one that does not."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio

from resolvers.context import Limits
from server.app import create_app
from server.settings import Settings
from tests.studio import Clock, services_for

# What never reaches a database is the same on both.
one_engine = pytest.mark.parametrize("engine", ["sqlite"])

MISSPELLED: list[tuple[str, dict[str, Any], str, str]] = [
    ("{ viewe { id } }", {}, "Cannot query field 'viewe' on type 'Query'.", " Did you mean 'viewer'?"),
    (
        '{ node(id: "x") { name } }',
        {},
        "Cannot query field 'name' on type 'Node'.",
        " Did you mean to use an inline fragment on 'Asset', 'Organization', 'Publication', 'User', or"
        " 'Workspace'?",
    ),
    (
        '{ publication(url: "x", urll: "x") { id } }',
        {},
        "Unknown argument 'urll' on field 'Query.publication'.",
        " Did you mean 'url'?",
    ),
    (
        "query($range: DateRang) { publication(url: $range) { id } }",
        {},
        "Unknown type 'DateRang'.",
        " Did you mean 'DateRange', 'DateTime', or 'String'?",
    ),
    (
        'mutation { login(input: {passwrd: {email: "x"}}) { accessToken } }',
        {},
        "Expected value of type 'LoginInput' not to include unknown field 'passwrd'."
        ' Found: { passwrd: { email: "x" } }.',
        " Did you mean 'password'?",
    ),
    (
        "mutation($input: LoginInput!) { login(input: $input) { accessToken } }",
        {"input": {"passwrd": "x"}},
        "Variable '$input' has invalid value: Expected value of type 'LoginInput' not to include unknown"
        " field 'passwrd'. Found: {'passwrd': 'x'}.",
        " Did you mean 'password'?",
    ),
    (
        'query($of: DateInterval!) { publication(url: "x") {'
        ' views(interval: $of, range: {start: "2023-06-01", end: "2023-06-02"}) { count } } }',
        {"of": "DAI"},
        "Variable '$of' has invalid value: Value 'DAI' does not exist in 'DateInterval' enum.",
        " Did you mean the enum value 'DAY'?",
    ),
    (
        '{ publication(url: "x") {'
        ' views(interval: DAI, range: {start: "2023-06-01", end: "2023-06-02"}) { count } } }',
        {},
        "Value 'DAI' does not exist in 'DateInterval' enum.",
        " Did you mean the enum value 'DAY'?",
    ),
    (
        "{ viewer }",
        {},
        "Field 'viewer' of type 'User' must have a selection of subfields.",
        " Did you mean 'viewer { ... }'?",
    ),
]


@pytest_asyncio.fixture
async def told(database_url: str, clock: Clock) -> AsyncIterator[httpx.AsyncClient]:
    async with client_with(database_url, clock, Limits()) as client:
        yield client


@pytest_asyncio.fixture
async def untold(database_url: str, clock: Clock) -> AsyncIterator[httpx.AsyncClient]:
    async with client_with(database_url, clock, Limits(introspection=False)) as client:
        yield client


def client_with(url: str, clock: Clock, limits: Limits) -> httpx.AsyncClient:
    app = create_app(Settings(), services_for(url, clock, limits))
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://test")


async def ask(client: httpx.AsyncClient, query: str, **variables: Any) -> Any:
    return (await client.post("/graphql", json={"query": query, "variables": variables})).json()


def messages(body: Any) -> list[str]:
    return [error["message"] for error in body["errors"]]


@one_engine
async def test_the_schema_may_be_asked_for_unless_a_setting_forbids_it(
    told: httpx.AsyncClient, untold: httpx.AsyncClient
) -> None:
    for query, field in (
        ("{ __schema { queryType { name } } }", "__schema"),
        ('{ __type(name: "Query") { name } }', "__type"),
    ):
        assert "errors" not in await ask(told, query)
        refused = await ask(untold, query)
        assert "data" not in refused
        assert refused["errors"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"
        assert refused["errors"][0]["extensions"]["validationErrorCode"] == "INTROSPECTION_DISABLED"
        assert messages(refused)[0] == (
            f"GraphQL introspection has been disabled, but the requested query contained the field '{field}'."
        )


@one_engine
async def test_names_of_types_are_told_in_any_case(untold: httpx.AsyncClient) -> None:
    assert await ask(untold, "{ __typename viewer { id } }") == {
        "data": {"__typename": "Query", "viewer": None}
    }


@one_engine
@pytest.mark.parametrize(("query", "variables", "message", "suggestion"), MISSPELLED)
async def test_a_misspelt_name_is_mended_unless_a_setting_forbids_it(
    told: httpx.AsyncClient,
    untold: httpx.AsyncClient,
    query: str,
    variables: dict[str, Any],
    message: str,
    suggestion: str,
) -> None:
    # Twice, as errors of validation are kept: what is told to one is not told to the other.
    for _ in range(2):
        (mended,) = [said for said in messages(await ask(told, query, **variables)) if "Did you mean" in said]
        assert mended.replace(suggestion, "") == message
        assert suggestion in mended
        kept_back = messages(await ask(untold, query, **variables))
        assert message in kept_back
        assert "Did you mean" not in "".join(kept_back)


@one_engine
async def test_an_error_without_a_suggestion_is_the_same(
    told: httpx.AsyncClient, untold: httpx.AsyncClient
) -> None:
    for query in ("{ viewer { id ", "{ publication(url: \"Did you mean 'x'?\") { id } }"):
        bodies = [await ask(client, query) for client in (told, untold)]
        for body in bodies:
            for error in body["errors"]:
                del error["extensions"]["requestId"]
        assert bodies[0] == bodies[1]
