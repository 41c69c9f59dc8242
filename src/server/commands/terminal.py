"""What commands share: how they are told where the data is, and how they show how far they are."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.progress import Progress, ProgressColumn

DatabaseUrl = Annotated[
    str | None,
    typer.Option("--database-url", help="Where the data is; VIEWGRAPH_DATABASE_URL when absent."),
]


def bars(*columns: "ProgressColumn", stay: bool = False) -> "Progress":
    """On standard error, on a terminal alone. What a file or a user is called is no markup."""
    # A server shows none: it starts sooner without loading them.
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
