"""Usernames as people read them: names that look alike are one name."""

import unicodedata
from functools import lru_cache
from hashlib import sha256

from base.errors import BadUserInput

LONGEST_USERNAME = 40
_LONGEST_SKELETON = 160
_NOT_SEEN = {"Cc", "Cf", "Cn", "Co", "Cs"}
"""Categories of characters that have no shape."""
_PASSES = 3
"""How often shapes are taken for their like. After two, no name was found to change any more."""


def stored_username(name: str) -> str:
    """The name as it is stored: in lower case, and with letters of usual width (RFC 8265,
    UsernameCaseMapped). Raises BAD_USER_INPUT.
    """
    # It takes a while to load, and most requests need none of it.
    from precis_i18n import get_profile

    text = name.strip()
    if not text or "\x00" in text:
        raise BadUserInput("`username` must not be empty.", argument="username", reason="EMPTY")
    if len(text) > LONGEST_USERNAME:
        raise BadUserInput(
            f"`username` may have {LONGEST_USERNAME} characters.", argument="username", reason="TOO_LONG"
        )
    try:
        stored: str = get_profile("UsernameCaseMapped").enforce(text)
    except UnicodeEncodeError:
        raise BadUserInput(
            "`username` has letters, digits and signs of ASCII, such as `.`, `_` and `-`, but no spaces, "
            "symbols or invisible characters, and does not mix directions of writing.",
            argument="username",
            reason="INVALID_USERNAME",
        ) from None
    return stored


def username_skeleton(name: str) -> str:
    """What is the same for all names that look alike, by UTS #39 of Unicode. Every text has one. It is for
    comparing alone.
    """
    text = _folded(name)
    for _ in range(_PASSES):
        text = _folded(
            "".join([_prototypes().get(sign, sign) for sign in unicodedata.normalize("NFD", text)])
        )
    return text if len(text) <= _LONGEST_SKELETON else sha256(text.encode()).hexdigest()


def _folded(text: str) -> str:
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return "".join([sign for sign in folded if unicodedata.category(sign) not in _NOT_SEEN])


@lru_cache(maxsize=1)
def _prototypes() -> dict[str, str]:
    """For each character that looks like another one, what stands for all of its like.

    The library has pairs, in both directions. Whatever has several is what stands for them.
    """
    from confusable_homoglyphs.confusables import confusables_data

    alike: dict[str, set[str]] = {}
    for sign, others in confusables_data.items():
        alike.setdefault(_bare(sign), set()).update(_bare(other["c"]) for other in others)
    return {
        sign: _standing_for(sign, next(iter(others)), alike)
        for sign, others in alike.items()
        if len(sign) == 1 and len(others) == 1
    }


def _standing_for(sign: str, other: str, alike: dict[str, set[str]]) -> str:
    if len(alike[other]) > 1:
        return other
    # A name is read sign by sign, so of one sign and two, the two stand for both.
    return min(sign, other, key=lambda text: (-len(text), text))


def _bare(text: str) -> str:
    """Without the marks of direction that surround signs of some scripts in the library."""
    return text.strip("\u200e\u200f")
