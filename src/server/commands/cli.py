"""The command line, with all commands. Each command has a module of the same name."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from platform import python_version
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from base.errors import ExpectedError
from server.commands.audit import audit
from server.commands.backup import backup, restore
from server.commands.co_creator_add import co_creator_add
from server.commands.delete import delete
from server.commands.deletions import deletions
from server.commands.demo import demo
from server.commands.distribute import distribute
from server.commands.doctor import doctor
from server.commands.event_remove import event_remove
from server.commands.explain import explain
from server.commands.import_ import import_events
from server.commands.import_catalog import import_catalog
from server.commands.import_export import import_export
from server.commands.import_totals import import_totals
from server.commands.key_create import key_create
from server.commands.key_list import key_list
from server.commands.key_revoke import key_revoke
from server.commands.member_add import member_add
from server.commands.member_remove import member_remove
from server.commands.member_role import member_role
from server.commands.migrate import migrate
from server.commands.output import UNREAD, drop_output
from server.commands.person_erase import person_erase
from server.commands.person_export import person_export
from server.commands.prune import prune
from server.commands.rebuild import rebuild
from server.commands.refresh import refresh
from server.commands.schema import schema
from server.commands.secret_add import secret_add
from server.commands.secret_drop import secret_drop
from server.commands.secret_list import secret_list
from server.commands.secret_use import secret_use
from server.commands.serve import serve
from server.commands.tenant_time_zone import set_time_zone
from server.commands.user_create import user_create
from server.commands.user_link import user_link
from server.commands.user_reset_link import user_reset_link
from server.commands.user_sign_out import user_sign_out
from server.commands.user_update import user_update
from server.commands.verify import verify
from server.failures import Failure


def _show_version(is_asked: bool) -> None:
    if is_asked:
        typer.echo(f"viewgraph {version('viewgraph')}, Python {python_version()}")
        raise typer.Exit


@contextmanager
def _ending() -> Iterator[None]:
    """An error that the user can mend ends with one line and the exit code 1; any other one shows a trace. If
    nobody reads the output any more, as in `viewgraph verify | head`, the program ends without a word.
    """
    try:
        try:
            yield
        except (ExpectedError, Failure) as error:
            typer.echo(error.message if isinstance(error, ExpectedError) else str(error), err=True)
            raise typer.Exit(1) from None
    except (BrokenPipeError, SystemExit) as end:
        # Rich makes an exit of its own of it.
        if BrokenPipeError not in (type(end), type(end.__context__)):
            raise
        drop_output()
        raise typer.Exit(UNREAD) from None


class Program(TyperGroup):
    def make_context(self, *given: Any, **options: Any) -> Any:
        with _ending():
            return super().make_context(*given, **options)

    def invoke(self, ctx: Any) -> Any:
        with _ending():
            return super().invoke(ctx)


app = typer.Typer(
    cls=Program,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for command in (
    serve,
    migrate,
    demo,
    doctor,
    schema,
    refresh,
    verify,
    explain,
    rebuild,
    prune,
    delete,
    deletions,
    audit,
    backup,
    restore,
    distribute,
):
    app.command()(command)
app.command("import")(import_events)
app.command("import-export")(import_export)
app.command("import-catalog")(import_catalog)
app.command("import-totals")(import_totals)


@app.callback()
def program(
    _: Annotated[
        bool,
        typer.Option("--version", is_eager=True, callback=_show_version, help="Show the version, and exit."),
    ] = False,
) -> None:
    """Viewgraph: the analytics of creator platforms, as one GraphQL schema."""


users = typer.Typer(help="Accounts.", no_args_is_help=True)
users.command("create")(user_create)
users.command("update")(user_update)
users.command("reset-link")(user_reset_link)
users.command("sign-out")(user_sign_out)
users.command("link")(user_link)
app.add_typer(users, name="user")

persons = typer.Typer(help="What is kept of persons.", no_args_is_help=True)
persons.command("export")(person_export)
persons.command("erase")(person_erase)
app.add_typer(persons, name="person")

events = typer.Typer(help="Events that were stored.", no_args_is_help=True)
events.command("remove")(event_remove)
app.add_typer(events, name="event")

keys = typer.Typer(help="Authentication keys, with which programs sign in.", no_args_is_help=True)
keys.command("create")(key_create)
keys.command("list")(key_list)
keys.command("revoke")(key_revoke)
app.add_typer(keys, name="key")

secrets = typer.Typer(help="Secrets that sign and hash, in the file of secrets.", no_args_is_help=True)
secrets.command("list")(secret_list)
secrets.command("add")(secret_add)
secrets.command("use")(secret_use)
secrets.command("drop")(secret_drop)
app.add_typer(secrets, name="secret")

members = typer.Typer(help="Members of organizations.", no_args_is_help=True)
members.command("add")(member_add)
members.command("role")(member_role)
members.command("remove")(member_remove)
app.add_typer(members, name="member")

co_creators = typer.Typer(help="Co-creators of publications.", no_args_is_help=True)
co_creators.command("add")(co_creator_add)
app.add_typer(co_creators, name="co-creator")

tenants = typer.Typer(help="Tenants, who own numbers: users and organizations.", no_args_is_help=True)
tenants.command("time-zone")(set_time_zone)
app.add_typer(tenants, name="tenant")


def main() -> None:
    app(prog_name="viewgraph")


if __name__ == "__main__":
    main()
