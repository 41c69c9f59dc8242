"""Variables and arguments that are taken as they are: the same as GraphQL makes of them."""

from functools import cache
from typing import Any

from graphql.execution.values import VariableValues, get_variable_values
from hypothesis import example, given, settings
from hypothesis import strategies as st

from execution.arguments import _converted, arguments_of
from execution.planner import planned
from execution.shapes import Resolved, Selected
from execution.variables import values_of
from graph.document import Operation
from graph.parsing import parsed_document
from graph.schema import schema

TYPES = "$text: String!, $id: ID, $count: Int!, $is: Boolean, $number: Float"
values = st.one_of(
    st.none(),
    st.text(max_size=3),
    st.integers(-(2**33), 2**33),
    st.sampled_from([2**31 - 1, 2**31, -(2**31), -(2**31) - 1]),
    st.booleans(),
    st.floats(),
    st.lists(st.integers(), max_size=2),
)
variables = st.dictionaries(st.sampled_from(["text", "id", "count", "is", "number", "other"]), values)


def operation_of(text: str) -> Operation:
    return parsed_document(text, 5_000).operation(None)


def usual(operation: Operation, sent: dict[str, Any]) -> dict[str, Any] | None:
    assert operation.definition
    found = get_variable_values(schema._schema, operation.definition.variable_definitions or (), sent)
    return found.coerced if isinstance(found, VariableValues) else None


@settings(max_examples=50)
@given(variables, st.booleans())
@example({"text": "a", "id": "b", "count": 1, "is": True}, False)
@example({"text": "a", "id": "b", "count": 2**31, "is": True}, False)
@example({"text": "a", "id": "b", "count": True, "is": True}, False)
@example({"text": "a", "id": 1, "count": 1, "is": 1}, False)
def test_variables_are_what_graphql_makes_of_them(sent: dict[str, Any], has_others: bool) -> None:
    types = TYPES if has_others else TYPES.removesuffix(", $number: Float")
    operation = operation_of(f"query({types}) {{ __typename }}")
    found = values_of(operation, sent)
    assert repr(found.coerced if found else None) == repr(usual(operation, sent))


FIELDS = """query($url: String!, $first: Int, $after: String, $order: PublicationOrder) {
  publication(url: $url) { name }
  both: publications(first: $first, after: $after) { edges { cursor } }
  one: publications(first: $first) { edges { cursor } }
  mixed: publications(first: 3, after: $after) { edges { cursor } }
  ordered: publications(first: $first, orderBy: $order) { edges { cursor } }
  none: publications { edges { cursor } }
}"""


@cache
def planned_fields() -> list[Selected]:
    return planned(operation_of(FIELDS), {}).root.fields


@settings(max_examples=50)
@given(
    st.text(max_size=3),
    st.fixed_dictionaries(
        {},
        optional={
            "first": st.one_of(st.none(), st.integers(0, 9)),
            "after": st.one_of(st.none(), st.text(max_size=3)),
            "order": st.one_of(st.none(), st.just({"field": "NAME", "direction": "DESC"})),
        },
    ),
)
def test_arguments_are_what_strawberry_makes_of_them(url: str, others: dict[str, Any]) -> None:
    values = values_of(operation_of(FIELDS), {"url": url, **others})
    assert values
    for field in planned_fields():
        assert isinstance(field.source, Resolved)
        # The info of the request is added afterwards.
        assert {"info": None, **arguments_of(field.source, values)} == _converted(field.source, values)


def test_arguments_with_long_texts_are_not_remembered() -> None:
    (mixed,) = [field for field in planned(operation_of(FIELDS), {}).root.fields if field.name == "mixed"]
    assert isinstance(mixed.source, Resolved)
    known = []
    for length in (301, 300):
        values = values_of(operation_of(FIELDS), {"url": "a", "after": "a" * length})
        assert values
        assert arguments_of(mixed.source, values)["after"] == "a" * length
        known.append(len(mixed.source.remembered or ()))
    assert known == [0, 1]
