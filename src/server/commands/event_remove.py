"""`viewgraph event remove`: takes events back by their ids."""

from pathlib import Path
from typing import Annotated

import typer

from base.ids import InvalidId, Kind, parse_global_id
from base.scheduler import batched
from ingest.events_by_id import Removal, RemovalStatus
from ingest.wire import WireSource, WireSubject, WireWork
from resolvers.context import Context, Services
from resolvers.removing import find_subject, nobody_asks, take_back
from server.commands.options import DatabaseUrl
from server.commands.run import run_with_services
from server.failures import Failure
from server.settings import settings_with

_AT_ONCE = 1_000


def event_remove(
    subject: Annotated[
        str,
        typer.Argument(
            help="What the events happened to: the global id of a publication, an asset or a user."
        ),
    ],
    ids: Annotated[list[str] | None, typer.Argument(help="The ids of the events.")] = None,
    file: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="A file with more ids, one a line."),
    ] = None,
    work: Annotated[
        str | None,
        typer.Option(metavar="SOURCE:ID", help="A work of the user, such as YOUTUBE:dQw4w9WgXcQ."),
    ] = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Take events back that were wrong: they no longer count anywhere."""
    asked = [*(ids or ()), *(file.read_text().split() if file else ())]
    if not asked:
        raise Failure("Give the ids of the events, or a --file with them.")
    named = _subject(subject, work)

    async def removed(services: Services) -> list[Removal]:
        context = Context(services, services.clock(), command="event remove")
        key, found = await find_subject(context, named)
        done: list[Removal] = []
        for some in batched(asked, _AT_ONCE):
            done += (await take_back(context, key, found, some, nobody_asks)).each
        return done

    each = run_with_services(settings_with(database_url=database_url), removed)
    for removal in each:
        if removal.status is not RemovalStatus.REMOVED:
            typer.echo(f"{removal.status.value}: {removal.id}", err=True)
    gone = {removal.id for removal in each if removal.status is RemovalStatus.REMOVED}
    typer.echo(f"Events taken back: {len(gone):,}.")


def _subject(id: str, work: str | None) -> WireSubject:
    """Raises Failure."""
    try:
        kind, _ = parse_global_id(id)
    except InvalidId:
        kind = None
    if work is not None and kind is Kind.USER:
        return WireSubject(work=_work(id, work))
    if work is None and kind is Kind.USER:
        return WireSubject(profile_user_id=id)
    if work is None and kind is Kind.PUBLICATION:
        return WireSubject(publication_id=id)
    if work is None and kind is Kind.ASSET:
        return WireSubject(asset_id=id)
    raise Failure(
        "Events happen to publications, assets, users and their works. Give one of their global ids, such as "
        "pub_..., and for a work that of its user, with --work."
    )


def _work(user_id: str, text: str) -> WireWork:
    source, _, item = text.partition(":")
    if source not in WireSource.__members__ or not item:
        raise Failure("Give --work as YOUTUBE:ID or SOUNDCLOUD:ID.")
    return WireWork(user_id, WireSource[source], item)
