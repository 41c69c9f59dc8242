"""How often a test does what takes long: the examples that Hypothesis draws, or the kills of a server."""

import os

TIMES = int(os.environ.get("VIEWGRAPH_TEST_TIMES", "1"))
"""More for a long run, such as before a release."""


def scaled(examples: int) -> int:
    return TIMES * examples
