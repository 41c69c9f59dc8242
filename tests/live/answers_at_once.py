"""Which requests a door answers without a task."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from server.doors.collect_at_once import CollectAtOnce
from server.graphql.record_at_once import RecordAtOnce
from server.http.at_once import AnsweringAtOnce


@contextmanager
def noted(
    monkeypatch: pytest.MonkeyPatch, door: type[CollectAtOnce] | type[RecordAtOnce]
) -> Iterator[list[bool]]:
    """Of each request, whether it was answered at once."""
    answers: list[bool] = []
    places: dict[RequestResponseCycle, int] = {}
    usual: Callable[[Any, RequestResponseCycle], bool] = door.answer_at_once
    begin_late: Callable[[Any, RequestResponseCycle], None] = AnsweringAtOnce.begin_late

    def answer_at_once(self: Any, cycle: RequestResponseCycle) -> bool:
        places[cycle] = len(answers)
        # It may be declined before this returns, or later.
        answers.append(True)
        is_taken = usual(self, cycle)
        if not is_taken:
            answers[places[cycle]] = False
        return is_taken

    def decline(self: Any, cycle: RequestResponseCycle) -> None:
        answers[places[cycle]] = False
        begin_late(self, cycle)

    with monkeypatch.context() as patch:
        patch.setattr(door, "answer_at_once", answer_at_once)
        patch.setattr(AnsweringAtOnce, "begin_late", decline)
        yield answers
