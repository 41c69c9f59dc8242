"""Which passwords may be chosen: not too short, not too long, and not one that is guessed soon."""

import re
from collections.abc import Sequence

from auth.passwords import in_thread
from base.errors import BadUserInput

SHORTEST_PASSWORD = 8
LONGEST_PASSWORD = 256
"""In characters."""
_JUDGED = 72
"""How many characters are judged. More of them take seconds, and change nothing."""
_LEAST_GUESSES = 1_000_000


async def require_good_password(password: str, about: Sequence[str | None], *, argument: str) -> None:
    """`about`: what others know of the account, such as its email. Raises BAD_USER_INPUT."""
    if len(password) < SHORTEST_PASSWORD:
        raise BadUserInput(
            f"A password has {SHORTEST_PASSWORD} characters or more.", argument=argument, reason="TOO_SHORT"
        )
    if len(password) > LONGEST_PASSWORD:
        raise BadUserInput(
            f"A password has {LONGEST_PASSWORD} characters at most.", argument=argument, reason="TOO_LONG"
        )
    if await in_thread(_guesses, password, *_words(about)) < _LEAST_GUESSES:
        raise BadUserInput(
            "This password is guessed soon: it is a common one, or too like the name or the email. "
            "Choose another one, such as several words that do not belong together.",
            argument=argument,
            reason="COMMON_PASSWORD",
        )


def _words(about: Sequence[str | None]) -> list[str]:
    """What is known of the account, and the words in it."""
    known = [text for text in about if text]
    return [*known, *(word for text in known for word in re.split(r"[\W_]+", text) if word)]


def _guesses(password: str, *about: str) -> float:
    """How many guesses it takes, by the lists of common passwords, names and words of zxcvbn."""
    # It loads long lists.
    from zxcvbn import zxcvbn

    return float(zxcvbn(password[:_JUDGED], user_inputs=about)["guesses"])
