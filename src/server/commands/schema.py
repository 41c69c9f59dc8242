"""`viewgraph schema`: the GraphQL schema, and what changed in it."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from server.failures import Failure


def schema(
    compare: Annotated[
        Path | None,
        typer.Option(
            help="Print what changed since the schema of this file, or of the newest release in this folder; "
            "exit with 1 if that breaks clients."
        ),
    ] = None,
) -> None:
    """Print the GraphQL schema."""
    # All commands are loaded together, and the others need no schema: it takes twenty megabytes.
    from graph.schema import schema as graphql_schema
    from graph.schema_changes import Criticality
    from server.schema_releases import changes_since, release_at

    if compare is None:
        typer.echo(graphql_schema.as_str())
        return
    release = release_at(compare)
    if release is None:
        typer.echo(f"No release in {compare} to compare with.")
        return
    found = changes_since(release, graphql_schema.as_str(), datetime.now(UTC).date())
    for change in found:
        typer.echo(f"{change.criticality:<9}  {change.description}")
    if broken := sum(change.criticality is Criticality.BREAKING for change in found):
        raise Failure(f"Breaking changes since {release.name}: {broken}. See docs/reference/schema.md.")
    typer.echo(f"Nothing breaks clients of {release.name}.")
