"""How many examples Hypothesis draws for a test of which each takes long."""

import os

TIMES = int(os.environ.get("VIEWGRAPH_TEST_TIMES", "1"))
"""More for a long run, such as before a release."""


def scaled(examples: int) -> int:
    return TIMES * examples
