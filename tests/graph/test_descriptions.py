"""The schema is its own manual: every part of it says what its name cannot."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from graphql import (
    DirectiveDefinitionNode,
    Node,
    NonNullTypeNode,
    ObjectTypeDefinitionNode,
    TypeDefinitionNode,
    build_schema,
    introspection_from_schema,
    parse,
)

from base.errors import ExpectedError
from graph.schema import schema
from server.http.errors import Code
from tests.test_docs import reasons, reasons_of_dropping

SDL = schema.as_str()


def described(node: Any, coordinate: str) -> Iterator[tuple[str, Any]]:
    """A part of the schema and the parts of that."""
    yield coordinate, node
    for member in [*(getattr(node, "fields", None) or ()), *(getattr(node, "values", None) or ())]:
        yield from described(member, f"{coordinate}.{member.name.value}")
    for argument in getattr(node, "arguments", None) or ():
        yield f"{coordinate}({argument.name.value}:)", argument


PARTS: dict[str, Any] = {
    coordinate: node
    for definition in parse(SDL).definitions
    if isinstance(definition, TypeDefinitionNode | DirectiveDefinitionNode)
    for coordinate, node in described(
        definition, ("@" if isinstance(definition, DirectiveDefinitionNode) else "") + definition.name.value
    )
}
WORDS = {coordinate: node.description.value if node.description else "" for coordinate, node in PARTS.items()}


def test_every_part_of_the_schema_has_a_description() -> None:
    assert [coordinate for coordinate, words in WORDS.items() if not words] == []
    assert {"Asset", "Asset.metrics", "Asset.metrics(range:)", "Role.OWNER", "@auth(requires:)"} <= set(WORDS)


def test_introspection_tells_the_same_words() -> None:
    asked = introspection_from_schema(schema._schema)["__schema"]
    printed = introspection_from_schema(build_schema(SDL))["__schema"]

    assert told(asked["types"]) == told(printed["types"])
    assert told(asked["directives"]) == told(printed["directives"])


def told(items: Iterable[Any]) -> list[tuple[str, str | None, list[Any]]]:
    """Names and descriptions of GraphQL's introspection, all the way down."""
    parts = ("fields", "args", "inputFields", "enumValues")
    return sorted(
        (item["name"], item["description"], [told(item.get(part) or []) for part in parts])
        for item in items
        if not item["name"].startswith("__")
    )


def test_a_description_is_made_of_sentences_in_one_line() -> None:
    for coordinate, words in WORDS.items():
        assert re.fullmatch(r"[A-Z0-9`].*\.", words), (coordinate, words)
        assert "  " not in words, (coordinate, words)


EMPTY = {
    *("a", "an", "the", "of", "it", "its", "is", "was", "are", "that", "this", "which", "what", "who"),
    *("to", "in", "on", "for", "by", "and", "or", "as", "how", "many", "one"),
}


def stems(text: str) -> set[str]:
    """Words alike but for their ends, such as asset and assets."""
    apart = re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", text.replace("_", " "))
    return {re.sub(r"(s|ed|ing)$", "", word) for word in re.findall(r"[a-z]+", apart.lower())} - EMPTY


def test_a_description_does_not_just_repeat_the_name() -> None:
    repeating = [
        coordinate for coordinate, words in WORDS.items() if stems(words) <= stems(coordinate.split(".")[-1])
    ]

    assert repeating == []


def test_a_field_that_may_be_null_says_when() -> None:
    nullable = [
        f"{type_.name.value}.{field.name.value}"
        for type_ in PARTS.values()
        if isinstance(type_, ObjectTypeDefinitionNode)
        for field in type_.fields or ()
        # Of all mutations, their type says it once.
        if not isinstance(field.type, NonNullTypeNode) and type_.name.value != "Mutation"
    ]

    assert "null" in WORDS["Mutation"]
    assert "Appointment.cancelledAt" in nullable
    assert [field for field in nullable if "null" not in WORDS[field].lower()] == []


ABBREVIATIONS = {
    *("AR", "CRLF", "CSV", "FBX", "HTML", "IANA", "ISO", "JSON", "JWT", "RFC", "STEP", "US", "USD", "USDZ"),
    *("UTC", "UTF", "UUID", "URL", "X", "YYYY", "YYYYMM", "YYYYMMDD", "YYYYMMDDHH", "A", "T", "Z", "D"),
}


def test_codes_reasons_and_values_that_are_named_exist() -> None:
    codes = {error.code for error in ExpectedError.__subclasses__()} | set(Code)
    values = {value.name.value for node in PARTS.values() for value in getattr(node, "values", None) or ()}
    known = codes | set(reasons()) | set(reasons_of_dropping()) | values | ABBREVIATIONS

    for coordinate, words in WORDS.items():
        assert set(re.findall(r"\b[A-Z][A-Z0-9_]*\b(?![a-z])", words)) <= known, (coordinate, words)


def test_fields_and_types_that_are_named_exist() -> None:
    names = {node.name.value: coordinate for coordinate, node in PARTS.items()} | dict.fromkeys(
        ["null", "data", "retryAfter"]
    )
    for coordinate, words in WORDS.items():
        for quoted in re.findall(r"`([A-Za-z0-9.]+)`", words):
            if not quoted.endswith(".com"):
                assert set(quoted.split(".")) <= names.keys(), (coordinate, quoted)


@pytest.mark.parametrize(
    ("coordinate", "who"),
    [
        ("Publication.metrics", "the owner of the publication and its co-creators"),
        ("UserInsight.profileViews", "the user it belongs to"),
        ("Asset.metrics", "owners and admins of the organization and members of the workspace"),
    ],
)
def test_a_protected_field_says_who_sees_it(coordinate: str, who: str) -> None:
    sentence = f" Only for {who}; for others null, with the error UNAUTHENTICATED or FORBIDDEN."

    assert WORDS[coordinate].endswith(sentence)


def test_every_protected_field_says_so_and_may_be_null() -> None:
    protected = {coordinate: node for coordinate, node in PARTS.items() if is_protected(node)}

    assert len(protected) >= 9
    for coordinate, node in protected.items():
        assert " Only for " in WORDS[coordinate]
        assert not isinstance(node.type, NonNullTypeNode)
    assert [coordinate for coordinate, words in WORDS.items() if " Only for " in words] == list(protected)


def is_protected(node: Node) -> bool:
    directives = getattr(node, "directives", None) or ()
    return any(directive.name.value == "auth" for directive in directives)
