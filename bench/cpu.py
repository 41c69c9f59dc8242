"""The CPU that other processes use. Linux alone tells it."""

import os
from pathlib import Path
from time import clock_gettime

_TICKS = os.sysconf("SC_CLK_TCK")
_OF_ENDED = slice(13, 15)
"""In proc_pid_stat(5), after the name: in the program and in the kernel."""


def cpu_seconds(process: int) -> float:
    """What a process and its children have used so far. What those used that have ended, and that it has
    waited for, is known to a hundredth of a second.
    """
    children = [
        int(child)
        for file in Path(f"/proc/{process}/task").glob("*/children")
        for child in file.read_text().split()
    ]
    # The kernel's clock of the process, by the number that clock_getcpuclockid(3) makes.
    return clock_gettime(~process << 3 | 2) + _of_ended(process) + sum(map(cpu_seconds, children))


def _of_ended(process: int) -> float:
    _, _, fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")
    return sum(map(int, fields.split()[_OF_ENDED])) / _TICKS
