"""Answers to queries that are kept, so that the next request for the same is answered without executing it.

An answer is kept for the one viewer and the one form that it was made for, until the minute ends, and while
nothing is committed that it may depend on. An answer to nobody in particular that caches may keep, too, is
kept for as long as they may, and while only events are counted.
"""

from asyncio import Future
from collections.abc import Hashable
from dataclasses import dataclass
from typing import NamedTuple

from cachetools import LRUCache

from auth.viewer import Viewer
from ingest.freshness import Freshness, Marks
from server.graphql.kept_requests import KeptRequest
from server.http.access_log import RepeatedLine
from server.http.caching import is_known_to
from server.http.whole_answers import Header, joined

_MINUTE = 60.0
_OVERHEAD_BYTES = 4_000
"""What an answer takes beside its text and that of its key: its headers, its line and the tables."""
_OF_CONTENT = frozenset({b"content-type", b"content-length", b"content-encoding"})


class Form(NamedTuple):
    """How an answer is sent."""

    status: int
    headers: list[Header]
    """All but those of each request."""
    head: bytes
    """The same, joined."""
    body: bytes


def form_of(status: int, headers: list[Header], body: bytes = b"") -> Form:
    return Form(status, headers, joined(headers), body)


@dataclass(slots=True)
class KeptAnswer:
    whole: Form | None
    """With the body; None if it was not made."""
    only_head: Form | None
    """For HEAD."""
    unmodified: Form
    """For whoever has the answer already."""
    tag: str | None
    """The ETag."""
    mark: int
    """What `Marks` said before it was made."""
    is_shared: bool
    """Whether it is kept although events are counted."""
    until: float
    """Seconds since 1970."""
    viewer: Viewer
    cost: int
    line: RepeatedLine
    has_timing: bool
    """Whether the times are shown to who asks."""
    key_bytes: int
    """How much text its key has."""

    def is_true(self, marks: Marks, now: float) -> bool:
        return now < self.until and self.mark == (marks.changes if self.is_shared else marks.all)

    def form_for(self, request: KeptRequest) -> Form | None:
        """None if what is kept is not enough."""
        if request.known and self.tag is not None and is_known_to(request.known, self.tag):
            return self.unmodified
        return self.only_head if request.method == "HEAD" else self.whole


def unmodified(head: list[Header]) -> list[Header]:
    """The headers of the status 304."""
    return [header for header in head if header[0] not in _OF_CONTENT]


def end_of(lifetime_seconds: int, now: float) -> float:
    """Until when an answer is kept. Without a lifetime this is the end of the minute: until then no bucket
    ends and no range moves by more.
    """
    return now + lifetime_seconds if lifetime_seconds else now - now % _MINUTE + _MINUTE


class KeptAnswers:
    """It outlives requests. When there is no room, those that were not asked for longest go first."""

    def __init__(self, freshness: Freshness, *, most_bytes: int) -> None:
        self.freshness = freshness
        self.most_bytes = most_bytes
        self._answers: LRUCache[Hashable, KeptAnswer] = LRUCache(most_bytes, _size)
        self.making: dict[Hashable, Future[None]] = {}
        """What is being made. It ends with or without an answer to keep."""

    def find(self, key: Hashable, now: float) -> KeptAnswer | None:
        try:
            # To ask first whether it is there would take as long again.
            answer = self._answers[key]
        except KeyError:
            return None
        marks = self.freshness.marks()
        if marks is None or not answer.is_true(marks, now):
            return None
        return answer

    def keep(self, key: Hashable, answer: KeptAnswer) -> None:
        if _size(answer) <= self.most_bytes:
            self._answers[key] = answer

    def __len__(self) -> int:
        return len(self._answers)

    @property
    def bytes(self) -> int:
        return int(self._answers.currsize)


def _size(answer: KeptAnswer) -> int:
    return _OVERHEAD_BYTES + answer.key_bytes + len(answer.whole.body if answer.whole else b"")
