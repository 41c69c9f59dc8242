"""Checks the texts that callers send."""

import re

from base.errors import BadUserInput

_CUSTOM_URL = re.compile(r"[a-z0-9](?:[a-z0-9-]{1,98}[a-z0-9])")


def required_text(value: str, argument: str, *, longest: int) -> str:
    """The text without the blanks around it."""
    text = value.strip()
    if not text or "\x00" in text:
        raise BadUserInput(f"`{argument}` must not be empty.", argument=argument, reason="EMPTY")
    if len(text) > longest:
        raise BadUserInput(
            f"`{argument}` may have {longest} characters.", argument=argument, reason="TOO_LONG"
        )
    return text


def email_in(value: str) -> str | None:
    """The email in lower case; None if the text is none."""
    email = required_text(value, "email", longest=254).lower()
    before, _, after = email.partition("@")
    return email if before and after and " " not in email else None


def is_custom_url(value: str) -> bool:
    return _CUSTOM_URL.fullmatch(value) is not None


def custom_url(value: str) -> str:
    if not is_custom_url(value):
        raise BadUserInput(
            "`customUrl` has 3 to 100 characters: a-z, 0-9 and hyphens, but none at its ends.",
            argument="customUrl",
            reason="INVALID_CUSTOM_URL",
        )
    return value


def camel(name: str) -> str:
    """The name of a field, as the schema has it."""
    first, *rest = name.split("_")
    return first + "".join(word.title() for word in rest)
