"""Documents that are remembered, and how long they may be."""

from asyncio import create_task, gather, sleep

import pytest
from graphql import get_introspection_query

from execution.operation import core_schema
from graph.analysis import validation_errors
from graph.parsing import drop, known_document, parsed_document, parsed_in_thread
from resolvers.context import Limits
from tests.studio import Studio

TOKENS = 5_000
one_engine = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)


async def test_what_several_ask_for_at_once_is_parsed_once() -> None:
    text = f"{{ {' '.join(f'a{number}: __typename' for number in range(400))} }}"

    found = await gather(*(parsed_in_thread(text, 5_000) for _ in range(5)))

    assert all(one is found[0] for one in found)
    assert parsed_document(text, 5_000) is found[0]


async def test_whoever_gives_up_lets_the_others_have_it() -> None:
    text = f"{{ {' '.join(f'b{number}: __typename' for number in range(400))} }}"
    hasty, patient = (create_task(parsed_in_thread(text, 5_000)) for _ in range(2))
    await sleep(0)
    hasty.cancel()

    assert (await patient).text == text


def test_a_long_document_has_a_price_once() -> None:
    document = parsed_document("{ a b }" + " #" * 3, 5_000)
    long = parsed_document(f"{{ {' '.join(f'c{number}' for number in range(300))} }}", 5_000)

    assert (document.first_cost, document.take_first_cost()) == (0, 0)
    assert long.node
    assert long.node.token_count == 302
    assert (long.take_first_cost(), long.take_first_cost()) == (202, 0)


def text_of(tokens: int, name: str = "a") -> str:
    """A document of so many tokens, of which two are its braces."""
    return "{" + f" {name}" * (tokens - 2) + "}"


def test_a_document_is_parsed_once() -> None:
    assert parsed_document(text_of(10), TOKENS) is parsed_document(text_of(10), TOKENS)


@pytest.mark.parametrize(
    ("large", "room"),
    [(text_of(TOKENS), 19), ('{ a(b: "' + 90_000 * "x" + '") }', 110)],
    ids=["tokens", "characters"],
)
def test_as_many_are_remembered_as_there_is_room_for(large: str, room: int) -> None:
    first = parsed_document(large, TOKENS)
    for number in range(room - 1):
        parsed_document(large.replace("a", f"a{number}", 1), TOKENS)
    assert parsed_document(large, TOKENS) is first

    for number in range(room):
        parsed_document(large.replace("a", f"b{number}", 1), TOKENS)
    assert parsed_document(large, TOKENS) is not first


def test_what_does_not_parse_takes_no_room() -> None:
    small = parsed_document("{ small }", TOKENS)
    for number in range(21):
        assert parsed_document(text_of(TOKENS - 1, f"c{number}") + "}", TOKENS).error
    assert parsed_document("{ small }", TOKENS) is small


NEXT = "{}: publications {{ edges {{ node {{ owner {{ ...F{} }} }} }} }}"
LEVELS = 8
FRAGMENTS = " ".join(
    f"fragment F{level} on User {{ {NEXT.format('a', level + 1)} {NEXT.format('b', level + 1)} }}"
    for level in range(LEVELS)
)


@one_engine
async def test_what_is_found_out_about_documents_takes_room_too(studio: Studio) -> None:
    """Of these few hundred tokens is kept what some thousand take."""
    last = f"fragment F{LEVELS} on User {{ id }}"
    first = parsed_document(f"query Q {{ viewer {{ ...F0 }} }} {FRAGMENTS} {last}", TOKENS)
    written = first.weight
    for number in range(20):
        name = "Q" if not number else f"Q{number}"
        await studio.ask(f"query {name} {{ viewer {{ ...F0 }} }} {FRAGMENTS} {last}")
    assert first.weight > 10 * written
    assert parsed_document(first.text, TOKENS) is not first


@one_engine
async def test_what_is_no_good_takes_no_room(studio: Studio) -> None:
    document = parsed_document("{ nope }", TOKENS)
    assert (await studio.ask("{ nope }")).code == "GRAPHQL_VALIDATION_FAILED"
    assert parsed_document("{ nope }", TOKENS) is not document


def test_what_is_found_out_about_a_document_is_asked_once() -> None:
    document = parsed_document("{ known }", TOKENS)

    assert [document.known("answer", lambda: None), document.known("answer", lambda: 42)] == [None, None]


@pytest.mark.parametrize(
    ("text", "name", "found"),
    [
        ("{ a }", None, "{ a }"),
        ("{ a }", "A", None),
        ("query A { a } query B { b }", None, None),
        ("query A { a } query B { b }", "B", "query B { b }"),
        ("query A { a } query B { b }", "C", None),
        ("fragment F on T { a }", None, None),
        ("{ a", None, None),
    ],
)
def test_the_operation_that_is_meant(text: str, name: str | None, found: str | None) -> None:
    operation = parsed_document(text, TOKENS).operation(name).definition

    assert (operation and operation.loc and text[operation.loc.start : operation.loc.end]) == found


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (text_of(TOKENS + 1), "Syntax Error: Document contains more than 5000 tokens. Parsing aborted."),
        (
            "#\n" * (TOKENS + 1) + "{ a }",
            "Syntax Error: Document contains more than 5000 comments. Parsing aborted.",
        ),
        (
            "{ a }".ljust(TOKENS * 20 + 1),
            "Syntax Error: Source contains more than 100000 code points. Parsing aborted.",
        ),
        # As large as a body may be: it is not even looked at.
        (
            text_of(2_400_000),
            "Syntax Error: Source contains more than 100000 code points. Parsing aborted.",
        ),
    ],
    ids=["tokens", "comments", "characters", "megabytes"],
)
@one_engine
async def test_a_document_that_is_too_long_is_refused(studio: Studio, text: str, message: str) -> None:
    with studio.statements() as statements:
        answer = await studio.ask(text)

    assert (answer.code, answer.body["errors"][0]["message"]) == ("GRAPHQL_PARSE_FAILED", message)
    assert statements == []


@one_engine
async def test_one_of_just_this_length_is_read(studio: Studio) -> None:
    name = "__typename"
    answer = await studio.ask(text_of(TOKENS, name))
    # It was read: so many fields of one name are too many to compare.
    assert answer.code == "GRAPHQL_VALIDATION_FAILED"
    assert (await studio.ask(text_of(200, name).ljust(TOKENS * 20))).data == {name: "Query"}


def test_introspection_is_far_from_too_long() -> None:
    node = parsed_document(get_introspection_query(), Limits().document_tokens).node
    assert node
    assert node.token_count < 200


def test_whoever_has_an_invalid_document_does_not_validate_it_again() -> None:
    document = parsed_document("{ nothingOfTheKind }", TOKENS)
    errors = validation_errors(core_schema, document, introspection=True)
    drop(document)

    assert len(errors) == 1
    assert validation_errors(core_schema, document, introspection=True) is errors
    assert known_document(document.text, TOKENS) is None
