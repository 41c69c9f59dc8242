"""An operation that read once is expected to do so again. If it reads more, it begins anew."""

from uuid import uuid4

import pytest

from execution.expected_reads import ExpectedReads
from tests.studio import Studio

QUERY = """query($more: Boolean!) {
  publication(url: "ai-research-studio") { name }
  user(by: {username: "stranger"}) @include(if: $more) { name }
}"""
LITTLE = {"publication": {"name": "Ai Research Studio"}}
MORE = {**LITTLE, "user": {"name": "Stranger"}}


@pytest.mark.parametrize("times", [1, 2, 5])
async def test_the_answer_is_the_same_whatever_was_expected(studio: Studio, times: int) -> None:
    query = f"{QUERY} # {uuid4()}"
    for _ in range(2):
        for _ in range(times):
            with studio.statements() as seen:
                assert (await studio.ask(query, more=False)).data == LITTLE
            assert len(seen) == 1
        assert (await studio.ask(query, more=True)).data == MORE
    with studio.statements() as seen:
        assert (await studio.ask(query, more=True)).data == MORE
    assert len(seen) == 2


def test_what_was_wrong_is_expected_later() -> None:
    reads, expected = ExpectedReads(), []
    for _ in range(3):
        while not reads.is_one:
            reads.note(1)
            expected.append(reads.is_one)
        reads.note(2)
        assert not reads.is_one
    assert [number for number, is_one in enumerate(expected, 1) if is_one] == [2, 6, 14]
