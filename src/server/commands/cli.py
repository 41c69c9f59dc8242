"""The command line."""

import asyncio
from collections.abc import Coroutine
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any, TypeVar

import typer
from typer.core import TyperGroup

from auth.viewer import Viewer
from base.errors import ExpectedError, NotFound
from database import Database
from graph.changes import Criticality
from graph.schema import schema as graphql_schema
from resolvers import accounts
from resolvers.context import Context
from server.commands.accounts import create_user
from server.commands.demo import DEMO_FILE, LIMITS, announce, fill
from server.commands.explain import explain
from server.commands.importing import import_events
from server.commands.operations import app as operations
from server.commands.refreshing import refresh
from server.commands.releases import changes_since, release_at
from server.commands.terminal import DatabaseUrl
from server.failures import Failure, told_of_database
from server.graphql.documents import documents_of
from server.revisions import current_revision, known_revisions, require_current
from server.secrets import secret_file, secrets_of, with_kept_secret
from server.services import close_services, services_that_sign_nothing
from server.serving import require_free_port, start_logging
from server.serving import serve as run_server
from server.settings import Settings, settings_with

T = TypeVar("T")


class Program(TyperGroup):
    def invoke(self, ctx: Any) -> Any:
        """What somebody can mend is told in one line, with the exit code 1; anything else is a trace."""
        try:
            return super().invoke(ctx)
        except ExpectedError as error:
            typer.echo(error.message, err=True)
        except Failure as failure:
            typer.echo(str(failure), err=True)
        raise typer.Exit(1)


app = typer.Typer(
    cls=Program,
    help="Viewgraph: the analytics of creator platforms, as one GraphQL schema.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
users = typer.Typer(help="Accounts.", no_args_is_help=True)
keys = typer.Typer(help="Authentication keys, by which programs sign in.", no_args_is_help=True)
app.add_typer(users, name="user")
app.add_typer(keys, name="key")
app.command("import")(import_events)
app.command()(explain)
app.command()(refresh)
app.add_typer(operations)

Port = Annotated[int | None, typer.Option(help="The port to listen on; VIEWGRAPH_PORT when absent.")]


def main() -> None:
    app(prog_name="viewgraph")


@app.command()
def serve(
    host: Annotated[
        str | None, typer.Option(help="The address to listen on; VIEWGRAPH_HOST when absent.")
    ] = None,
    port: Port = None,
    workers: Annotated[
        int | None, typer.Option(help="How many processes serve; VIEWGRAPH_WORKERS when absent.")
    ] = None,
    database_url: DatabaseUrl = None,
    demo: Annotated[bool, typer.Option("--demo", help="Show the demo sign-ins.")] = False,
) -> None:
    """Serve the API until told to stop."""
    settings = settings_with(
        host=host, port=port, workers=workers, database_url=database_url, demo=demo or None
    )
    require_free_port(settings.host, settings.port)
    _run(require_current(settings.database_url))
    _serve(settings)


@app.command()
def migrate(
    database_url: DatabaseUrl = None,
    check: Annotated[
        bool, typer.Option("--check", help="Only say whether the migrations make what the models need.")
    ] = False,
    down_to: Annotated[
        str | None, typer.Option(help="Go back to a revision; `base` removes every table and all data.")
    ] = None,
    write: Annotated[
        str | None,
        typer.Option(metavar="WORDS", help="Only write the next migration, from what changed in the models."),
    ] = None,
) -> None:
    """Bring the database's tables up to date."""
    migrations = _migrations()
    if check:
        if differences := _run(migrations.differences_when_new()):
            raise Failure(f"The migrations do not make what the models need. {differences}")
        typer.echo("The migrations make what the models need.")
        return
    if write:
        typer.echo(f"Wrote {_run(migrations.write_next(write))}: read it before you keep it.")
        return
    url = settings_with(database_url=database_url).database_url
    _run(migrations.downgrade(url, down_to) if down_to else migrations.upgrade(url, typer.echo))
    typer.echo("The database is up to date." if not down_to else f"The database is at {down_to}.")


@app.command()
def demo(
    port: Port = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Make the demo's data anew.")] = False,
) -> None:
    """Serve a demo studio with a year of activity, from a file of its own in this folder."""
    url = f"sqlite:///{DEMO_FILE}"
    # Everybody knows the password: this machine alone may come in.
    settings = settings_with(host="127.0.0.1", port=port, database_url=url, demo=True, token_minutes=24 * 60)
    if not settings.cors_origins:
        # Who tries it out does so from a page of their own, served by another program.
        settings = settings.model_copy(update={"cors_origins": "*"})
    # And measures it: all that comes from one address.
    limits = {name: rate for name, rate in LIMITS.items() if name not in settings.model_fields_set}
    settings = settings.model_copy(update=limits)
    require_free_port(settings.host, settings.port)
    settings = with_kept_secret(settings, secret_file(url))
    if fresh or not Path(DEMO_FILE).exists():
        typer.echo("Filling a demo studio with a year of activity: some seconds ...")
        with told_of_database(url):
            _run(fill(settings, Path(DEMO_FILE), datetime.now(UTC)))
    if _run(current_revision(url)) != known_revisions()[-1]:
        _run(_migrations().upgrade(url))
    _serve(settings)


@app.command()
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


@users.command("create")
def create_account(
    email: Annotated[str, typer.Argument(help="To sign in with.")],
    username: Annotated[str, typer.Argument(help="Unique, shown to others.")],
    name: Annotated[str | None, typer.Option(help="As the user wants to be called.")] = None,
    password: Annotated[
        str,
        typer.Option(
            prompt=True,
            hide_input=True,
            confirmation_prompt=True,
            help="8 characters or more; asked for when absent.",
        ),
    ] = "",
    database_url: DatabaseUrl = None,
) -> None:
    """Make an account."""
    settings = settings_with(database_url=database_url)

    async def made() -> str:
        await require_current(settings.database_url)
        database = Database(settings.database_url)
        try:
            user = await create_user(
                database, datetime.now(UTC), email=email, username=username, password=password, name=name
            )
        finally:
            await database.close()
        return user.email

    typer.echo(f"{username} can sign in as {_run(made())}.")


@keys.command("create")
def create_key(
    email: Annotated[str, typer.Argument(help="The account that the key signs in as.")],
    name: Annotated[str, typer.Option(help="What the key is for.")] = "command line",
    days: Annotated[int, typer.Option(help="How many days it is good for, from 1 to 730.")] = 90,
    database_url: DatabaseUrl = None,
) -> None:
    """Make an authentication key. It is shown once."""
    settings = settings_with(database_url=database_url)

    async def made() -> accounts.NewKey:
        await require_current(settings.database_url)
        services = services_that_sign_nothing(settings)
        try:
            context = Context(services, datetime.now(UTC))
            known = await context.loaders.account_by_email.load(email.strip().lower())
            if known is None:
                raise NotFound("There is no account with this email.")
            context.viewer = Viewer(known.user_id)
            return await accounts.create_key(context, name=name, days=days)
        finally:
            await close_services(services)

    key = _run(made())
    typer.echo(key.secret)
    typer.echo(
        f"Good until {key.expires_at:%Y-%m-%d}. It is not stored, and cannot be shown again.", err=True
    )


def _migrations() -> ModuleType:
    """With Alembic, which takes longer to load than the rest of what `serve` does before it answers."""
    from server import migrations

    return migrations


def _run(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(work)


def _serve(settings: Settings) -> None:
    announcement = _run(announce(settings)) if settings.demo else None
    start_logging(settings)
    # Before there are workers, each of which would make one.
    secrets_of(settings)
    # Before there are workers, each of which would fail.
    documents_of(settings)
    if announcement:
        typer.echo(announcement)
    run_server(settings)
