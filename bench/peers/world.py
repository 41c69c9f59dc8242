"""What the servers are asked about: made in Viewgraph by its commands and its API, and nothing else."""

import csv
import tempfile
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

from bench.trees import Server, Tree

LAST = datetime.now(UTC).date() - timedelta(days=1)
OWNERS = 5
PUBLICATIONS = 100
TYPES = ("AI_EXPERT", "AI_NOTE", "QUEST", "PODCAST")
DEVICES = ("DESKTOP", "MOBILE", "TABLET")
_PASSWORD = "a password of the benchmark"  # noqa: S105
_AT_A_TIME = 20


class World(NamedTuple):
    key: str
    """Of the first owner, who is a co-creator of what the others own."""
    publications: list[str]
    """Their custom URLs."""
    organization: str
    assets: list[str]
    days: int
    """Each asset has views on each of so many days, of three devices."""


def fill(tree: Tree, database_url: str, assets: int, days: int) -> World:
    tree.run("migrate", database_url=database_url)
    keys = [_owner(tree, database_url, number) for number in range(OWNERS)]
    with tree.serving(database_url) as server:
        users = [_viewer(server, key) for key in keys]
        publications = _publish(server, keys, users)
        server.token = keys[0]
        organization, made = _assets(server, assets)
    _import(tree, database_url, publications, made, days)
    urls = [custom_url(number) for number in range(PUBLICATIONS)]
    return World(keys[0], urls, organization, made, days)


def custom_url(number: int) -> str:
    return f"publication-{number}"


def follows() -> Iterator[tuple[int, int]]:
    """Who follows whom, by the numbers of the owners."""
    return (
        (follower, followed)
        for follower in range(OWNERS)
        for followed in range(OWNERS)
        if follower != followed and (follower + 2 * followed) % 3
    )


def _owner(tree: Tree, database_url: str, number: int) -> str:
    email, name = f"owner{number}@bench.test", f"Owner {number}"
    tree.run(
        *("user", "create", email, f"owner{number}", "--name", name, "--password", _PASSWORD),
        database_url=database_url,
    )
    return tree.run("key", "create", email, database_url=database_url).strip()


def _viewer(server: Server, key: str) -> str:
    server.token = key
    viewer: str = server.ask("{ viewer { id } }")["viewer"]["id"]
    return viewer


# Mutations, several in a document


def _publish(server: Server, keys: list[str], users: list[str]) -> list[str]:
    """Publications of all owners in turn, with experiences, and what the owners did with them."""
    made: dict[int, str] = {}
    for owner, key in enumerate(keys):
        server.token = key
        numbers = range(owner, PUBLICATIONS, OWNERS)
        answers = _changed(server, map(_publication, numbers))
        mine = {number: one["publication"]["id"] for number, one in zip(numbers, answers, strict=True)}
        _changed(server, _experiences(mine))
        related = _changed(server, _relations(server, owner, users, mine.values()))
        server.token = keys[0]
        _changed(server, _accepted(related))
        made |= mine
    publications = [made[number] for number in range(PUBLICATIONS)]
    for owner, key in enumerate(keys):
        server.token = key
        _changed(server, _reactions(owner, publications))
    return publications


def _publication(number: int) -> str:
    given = f'name: "Publication {number}", customUrl: "{custom_url(number)}"'
    return f"createPublication(input: {{{given}}}) {{ publication {{ id }} }}"


def _experiences(publications: dict[int, str]) -> Iterator[str]:
    for number, id in publications.items():
        for place, type in enumerate(TYPES):
            given = f'publicationId: "{id}", type: {type}, title: "An experience"'
            for _ in range(1 + (number + place) % 3):
                yield f"publishExperience(input: {{{given}}}) {{ experience {{ id }} }}"


def _relations(server: Server, owner: int, users: list[str], publications: Iterable[str]) -> Iterator[str]:
    """The first user makes all publications with their owners, and may see their figures."""
    if owner:
        # In the first trees, nobody is asked.
        asks = "inviteCoCreator" in server.mutations()
        for id in publications:
            given = f'publicationId: "{id}", userId: "{users[0]}"'
            if asks:
                yield f"inviteCoCreator({given}) {{ invitation {{ id }} }}"
            else:
                yield f"addCoCreator({given}) {{ publication {{ id }} }}"
    for follower, followed in follows():
        if follower == owner:
            yield f'followUser(userId: "{users[followed]}") {{ user {{ id }} }}'


def _accepted(related: list[Any]) -> Iterator[str]:
    for one in related:
        if "invitation" in one:
            yield f'acceptInvitation(id: "{one["invitation"]["id"]}") {{ id }}'


def _reactions(owner: int, publications: list[str]) -> Iterator[str]:
    for number, id in enumerate(publications):
        for place, field in enumerate(("likePublication", "bookmarkPublication", "sharePublication")):
            if (number + place + owner) % 3 == 0:
                yield f'{field}(publicationId: "{id}") {{ publication {{ id }} }}'
        if (number + owner) % 4 == 0:
            given = f'publicationId: "{id}", body: "Good"'
            yield f"commentOnPublication(input: {{{given}}}) {{ comment {{ id }} }}"


def _assets(server: Server, count: int) -> tuple[str, list[str]]:
    (made,) = _changed(server, ['createOrganization(input: {name: "Studio"}) { organization { id } }'])
    organization: str = made["organization"]["id"]
    given = f'organizationId: "{organization}", name: "All"'
    (made,) = _changed(server, [f"createWorkspace(input: {{{given}}}) {{ workspace {{ id }} }}"])
    workspace = made["workspace"]["id"]
    assets = _changed(server, (_asset(workspace, number) for number in range(count)))
    return organization, [one["asset"]["id"] for one in assets]


def _asset(workspace: str, number: int) -> str:
    given = f'workspaceId: "{workspace}", name: "Asset {number}"'
    return f"createAsset(input: {{{given}}}) {{ asset {{ id }} }}"


def _changed(server: Server, mutations: Iterable[str]) -> list[Any]:
    """What each mutation answers."""
    answers: list[Any] = []
    left = list(mutations)
    while left:
        few, left = left[:_AT_A_TIME], left[_AT_A_TIME:]
        fields = " ".join(f"m{number}: {mutation}" for number, mutation in enumerate(few))
        answers += server.ask(f"mutation {{ {fields} }}").values()
    return answers


# Events, from a file


def _import(tree: Tree, database_url: str, publications: list[str], assets: list[str], days: int) -> None:
    with tempfile.NamedTemporaryFile("w", suffix=".csv", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["publicationId", "assetId", "action", "occurredAt", "deviceCategory", "visitor"])
        writer.writerows(_views(publications))
        writer.writerows(_asset_views(assets, days))
        file.flush()
        tree.run("import", file.name, "--strict", database_url=database_url)


def _views(publications: list[str]) -> Iterator[tuple[str, ...]]:
    """10 to 40 of each publication, over a year, of which some are within the last month."""
    for number, id in enumerate(publications):
        for view in range(10 + number % 31):
            yield (
                id,
                "",
                "VIEW",
                _noon(LAST - timedelta(days=view * 9)),
                DEVICES[view % 3],
                f"visitor {number + view}",
            )


def _asset_views(assets: list[str], days: int) -> Iterator[tuple[str, ...]]:
    for number in range(days):
        at = _noon(LAST - timedelta(days=number))
        for place, asset in enumerate(assets):
            for device in DEVICES:
                yield "", asset, "VIEW_3D", at, device, f"visitor {(place + number) % 700}"


def _noon(day: date) -> str:
    return f"{day}T12:00:00Z"
