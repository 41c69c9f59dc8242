"""Which figures of a report can be added up over days and pages."""

import re
from typing import Final

from exports.values import InvalidValue

_PEOPLE: Final = re.compile(
    r"\b(?:users?|visitors?|viewers?|people|reach|unique)\b"
    r"|ユーザー|リーチ|nutzer|besucher|reichweite|utilisateurs?|visiteurs?|couverture|usuari[oa]s?|alcance|utenti"
    r"|copertura|usuários?|gebruikers|bereik|пользовател|охват|사용자|도달|用户|使用者|触达",
    re.IGNORECASE,
)
_RATIO: Final = re.compile(
    r"%|\b(?:per|rate|ratio|average|avg|percentage|time|hours|seconds|duration|revenue|value)\b",
    re.IGNORECASE,
)
_WHOLE: Final = re.compile(r"0|[1-9]\d*|[1-9]\d{0,2}(?:,\d{3})+", re.ASCII)


def why_not_summed(figure: str) -> str:
    """By the name that a program gives it. Empty if it may be a count of events."""
    if _RATIO.search(figure):
        return "it is no count"
    return "whoever comes on two days is counted twice in a sum" if _PEOPLE.search(figure) else ""


def is_whole(text: str) -> bool:
    """Commas may stand between thousands."""
    return bool(_WHOLE.fullmatch(text))


def whole(figure: str, text: str) -> int:
    """Raises InvalidValue if it is no whole number of 0 or more."""
    if not is_whole(text):
        raise InvalidValue(f"{figure} is {text[:40]!r}, which is no whole number of 0 or more")
    return int(text.replace(",", ""))
