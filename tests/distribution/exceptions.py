"""Statements that may break the rules of tests/distribution/rules.py, by the name of what sends them."""

import re
from typing import Final

EXCEPTIONS: Final = {}


def is_excepted(text: str) -> bool:
    return any(re.match(pattern, text) for pattern in EXCEPTIONS.values())
