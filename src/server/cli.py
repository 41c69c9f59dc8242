"""The command line."""

import asyncio
from collections.abc import Coroutine
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, NoReturn, TypeVar

import typer

from auth.viewer import Viewer
from base.errors import ExpectedError, NotFound
from database import Database
from graph.schema import schema as graphql_schema
from resolvers import accounts
from resolvers.context import Context
from server import migrations
from server.accounts import create_user
from server.demo import DEMO_FILE, announce, fill
from server.importing import import_events
from server.operations import app as operations
from server.services import services_of
from server.serving import is_in_use
from server.serving import serve as run_server
from server.settings import Settings

T = TypeVar("T")

app = typer.Typer(
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
app.add_typer(operations)

DatabaseUrl = Annotated[
    str | None,
    typer.Option("--database-url", help="Where the data is; VIEWGRAPH_DATABASE_URL when absent."),
]
Host = Annotated[str | None, typer.Option(help="The address to listen on; VIEWGRAPH_HOST when absent.")]
Port = Annotated[int | None, typer.Option(help="The port to listen on; VIEWGRAPH_PORT when absent.")]


def main() -> None:
    """An expected error is one line and the exit code 1, not a trace."""
    try:
        app()
    except ExpectedError as error:
        _fail(error.message)


@app.command()
def serve(
    host: Host = None,
    port: Port = None,
    workers: Annotated[
        int | None, typer.Option(help="How many processes serve; VIEWGRAPH_WORKERS when absent.")
    ] = None,
    database_url: DatabaseUrl = None,
    demo: Annotated[bool, typer.Option("--demo", help="Show the demo sign-ins.")] = False,
) -> None:
    """Serve the API until told to stop."""
    settings = _settings(host=host, port=port, workers=workers, database_url=database_url, demo=demo or None)
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
) -> None:
    """Bring the database's tables up to date."""
    if check:
        if differences := _run(migrations.differences_when_new()):
            _fail(f"The migrations do not make what the models need. {differences}")
        typer.echo("The migrations make what the models need.")
        return
    url = _settings(database_url=database_url).database_url
    _run(migrations.downgrade(url, down_to) if down_to else migrations.upgrade(url))
    typer.echo("The database is up to date." if not down_to else f"The database is at {down_to}.")


@app.command()
def demo(
    port: Port = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Make the demo's data anew.")] = False,
) -> None:
    """Serve a demo studio with a year of activity, from a file of its own in this folder."""
    settings = _settings(
        port=port,
        database_url=f"sqlite:///{DEMO_FILE}",
        demo=True,
        token_minutes=24 * 60,
    )
    _check_port(settings)
    _run(_prepare_demo(settings, needs_filling=fresh or not Path(DEMO_FILE).exists()))
    _serve(settings)


@app.command()
def schema() -> None:
    """Print the GraphQL schema."""
    typer.echo(graphql_schema.as_str())


@users.command("create")
def create_account(
    email: Annotated[str, typer.Argument(help="To sign in with.")],
    username: Annotated[str, typer.Argument(help="Unique, shown to others.")],
    name: Annotated[str | None, typer.Option(help="As the user wants to be called.")] = None,
    password: Annotated[
        str,
        typer.Option(prompt=True, hide_input=True, confirmation_prompt=True, help="Asked for when absent."),
    ] = "",
    database_url: DatabaseUrl = None,
) -> None:
    """Make an account."""
    settings = _settings(database_url=database_url)

    async def made() -> None:
        database = Database(settings.database_url)
        try:
            await create_user(
                database,
                datetime.now(UTC),
                email=email,
                username=username,
                password=password,
                name=name,
            )
        finally:
            await database.close()

    _run(made())
    typer.echo(f"{username} can sign in as {email}.")


@keys.command("create")
def create_key(
    email: Annotated[str, typer.Argument(help="The account that the key signs in as.")],
    name: Annotated[str, typer.Option(help="What the key is for.")] = "command line",
    days: Annotated[int, typer.Option(help="How many days it is good for, from 1 to 730.")] = 90,
    database_url: DatabaseUrl = None,
) -> None:
    """Make an authentication key. It is shown once."""
    settings = _settings(database_url=database_url)

    async def made() -> accounts.NewKey:
        services = services_of(settings)
        try:
            context = Context(services, datetime.now(UTC))
            known = await context.loaders.password_by_email.load(email.strip().lower())
            if known is None:
                raise NotFound("There is no account with this email.")
            context.viewer = Viewer(known.user_id)
            return await accounts.create_key(context, name=name, days=days)
        finally:
            await services.database.close()

    key = _run(made())
    typer.echo(key.secret)
    typer.echo(
        f"Good until {key.expires_at:%Y-%m-%d}. It is not stored, and cannot be shown again.", err=True
    )


def _settings(**given: Any) -> Settings:
    return Settings(**{name: value for name, value in given.items() if value is not None})


def _run(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(work)


async def _prepare_demo(settings: Settings, *, needs_filling: bool) -> None:
    if needs_filling:
        typer.echo("Filling a demo studio with a year of activity (some 15 seconds) ...")
        await fill(settings, Path(DEMO_FILE), datetime.now(UTC))
    await migrations.upgrade(settings.database_url)


def _serve(settings: Settings) -> None:
    _check_port(settings)
    if settings.demo:
        typer.echo(_run(announce(settings)))
    run_server(settings)


def _check_port(settings: Settings) -> None:
    if is_in_use(settings.host, settings.port):
        _fail(f"Port {settings.port} of {settings.host} is in use. Choose another with --port.")


def _fail(message: str) -> NoReturn:
    typer.echo(message, err=True)
    raise SystemExit(1)
