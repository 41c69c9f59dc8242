"""A large answer is made in pieces: others are answered meanwhile, and it ends when its time is over."""

from asyncio import create_task, gather
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import httpx
import orjson
import pytest

from base.ids import uuid7
from models import Publication
from resolvers.context import Limits
from server.app import create_app
from server.settings import Settings
from tests.studio import Studio

_MANY = 100
_ENOUGH = 100_000_000
SMALL = "{ limits { maxCost } }"
PAGE = "{ publications(first: 100) { edges { node { FIELDS } } } }"
LARGE = "{ publications(first: 100) { edges { node { owner { NESTED } } } } }".replace("NESTED", PAGE[2:-2])
_FEWER = 30
LESS = LARGE.replace("first: 100", f"first: {_FEWER}", 1)
"""For some thousand objects; it is LARGE, with ten thousand, where the time counts."""


@pytest.fixture
async def crowded(studio: Studio) -> Studio:
    """As many publications of one owner as a page may have."""
    owner = studio.people["owner"].row
    async with studio.services.database.writing() as session:
        for number in range(_MANY - 1):
            studio.clock.advance(seconds=1)
            session.add(
                Publication(
                    public_id=uuid7(studio.clock.now),
                    owner_id=owner.id,
                    name=f"Work {number}",
                    custom_url=f"work-{number}",
                    created_at=studio.clock.now,
                )
            )
    return studio


@asynccontextmanager
async def limited(studio: Studio, seconds: float) -> AsyncIterator[Studio]:
    services = replace(studio.services, limits=Limits(query_seconds=seconds, cost=_ENOUGH))
    transport = httpx.ASGITransport(create_app(Settings(), services))
    async with httpx.AsyncClient(transport=transport, base_url="http://test", timeout=60) as client:
        yield replace(studio, services=services, client=client)


async def bytes_of(studio: Studio, query: str, by: str | None = None) -> bytes:
    headers = {"authorization": f"Bearer {studio.token(by)}"} if by else {}
    return (await studio.client.post("/graphql", json={"query": query}, headers=headers)).content


async def test_a_large_answer_is_the_one_that_its_parts_make(crowded: Studio) -> None:
    fields = "id name createdAt coCreators { username }"
    page = orjson.loads(await bytes_of(crowded, PAGE.replace("FIELDS", fields)))["data"]
    async with limited(crowded, 60) as busy:
        large = await bytes_of(busy, LESS.replace("FIELDS", fields))

    assert len(page["publications"]["edges"]) == _MANY
    node = {"node": {"owner": page}}
    assert large == orjson.dumps({"data": {"publications": {"edges": [node] * _FEWER}}})


async def test_each_of_thousands_that_are_denied_is_told_of(crowded: Studio) -> None:
    async with limited(crowded, 60) as busy:
        answer = await busy.ask(LESS.replace("FIELDS", "id metrics { totalViews }"), "stranger")

    places = [(first, second) for first in range(_FEWER) for second in range(_MANY)]
    assert answer.errors == sorted(
        ("FORBIDDEN", f"publications.edges.{first}.node.owner.publications.edges.{second}.node.metrics")
        for first, second in places
    )


async def test_a_large_answer_takes_as_many_statements_as_a_small_one(crowded: Studio) -> None:
    query = LESS.replace("FIELDS", "id metrics { totalViews } experienceCounts { projects: __typename }")
    # Publications of the outer list, with one more after its end, are known in the inner one.
    small = query.replace(f"first: {_FEWER}", "first: 2").replace("first: 100", "first: 4")
    taken = []
    async with limited(crowded, 60) as busy:
        for asked in (small, query):
            # From its second time on, a plan answers.
            await busy.ask(asked, "owner")
            with busy.statements() as statements:
                await busy.ask(asked, "owner")
            taken.append(len(statements))

    assert taken[0] == taken[1]


@pytest.mark.parametrize("seconds", [0.003, 0.01, 0.02])
@pytest.mark.parametrize(
    "fields", ["id name customUrl", "coCreators { id owner: username }", "metrics { totalViews }"]
)
async def test_it_ends_when_its_time_is_over(
    crowded: Studio, caplog: pytest.LogCaptureFixture, fields: str, seconds: float
) -> None:
    async with limited(crowded, seconds) as busy:
        answer = await busy.ask(LARGE.replace("FIELDS", fields), "stranger")
    after = await crowded.ask(SMALL)

    assert (answer.status, answer.extensions) == (503, {"code": "TIMEOUT"})
    assert after.data == {"limits": {"maxCost": Limits().cost}}
    assert caplog.records == []


async def test_whoever_asks_for_little_is_answered_meanwhile(crowded: Studio) -> None:
    answered: list[str] = []

    async def ask(studio: Studio, name: str, query: str) -> Any:
        answer = await studio.ask(query)
        answered.append(name)
        return answer.data

    async with limited(crowded, 60) as busy:
        large = create_task(ask(busy, "large", LARGE.replace("FIELDS", "id name customUrl")))
        for _ in range(20):
            await ask(busy, "small", SMALL)
        await gather(large)

    assert answered == ["small"] * 20 + ["large"]


async def test_more_values_than_could_be_meant_are_refused_before_they_are_decoded(studio: Studio) -> None:
    answer = await studio.ask("query($ids: [ID!]!) { nodes(ids: $ids) { id } }", ids=["x"] * 100_002)

    assert answer.extensions == {"code": "BAD_USER_INPUT", "argument": "variables", "reason": "TOO_MANY"}
    assert answer.body["errors"][0]["message"] == (
        "What is sent may have 100,000 commas: send fewer values at a time."
    )


async def test_a_long_document_is_answered_as_a_short_one_is(studio: Studio) -> None:
    aliases = [f"a{number}" for number in range(600)]
    answer = await studio.ask("{" + " ".join(f"{alias}: limits {{ maxCost }}" for alias in aliases) + "}")
    wrong = await studio.ask("{" + " ".join(f"{alias}: nothing" for alias in aliases) + "}")

    assert answer.data == {alias: {"maxCost": Limits().cost} for alias in aliases}
    assert [code for code, _ in wrong.errors] == ["GRAPHQL_VALIDATION_FAILED"] * 6
