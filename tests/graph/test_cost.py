"""What operations may cost: exact figures, as the error that refuses them says."""

from collections.abc import AsyncIterator
from fractions import Fraction
from math import ceil
from typing import Any

import httpx
import pytest
import pytest_asyncio

from resolvers.context import Limits
from server.app import create_app
from server.services import close_services
from server.settings import Settings
from tests.studio import Clock, Studio, services_for

pytestmark = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)

PAGE = "publications(first: {}) {{ edges {{ node {{ name }} }} }}"
DEEP = """query($n: Int!) { publications(first: $n) { edges { node { owner {
  publications(first: $n) { edges { node { owner { publications(first: $n) { edges { node { id } } } } } } }
} } } } }"""

NINE = "... on User { a: publications(first: 9) { edges { cursor } } }"
TWO = "... on Workspace { a: assets(first: 2) { edges { cursor } } }"


@pytest_asyncio.fixture
async def miser(database_url: str, clock: Clock) -> AsyncIterator[httpx.AsyncClient]:
    """Of a server that lets nothing pass that costs anything."""
    services = services_for(database_url, clock, Limits(cost=0))
    transport = httpx.ASGITransport(app=create_app(Settings(), services))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client
    await close_services(services)


async def cost(client: httpx.AsyncClient, query: str, **variables: Any) -> int:
    answer = (await client.post("/graphql", json={"query": query, "variables": variables})).json()
    if "data" in answer:
        return 0
    (error,) = answer["errors"]
    assert error["extensions"]["code"] == "COST_ESTIMATED_TOO_EXPENSIVE", error
    assert error["extensions"]["maxCost"] == 0
    assert f"may cost {error['extensions']['cost']:,}, and 0 is the most" in error["message"]
    found: int = error["extensions"]["cost"]
    return found


@pytest.mark.parametrize(
    ("query", "variables", "tenths"),
    [
        ("{ __typename }", {}, 1),
        ("{ viewer { username name } }", {}, 10 + 2),
        ('{ publication(url: "x") { name metrics(range: null) { totalViews } } }', {}, 10 + 1 + 50 + 1),
        ('{ publication(url: "x") { metrics { uniqueVisitors { estimate } } } }', {}, 10 + 50 + 50 + 1),
        (
            '{ publication(url: "x") { metrics { takenBack { likes } range { start } } } }',
            {},
            10 + 50 + 10 + 1 + 10 + 1,
        ),
        # A point costs what it has, and what is read for it.
        (
            """{ publication(url: "x") { actions(
              action: LIKE, range: {start: "2023-01-01", end: "2023-01-02"}, interval: HOUR
            ) { takenBack points { isRunning takenBack } } } }""",
            {},
            10 + 50 + 1 + 48 * (1 + 2 + 2) + 12,
        ),
        # A list costs as often as it can have items: an edge, and what is in it.
        ("{ " + PAGE.format(3) + " }", {}, 10 + 3 * (10 + 10 + 1)),
        ("{ publications { edges { cursor } pageInfo { endCursor } } }", {}, 10 + 20 * (10 + 1) + 10 + 1),
        ("{ publications(last: 7) { edges { cursor } } }", {}, 10 + 7 * (10 + 1)),
        ("{ publications(first: 0) { edges { node { id } } totalCount } }", {}, 10 + 1),
        ("query($n: Int) { publications(first: $n) { edges { cursor } } }", {"n": 4}, 10 + 4 * (10 + 1)),
        ("query($n: Int) { publications(first: $n) { edges { cursor } } }", {"n": None}, 10 + 20 * (10 + 1)),
        ("query($n: Int) { publications(first: $n) { edges { cursor } } }", {}, 10 + 20 * (10 + 1)),
        ("query($n: Int = 9) { publications(first: $n) { edges { cursor } } }", {}, 10 + 9 * (10 + 1)),
        (DEEP, {"n": 10}, 10 + 10 * (40 + 10 * (40 + 10 * (10 + 10 + 1)))),
        ('{ nodes(ids: ["a", "b", "c"]) { id } }', {}, 3 * (10 + 1)),
        ("query($ids: [ID!]!) { nodes(ids: $ids) { id } }", {"ids": ["a"] * 5}, 5 * (10 + 1)),
        ('{ publication(url: "x") { coCreators { id } } }', {}, 10 + 100 * (10 + 1)),
        ('{ asset(id: "x") { formats { url } } }', {}, 10 + 100 * (10 + 1)),
        ('{ userInsight(userId: "x") { works { itemId inAppPlays } } }', {}, 10 + 500 * (10 + 2)),
        ('{ userInsight(userId: "x") { insightScore insightScoreParts { reach } } }', {}, 10 + 50 + 50 + 1),
        # The schema costs a tenth for each object and leaf there is; types are among its lists.
        ("{ __schema { queryType { name } } }", {}, 2),
        ('{ a: __type(name: "Query") { name } b: __type(name: "Query") { name } }', {}, 2),
        # One name is made once, whoever selects it; two names are two.
        ('{ a: publication(url: "x") { id } b: publication(url: "x") { id } }', {}, 2 * (10 + 1)),
        (
            '{ publication(url: "x") { owner { id } ...F } } fragment F on Publication { owner { name } }',
            {},
            10 + 10 + 2,
        ),
        (
            "{ viewer { id } ... { viewer { name } } ... @include(if: false) { limits { maxCost } } }",
            {},
            10 + 2 + 10 + 1,
        ),
        (
            '{ node(id: "x") { ... on User { insight { id } } ... on Publication { owner { id } } } }',
            {},
            10 + 2 * (10 + 1),
        ),
        # What GraphQL takes for a number of items is one.
        ("query($n: Int) { publications(first: $n) { edges { cursor } } }", {"n": 4.0}, 10 + 4 * (10 + 1)),
        # One name stands for a list of each type: the longest counts, in whichever order they come.
        (f'{{ node(id: "x") {{ {NINE} {TWO} }} }}', {}, 10 + 10 + 9 * (10 + 1)),
        (f'{{ node(id: "x") {{ {TWO} {NINE} }} }}', {}, 10 + 10 + 9 * (10 + 1)),
        ('mutation { likePublication(publicationId: "x") { publication { id } } }', {}, 1_000 + 10 + 1),
    ],
)
async def test_an_operation_costs_what_its_document_and_variables_ask_for(
    miser: httpx.AsyncClient, query: str, variables: dict[str, Any], tenths: int
) -> None:
    expected = ceil(Fraction(tenths, 10))
    assert await cost(miser, query, **variables) == expected
    # What was looked through once is remembered, and its variables are not.
    assert await cost(miser, query, **variables) == expected


@pytest.mark.parametrize("value", ["x", True, -5, 1.5, {}, 101, 10**30])
async def test_what_is_no_number_of_items_is_refused_as_such(studio: Studio, value: Any) -> None:
    query = "query($n: Int) { publications(first: $n) { edges { node { id } } } }"
    assert (await studio.ask(query, n=value)).code == "BAD_USER_INPUT"


async def test_variables_hold_no_more_values_than_can_be_looked_at(studio: Studio) -> None:
    query = "query($ids: [ID!]!) { nodes(ids: $ids) { id } }"
    too_many = "The variables may hold 20,000 values."
    for ids in (
        ["x"] * 20_000,
        [["x"] * 10_000, ["x"] * 10_000],
        {str(number): 1 for number in range(20_000)},
    ):
        answer = await studio.ask(query, ids=ids)
        assert (answer.code, answer.body["errors"][0]["message"]) == ("BAD_USER_INPUT", too_many)
    assert (await studio.ask(query, ids=["x"] * 19_999)).body["errors"][0]["message"] != too_many


async def test_the_schema_is_not_told_in_any_breadth(studio: Studio) -> None:
    def kinds(count: int) -> str:
        return (
            "{ __schema { types { fields { type {"
            + "".join(f" k{n}: kind" for n in range(count))
            + "} } } } }"
        )

    # Four stand above them.
    assert (await studio.ask(kinds(397))).data
    assert (await studio.ask(kinds(398))).code == "COST_ESTIMATED_TOO_EXPENSIVE"
    assert (
        await studio.ask(f"{{ ...A ...B }} fragment A on Query {kinds(300)} fragment B on Query {kinds(300)}")
    ).code


async def test_one_that_costs_too_much_is_refused_and_changes_nothing(studio: Studio) -> None:
    with studio.statements() as statements:
        answer = await studio.ask(DEEP, n=100)
    assert answer.extensions == {
        "code": "COST_ESTIMATED_TOO_EXPENSIVE",
        "cost": 1 + 100 * (4 + 100 * (4 + 10 * 21)),
        "maxCost": 50_000,
    }
    assert answer.status == 200
    assert statements == []
    accept = {"accept": "application/graphql-response+json"}
    assert (await studio.send({"query": DEEP, "variables": {"n": 100}}, accept)).status == 400
    assert (await studio.ask(DEEP, n=1)).data

    asked = await studio.ask("{ limits { maxCost } }")
    assert asked.data == {"limits": {"maxCost": 50_000}}


async def test_a_mutation_that_costs_too_much_is_not_done(miser: httpx.AsyncClient, studio: Studio) -> None:
    mutation = "mutation($p: ID!) { likePublication(publicationId: $p) { publication { id } } }"
    headers = {"authorization": f"Bearer {studio.token('stranger')}"}
    body = {"query": mutation, "variables": {"p": studio.publication}}
    answer = (await miser.post("/graphql", json=body, headers=headers)).json()
    assert answer["errors"][0]["extensions"]["code"] == "COST_ESTIMATED_TOO_EXPENSIVE"
    assert await studio.count("likes") == 0
