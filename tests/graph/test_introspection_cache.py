"""What the schema tells of itself is remembered with the document that asked for it."""

from graphql import get_introspection_query

from graph.introspection_cache import cached_answer
from graph.parsing import parsed_document
from resolvers.context import Limits
from tests.studio import Studio

TOKENS = Limits().document_tokens


def is_remembered(query: str, operation: str | None = None) -> bool:
    return cached_answer(parsed_document(query, TOKENS).operation(operation)) is not None


async def test_introspection_is_answered_from_memory_and_alike(studio: Studio) -> None:
    query = get_introspection_query()
    first = await studio.ask(query)
    was_remembered = is_remembered(query)
    second = await studio.ask(query)

    assert was_remembered
    assert second.data == first.data
    assert len(second.data["__schema"]["types"]) > 100


async def test_each_operation_of_a_document_has_its_own_answer(studio: Studio) -> None:
    query = 'query A { a: __type(name: "User") { name } } query B { ...F } fragment F on Query { __typename }'
    for name, expected in (("A", {"a": {"name": "User"}}), ("B", {"__typename": "Query"})) * 2:
        answer = await studio.send({"query": query, "operationName": name})
        assert answer.data == expected

    assert is_remembered(query, "A")
    assert is_remembered(query, "B")


async def test_what_depends_on_anything_else_is_asked_again(studio: Studio) -> None:
    with_variable = "query($name: String!) { __type(name: $name) { name } }"
    with_data = '{ __typename publication(url: "ai-research-studio") { name } }'
    names = [(await studio.ask(with_variable, name=name)).data["__type"] for name in ("User", "Nobody")]
    await studio.ask(with_data)

    assert names == [{"name": "User"}, None]
    assert not is_remembered(with_variable)
    assert not is_remembered(with_data)
    assert not is_remembered("mutation { __typename }")
