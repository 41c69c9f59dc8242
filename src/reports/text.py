"""Makes names safe for files: the person who wrote a name may not be the person who opens the file."""

import re
from functools import cache
from unicodedata import east_asian_width

_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_NO_CHARACTERS = re.compile("[\ud800-\udfff\ufffe\uffff]")
FORMULA_START = "[=+\\-@＝＋－＠]"  # noqa: RUF001
"""A regular expression. Some programs read full-width characters in the same way."""
_INVISIBLE = re.compile("[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff]")
_NOT_IN_FILENAMES = re.compile(r'[\\/:*?"<>|%]')


def clean(text: str) -> str:
    """One line: a blank for each control character, U+FFFD for what XML cannot hold."""
    return _NO_CHARACTERS.sub("\ufffd", _CONTROLS.sub(" ", text))


def defused(text: str, other_separators: str) -> str:
    """Puts an apostrophe before what a spreadsheet would run as a formula. `other_separators`: those that the
    file does not have. A program that expects one of them does not see where the quotes belong, and may
    begin a cell in the middle of the text.
    """
    return _starts_of_formulas(other_separators).sub("'", text)


@cache
def _starts_of_formulas(separators: str) -> re.Pattern[str]:
    return re.compile(rf'(?:^|(?<=[{re.escape(separators)}]))(?=[\s"]*{FORMULA_START})')


def shortened(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1].rstrip()}…"


def width(text: str) -> int:
    """The width in columns of a fixed-width font: East Asian characters and emoji take two."""
    if text.isascii():
        return len(text)
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in text)


def in_filename(text: str, longest: int) -> str:
    """The text without what a file system or a reader cannot use, such as slashes and marks of direction."""
    plain = _INVISIBLE.sub("", _NOT_IN_FILENAMES.sub(" ", clean(text)).replace("\ufffd", " "))
    return " ".join(plain.split())[:longest].strip(" .")
