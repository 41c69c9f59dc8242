"""What was sent to a server and what it acknowledged: between the two lies whatever it may tell."""

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from uuid import UUID


class Ledger:
    """Views of each subject, and likes of each publication."""

    def __init__(self) -> None:
        self.sent: Counter[str] = Counter()
        self.acknowledged: Counter[str] = Counter()
        self.ids: set[UUID] = set()
        """Of events that were acknowledged."""
        self.wrong: list[str] = []
        self._likes: dict[tuple[str, int], tuple[int, int]] = {}
        self._watched: list[dict[tuple[str, int], tuple[int, int]]] = []

    def send(self, subject: str, count: int) -> None:
        """Before the first try. A try more sends nothing new: the ids are the same."""
        self.sent[subject] += count

    def acknowledge(self, subject: str, ids: Iterable[UUID]) -> None:
        ids = set(ids)
        self.acknowledged[subject] += len(ids)
        self.ids |= ids

    def like(self, publication: str, person: int, *, least: int, most: int) -> None:
        """0 or 1; both where nobody knows yet."""
        key = (publication, person)
        self._likes[key] = (least, most)
        for seen in self._watched:
            before = seen.get(key, (0, 0))
            seen[key] = (min(before[0], least), max(before[1], most))

    @contextmanager
    def asking(self) -> Iterator["Bounds"]:
        """Opened before the question, and used once the answer is there."""
        likes = dict(self._likes)
        self._watched.append(likes)
        try:
            yield Bounds(self, Counter(self.acknowledged), likes)
        finally:
            # Not by what is in it: others are alike.
            self._watched = [seen for seen in self._watched if seen is not likes]


class Bounds:
    def __init__(
        self, ledger: Ledger, least: Counter[str], likes: dict[tuple[str, int], tuple[int, int]]
    ) -> None:
        self._ledger = ledger
        self._least = least
        self._likes = likes

    def views(self, what: str, told: int, subjects: Iterable[str]) -> None:
        subjects = list(subjects)
        least = sum(self._least[subject] for subject in subjects)
        self._hold(what, told, least, sum(self._ledger.sent[subject] for subject in subjects))

    def likes(self, what: str, told: int, publication: str) -> None:
        of = [bounds for (liked, _), bounds in self._likes.items() if liked == publication]
        self._hold(what, told, sum(least for least, _ in of), sum(most for _, most in of))

    def _hold(self, what: str, told: int, least: int, most: int) -> None:
        if not least <= told <= most:
            self._ledger.wrong.append(f"{what}: told {told}, which is not in {least} to {most}")
