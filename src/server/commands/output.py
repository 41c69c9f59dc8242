"""What a command does when nobody reads its output any more."""

import os
import sys
from signal import SIGPIPE

UNREAD = 128 + SIGPIPE
"""The exit code that shells show for a program whose output nobody reads."""


def drop_output() -> None:
    """From now on, nothing is written. Otherwise Python would fail to write the rest when it ends."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        os.dup2(nowhere, stream.fileno())
