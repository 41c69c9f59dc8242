"""Checks of the machine: cores, open files, and rules of time zones."""

import os
from collections.abc import Iterator

from base.zones import RULES_VERSION
from server.checkup.finding import Finding, counted, ok, problem, warning
from server.serving import fitting_connections
from server.settings import Settings, variable


def check_machine(settings: Settings) -> Iterator[Finding]:
    yield from _cores(settings.workers)
    fitting = fitting_connections(settings.max_connections)
    if fitting < settings.max_connections:
        yield problem(
            "open files",
            f"A worker may have {fitting:,} connections of {settings.max_connections:,}: it may open no more "
            "files.",
            "Raise the limit (`ulimit -n`, or LimitNOFILE of systemd), or lower "
            f"{variable('max_connections')}.",
        )
    else:
        yield ok("open files", f"There are enough for {fitting:,} connections.")
    yield ok("time zones", f"The rules are those of tzdata {RULES_VERSION}.")


def _cores(workers: int) -> Iterator[Finding]:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    said = f"{counted(workers, 'worker')} on {counted(cores, 'core')}"
    if workers > cores:
        yield warning(
            "workers", f"{said}: they wait for each other.", f"Set {variable('workers')} to {cores}."
        )
    else:
        yield ok("workers", f"{said}.")
