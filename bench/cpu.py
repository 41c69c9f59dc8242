"""The CPU that other processes use. Linux alone tells it."""

from pathlib import Path
from time import clock_gettime


def cpu_seconds(process: int) -> float:
    """What a process and its children have used so far; not what children used that have ended."""
    children = [
        int(child)
        for file in Path(f"/proc/{process}/task").glob("*/children")
        for child in file.read_text().split()
    ]
    # The kernel's clock of the process, by the number that clock_getcpuclockid(3) makes.
    return clock_gettime(~process << 3 | 2) + sum(map(cpu_seconds, children))
