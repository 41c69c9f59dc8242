"""Inputs that are a choice take exactly one of their fields."""

from typing import Any

import pytest
from graphql import GraphQLInputObjectType, build_schema

from graph.schema import schema
from tests.studio import Studio

one_engine = pytest.mark.parametrize("engine", ["sqlite"])
"""For what the database has no part in."""

CHOICES = ["EventSubject", "LoginInput", "UserBy"]
LOGIN = "login(input: %s) { accessToken }"
USER = "user(by: %s) { id }"
RECORD = "recordEvents(events: [{subject: %s, action: VIEW}]) { stored }"


def test_the_schema_names_every_choice() -> None:
    inputs = [
        one
        for one in build_schema(schema.as_str()).type_map.values()
        if isinstance(one, GraphQLInputObjectType)
    ]

    assert sorted(one.name for one in inputs if one.is_one_of) == CHOICES
    assert "directive @oneOf on INPUT_OBJECT\n" in schema.as_str()


@one_engine
async def test_introspection_names_every_choice(studio: Studio) -> None:
    answer = await studio.ask("{ __schema { types { name kind isOneOf } } }")

    types = answer.data["__schema"]["types"]
    assert sorted(one["name"] for one in types if one["isOneOf"]) == CHOICES
    assert {one["isOneOf"] for one in types if one["kind"] == "INPUT_OBJECT"} == {True, False}


@one_engine
@pytest.mark.parametrize(
    ("operation", "field", "given"),
    [
        ("query", USER, '{id: "usr_x", username: "ada"}'),
        ("mutation", LOGIN, '{password: {email: "a@b.c", password: "x"}, authenticationKey: "vgk_x"}'),
        ("mutation", RECORD, '{publicationId: "pub_x", assetId: "ast_x"}'),
        *(("query", USER, given) for given in ("{}", "{id: null}", '{id: null, username: "ada"}')),
        *(("mutation", LOGIN, given) for given in ("{}", "{authenticationKey: null}")),
        *(("mutation", RECORD, given) for given in ("{}", "{work: null}")),
    ],
)
async def test_a_literal_of_several_or_none_does_not_validate(
    studio: Studio, operation: str, field: str, given: str
) -> None:
    answer = await studio.ask(f"{operation} {{ {field % given} }}", "owner")

    assert answer.errors == [("GRAPHQL_VALIDATION_FAILED", "")]
    assert "data" not in answer.body


@one_engine
@pytest.mark.parametrize(
    ("operation", "field", "type_", "several"),
    [
        ("query", USER, "UserBy", {"id": "usr_x", "username": "ada"}),
        ("mutation", LOGIN, "LoginInput", {"password": None, "authenticationKey": "vgk_x"}),
        ("mutation", RECORD, "EventSubject", {"publicationId": "pub_x", "assetId": "ast_x"}),
    ],
)
async def test_a_variable_of_several_or_none_is_bad_input(
    studio: Studio, operation: str, field: str, type_: str, several: dict[str, Any]
) -> None:
    for given in (several, {}, dict.fromkeys(list(several)[:1])):
        answer = await studio.ask(
            f"{operation}($given: {type_}!) {{ {field % '$given'} }}", "owner", given=given
        )

        assert answer.extensions == {"code": "BAD_USER_INPUT", "reason": "INVALID_VALUE"}
        assert "data" not in answer.body
    assert await studio.count("events") == 0


@one_engine
@pytest.mark.parametrize("field", ["stored", "stored again: stored @include(if: true)"])
@pytest.mark.parametrize(
    "subject", [{}, {"publicationId": None}, {"publicationId": "pub_x", "assetId": "ast_x"}]
)
async def test_an_event_of_several_subjects_or_none_is_bad_input_with_its_place(
    studio: Studio, subject: dict[str, Any], field: str
) -> None:
    events = [
        {"subject": {"publicationId": studio.publication}, "action": "VIEW"},
        {"subject": subject, "action": "VIEW"},
    ]
    # The first is answered without an executor, the second by it.
    query = f"mutation($events: [EventInput!]!) {{ recordEvents(events: $events) {{ {field} }} }}"
    answer = await studio.ask(query, "owner", events=events)

    assert answer.extensions == {"code": "BAD_USER_INPUT", "argument": "events", "reason": "INVALID_EVENTS"}
    assert answer.body["errors"][0]["message"] == (
        "Variable `$events` is no list of events: Object has not exactly one field - at `$[1].subject`."
    )
    assert "data" not in answer.body
    assert await studio.count("events") == 0
