"""Which requests a door answers without a task."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from server.doors.collect_at_once import CollectAtOnce
from server.graphql.record_at_once import RecordAtOnce


@contextmanager
def noted(
    monkeypatch: pytest.MonkeyPatch, door: type[CollectAtOnce] | type[RecordAtOnce]
) -> Iterator[list[bool]]:
    """Of each request, whether it was answered at once."""
    answers: list[bool] = []
    usual: Callable[[Any, RequestResponseCycle], bool] = door.answer_at_once

    def answer_at_once(self: Any, cycle: RequestResponseCycle) -> bool:
        answers.append(usual(self, cycle))
        return answers[-1]

    with monkeypatch.context() as patch:
        patch.setattr(door, "answer_at_once", answer_at_once)
        yield answers
