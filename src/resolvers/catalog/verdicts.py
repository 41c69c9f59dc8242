"""What becomes of a row."""

from enum import StrEnum


class Verdict(StrEnum):
    MADE = "made"
    CHANGED = "changed"
    UNCHANGED = "unchanged"


class Refused(Exception):
    """The row is rejected, and nothing of it is stored."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail
