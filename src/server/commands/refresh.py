"""`viewgraph refresh`: asks other networks for their figures again."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Annotated, Literal, get_args

import typer

from base.errors import NotFound
from database import Database
from loaders.base import Loaders
from loaders.figure_cache import FigureCache
from loaders.people import UserByUsername
from models import Network
from server.commands.options import DatabaseUrl
from server.commands.progress import bars
from server.commands.run import run_with_database
from server.failures import Failure
from server.settings import settings_with
from server.social_networks import refresher_of
from social.refresh import MissingSettings, OnTargets, Outcome, Refresher
from social.targets import TargetScope

Name = Literal["youtube", "soundcloud", "x", "facebook", "instagram"]


def refresh(
    username: Annotated[
        str | None, typer.Option("--user", metavar="USERNAME", help="Only this user; all when absent.")
    ] = None,
    network: Annotated[Name | None, typer.Option(help="Only this network; all when absent.")] = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Ask other networks for plays and followers; exit with 1 if one did not answer everything."""
    settings = settings_with(database_url=database_url)
    clock = partial(datetime.now, UTC)

    async def done(database: Database) -> list[Outcome]:
        refresher = refresher_of(settings, database, clock)
        return await refreshed(refresher, [network] if network else get_args(Name), username)

    outcomes = run_with_database(settings, done)
    typer.echo("\n".join(summary(outcomes)))
    if any(outcome.failed or outcome.stopped for outcome in outcomes):
        raise typer.Exit(1)


async def refreshed(refresher: Refresher, names: Sequence[str], username: str | None) -> list[Outcome]:
    """Raises Failure if there is only one network, and it has no credentials."""
    networks = [Network[name.upper()] for name in names]
    unset = refresher.networks[networks[0]]
    if len(networks) == 1 and isinstance(unset, MissingSettings):
        raise Failure(f"{names[0]} cannot be asked: {unset.words}.")
    scope = TargetScope(refresher.clock(), await _user_id(refresher.database, username) if username else None)
    with _progress() as (on_found, on_done):
        return await refresher.refresh(networks, scope=scope, on_found=on_found, on_done=on_done)


async def _user_id(database: Database, username: str) -> int:
    loaders = Loaders(database, FigureCache(), datetime.now(UTC))
    user = await loaders[UserByUsername].load(username)
    if user is None:
        raise NotFound(f"There is no user `{username}`.")
    return user.id


def summary(outcomes: Sequence[Outcome]) -> Iterator[str]:
    yield f"{'network':<12}{'refreshed':>10}{'gone':>8}{'failed':>8}{'calls':>8}"
    for one in outcomes:
        if one.skipped:
            yield f"{one.name:<12}skipped: {one.skipped}"
            continue
        yield f"{one.name:<12}{one.refreshed:>10,}{one.gone:>8,}{one.failed:>8,}{one.calls:>8,}"
        if one.stopped:
            yield f"{'':<12}stopped: {one.stopped}"


@contextmanager
def _progress() -> Iterator[tuple[OnTargets, OnTargets]]:
    """A bar for each network."""
    from rich.progress import MofNCompleteColumn

    with bars(MofNCompleteColumn()) as progress:
        tasks = {
            network: progress.add_task(network.name.lower(), total=0, visible=False) for network in Network
        }
        yield (
            lambda network, found: progress.update(tasks[network], total=found, visible=True),
            lambda network, done: progress.advance(tasks[network], done),
        )
