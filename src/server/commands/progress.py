"""The progress of commands, shown as bars."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from rich.progress import Progress, ProgressColumn


def bars(*columns: "ProgressColumn", stay: bool = False) -> "Progress":
    """Bars on standard error, and only on a terminal. Markup in the name of a file or a user has no
    effect.
    """
    # A server shows no bars, and starts sooner without loading this library.
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        *columns,
        console=Console(stderr=True),
        transient=not stay,
        redirect_stdout=sys.stdout.isatty(),
        disable=not sys.stderr.isatty(),
    )


@contextmanager
def progress_by_tenant(words: str, tenants: int) -> Iterator[Callable[[], None]]:
    """Yields a function to call after each tenant."""
    from rich.progress import MofNCompleteColumn

    with bars(MofNCompleteColumn()) as progress:
        bar = progress.add_task(words, total=tenants)
        yield lambda: progress.advance(bar)


def say_what_was_pruned(name: str, pruned_before: date | None) -> None:
    if pruned_before:
        typer.echo(f"{name}: days before {pruned_before} were pruned, and are skipped.", err=True)
