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
from graph.variable_keys import key_of

TYPES = "$text: String!, $id: ID, $count: Int!, $is: Boolean"
OTHERS = "$number: Float, $range: DateRange, $ids: [ID!], $interval: DateInterval, $most: Int = 3"
texts = st.text(max_size=3)
values = st.one_of(
    st.none(),
    st.text(max_size=3),
    st.integers(-(2**33), 2**33),
    st.sampled_from([2**31 - 1, 2**31, -(2**31), -(2**31) - 1]),
    st.booleans(),
    st.floats(),
    st.lists(st.one_of(st.integers(), texts, st.none(), st.lists(texts, max_size=1)), max_size=2),
    st.sampled_from(["DAY", "DAYS", "UTC"]),
    st.fixed_dictionaries({"start": st.one_of(texts, st.none())}, optional={"end": texts, "on": texts}),
)
names = ["text", "id", "count", "is", "number", "range", "ids", "interval", "most", "other"]
variables = st.dictionaries(st.sampled_from(names), values)
FITTING = {"text": "a", "count": 1}


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
@example({**FITTING, "range": {"start": "2026-01-01", "end": "2026-02-01"}, "interval": "DAY"}, True)
@example({**FITTING, "range": {"start": "2026-01-01"}, "most": None}, True)
@example({**FITTING, "ids": ["a", "b"], "most": 4, "number": 1}, True)
@example({**FITTING, "ids": "a", "interval": None}, True)
@example({**FITTING, "ids": [["a"]]}, True)
@example({**FITTING, "ids": ["a"] * 33}, True)
def test_variables_are_what_graphql_makes_of_them(sent: dict[str, Any], has_others: bool) -> None:
    types = f"{TYPES}, {OTHERS}" if has_others else TYPES
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


def test_arguments_are_remembered_by_what_is_in_objects_and_lists() -> None:
    operation = operation_of(ORDERED)
    (ordered,) = planned(operation, {}).root.fields
    assert isinstance(ordered.source, Resolved)
    known = []
    for field, direction in (("NAME", "ASC"), ("NAME", "DESC"), ("CREATED_AT", "ASC"), ("NAME", "DESC")):
        values = values_of(operation, {"order": {"field": field, "direction": direction}})
        assert values
        for _ in range(2):
            order = arguments_of(ordered.source, values)["order_by"]
            assert (order.field.name, order.direction.name) == (field, direction)
        known.append(len(ordered.source.remembered or ()))
    assert known == [1, 2, 3, 3]


ORDERED = "query($order: PublicationOrder) { publications(orderBy: $order) { edges { cursor } } }"


def test_only_the_same_values_have_the_same_key() -> None:
    given: list[list[Any]] = [
        ["a", "b"],
        [["a", "b"]],
        [["a"], "b"],
        ["a", ["b"]],
        [["a"], ["b"]],
        [{"a": "b"}],
        [{"b": "a"}],
        [{"a": "b"}, None],
        [[], "a", "b"],
        [{}, "a", "b"],
    ]
    keys = [key_of(values) for values in given]
    assert None not in keys
    assert len(set(keys)) == len(given)
    assert keys == [key_of(values) for values in given]


def test_what_is_long_or_deep_has_no_key() -> None:
    for values in (["a" * 301], [["a"] * 33], [["a" * 151, "a" * 150]], [[["a"]]], [{"a": {"b": "c"}}]):
        assert key_of(values) is None
