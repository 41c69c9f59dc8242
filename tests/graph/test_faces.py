"""Which type shows a row is known from the row alone."""

from typing import NamedTuple, Self

import pytest

from graph.faces import face_of, shows
from graph.types.publication import Publication
from loaders.people import UserRow
from tests.studio import Studio


class Row(NamedTuple):
    name: str


@shows(Row)
class Shown(str):
    @classmethod
    def of(cls, row: Row) -> Self:
        return cls(row.name)


def test_a_row_is_shown_by_the_type_that_says_so() -> None:
    shown = face_of(Row("one"))

    assert (shown, type(shown)) == ("one", Shown)


def test_rows_are_shown_one_by_one() -> None:
    assert face_of((Row("one"), Row("two"))) == ["one", "two"]
    assert face_of([]) == []


def test_what_is_no_row_is_shown_as_it_is() -> None:
    assert [face_of(7), face_of("text"), face_of({"a": 1})] == [7, "text", {"a": 1}]


def test_a_row_has_one_face() -> None:
    with pytest.raises(AssertionError, match=r"^UserRow has a face$"):
        shows(UserRow)(Publication)


async def test_a_field_needs_no_more_than_its_loader(studio: Studio) -> None:
    answer = await studio.ask(
        '{ publication(url: "ai-research-studio") { owner { __typename } coCreators { __typename } } }'
    )

    assert answer.data == {
        "publication": {"owner": {"__typename": "User"}, "coCreators": [{"__typename": "User"}]}
    }
