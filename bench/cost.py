"""How much CPU a unit of cost takes: of each field of the schema that has something below it.

python -m bench.cost

Fills a small studio in a temporary folder: publications, assets, insights and a year of views. Each field is
asked for on many objects at once; what the same document takes without it is taken off, in CPU and in cost.
"""

import asyncio
import gc
import sys
from argparse import ArgumentParser
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from string import Template
from tempfile import TemporaryDirectory
from time import process_time
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).parents[1] / "src"))

import orjson
from graphql import (
    GraphQLObjectType,
    get_introspection_query,
    get_named_type,
    is_leaf_type,
)
from pydantic import SecretStr

from auth.viewer import Viewer
from base.ids import Kind, global_id
from bench.asked import ARGUMENTS, MANY, PASSWORD, WAYS, WRITES
from execution.operation import execute
from graph.parsing import parsed_document
from graph.schema import schema
from models import User
from resolvers.context import Context, Services
from server import migrations
from server.accounts import create_user
from server.services import close_services, services_of
from server.settings import Settings

_SECRET = "a secret of the benchmark, long enough to sign with"  # noqa: S105
_MANY = 60
_DAYS = 365
_START = datetime(2023, 1, 1, tzinfo=UTC)
_GOAL = 5.0

ALONE = {
    "nothing but a leaf": "{ __typename }",
    "the schema, as tools ask for it": get_introspection_query(),
    "the schema's names": "{ __schema { types { name fields { name type { name ofType { name } } } } } }",
}


class Made(NamedTuple):
    viewer: Viewer
    publications: list[str]
    users: list[str]
    organizations: list[str]
    workspaces: list[str]
    assets: list[str]

    def names(self, number: int) -> dict[str, Any]:
        return {
            "n": number,
            "day": f"{1 + number % 28:02}",
            "publication": self.publications[number % len(self.publications)],
            "user": self.users[number % len(self.users)],
            "organization": self.organizations[0],
            "workspace": self.workspaces[number % len(self.workspaces)],
            "asset": self.assets[number % len(self.assets)],
        }


class Taken(NamedTuple):
    microseconds: float
    cost: float


class Line(NamedTuple):
    name: str
    taken: Taken

    @property
    def of_a_unit(self) -> float:
        return self.taken.microseconds / self.taken.cost


class Studio:
    def __init__(self, services: Services, made: Made) -> None:
        self.services = services
        self.made = made

    async def ask(
        self, text: str, variables: dict[str, Any] | None = None, viewer: Viewer | None = None
    ) -> Any:
        data, _ = await self.timed(text, variables, viewer)
        return data

    async def timed(
        self, text: str, variables: dict[str, Any] | None = None, viewer: Viewer | None = None
    ) -> tuple[Any, Taken]:
        services = self.services
        context = Context(services, services.clock(), viewer=viewer or self.made.viewer)
        document = parsed_document(text, services.limits.document_tokens)
        began = process_time()
        result = await execute(context, document.operation(None), variables)
        orjson.dumps(result.data)
        taken = process_time() - began
        assert not result.errors, (text[:500], result.errors[:1])
        return result.data, Taken(1e6 * taken, context.execution.cost or 0)

    async def best(self, text: str, runs: int) -> Taken:
        """Without the first, which parses and prepares."""
        await self.timed(text)
        gc.collect()
        found = [(await self.timed(text))[1] for _ in range(runs)]
        return min(found)


async def fill(services: Services) -> Made:
    """By the doors that clients have."""
    now = services.clock()
    maker = await create_user(
        services.database, now, email="maker@bench.test", username="maker", password=PASSWORD, name="Maker"
    )
    viewer = Viewer(maker.id)
    studio = Studio(services, Made(viewer, [], [], [], [], []))
    users, publications = [], []
    for number in range(_MANY):
        user = await create_user(
            services.database,
            now,
            email=f"{number}@bench.test",
            username=f"user{number}",
            password=None,
            name="User",
        )
        users.append(global_id(Kind.USER, user.public_id))
        publications.append(await _publication(studio, number, user, maker))
    organizations, workspaces, assets = await _organizations(studio)
    made = Made(viewer, publications, users, organizations, workspaces, assets)
    await _insight(studio, viewer)
    await _events(studio, made)
    return made


async def _publication(studio: Studio, number: int, owner: User, maker: User) -> str:
    own = Viewer(owner.id)
    created = await studio.ask(
        'mutation($url: String!) { createPublication(input: {name: "A publication", customUrl: $url,'
        " allowBookings: true}) { publication { id } } }",
        {"url": f"publication-{number}"},
        own,
    )
    id: str = created["createPublication"]["publication"]["id"]
    made = await studio.ask(
        "mutation($id: ID!, $user: ID!) {"
        " inviteCoCreator(publicationId: $id, userId: $user) { invitation { id } }"
        ' publishExperience(input: {publicationId: $id, type: QUEST, title: "A quest"}) { __typename } }',
        {"id": id, "user": global_id(Kind.USER, maker.public_id)},
        own,
    )
    await studio.ask(
        "mutation($id: ID!) { acceptInvitation(id: $id) { id } }",
        made["inviteCoCreator"]["invitation"],
        Viewer(maker.id),
    )
    await _insight(studio, own)
    return id


async def _insight(studio: Studio, viewer: Viewer) -> None:
    works = [
        {"itemId": f"item {viewer.user_id} {number}", "sourceType": "YOUTUBE", "isIndividualWork": True}
        for number in range(20)
    ]
    await studio.ask(
        "mutation($works: [WorkInput!]) { createUserInsight(input: {hasAbout: true, works: $works})"
        " { __typename } }",
        {"works": works},
        viewer,
    )


async def _organizations(studio: Studio) -> tuple[list[str], list[str], list[str]]:
    organizations, workspaces, assets = [], [], []
    for number in range(20):
        created = await studio.ask(
            f'mutation {{ createOrganization(input: {{name: "{number}"}}) {{ organization {{ id }} }} }}'
        )
        organizations.append(created["createOrganization"]["organization"]["id"])
        for part in range(4 if number == 0 else 2):
            created = await studio.ask(
                "mutation($id: ID!) { createWorkspace(input: {organizationId: $id, name: "
                f'"{part}"}}) {{ workspace {{ id }} }} }}',
                {"id": organizations[-1]},
            )
            workspaces.append(created["createWorkspace"]["workspace"]["id"])
    formats = ", ".join(f'{{type: GLB, url: "https://example.com/{number}"}}' for number in range(5))
    for number in range(_MANY):
        created = await studio.ask(
            "mutation($id: ID!) { createAsset(input: {workspaceId: $id, name: "
            f'"Asset {number}", formats: [{formats}]}}) {{ asset {{ id }} }} }}',
            {"id": workspaces[number % 4]},
        )
        assets.append(created["createAsset"]["asset"]["id"])
    return organizations, workspaces, assets


async def _events(studio: Studio, made: Made) -> None:
    events = list(_happened(made))
    for start in range(0, len(events), 1_000):
        await studio.ask(
            "mutation($events: [EventInput!]!) { recordEvents(events: $events) { stored } }",
            {"events": events[start : start + 1_000]},
        )


def _happened(made: Made) -> Iterator[dict[str, Any]]:
    """To each of them something on every fourth day."""
    devices = ("DESKTOP", "MOBILE", "TABLET")
    for day in range(_DAYS):
        for number in range(day % 4, _MANY, 4):
            at = (_START + timedelta(days=day, hours=number % 24)).isoformat()
            told = {
                "occurredAt": at,
                "deviceCategory": devices[(day + number) % 3],
                "domain": f"site-{number % 5}.example.com",
                "visitor": f"visitor {day * number % 997}",
            }
            yield {"subject": {"publicationId": made.publications[number]}, "action": "VIEW", **told}
            for action in ("VIEW_3D", "AR_CLICK"):
                yield {"subject": {"assetId": made.assets[number]}, "action": action, **told}


_APART = ("document", "url", "totalCount", "profileViews", "profileSearches")
"""Leaves that are asked for by themselves, or that only their owner may see."""


def selections(type_: GraphQLObjectType) -> Iterator[tuple[str, str]]:
    """Each field that has something below it, with all the leaves of what it gives; and all plain leaves."""
    yield f"leaves of {type_.name}", _leaves(type_, most_depth=0)[1:-1]
    for name, field in type_.fields.items():
        returned = get_named_type(field.type)
        if is_leaf_type(returned):
            continue
        for given in ARGUMENTS.get((type_.name, name), [""]):
            called = f"{name}({given})" if given else name
            yield f"{type_.name}.{called}", f"{called} {_leaves(returned)}"


def _leaves(type_: Any, most_depth: int = 3) -> str:
    parts = []
    for name, field in type_.fields.items():
        returned = get_named_type(field.type)
        if is_leaf_type(returned):
            if name not in _APART:
                parts.append(name)
        elif name in ("edges", "node", "points", "pageInfo", "range") and most_depth:
            parts.append(f"{name} {_leaves(returned, most_depth - 1)}")
    return f"{{ {' '.join(parts) or '__typename'} }}"


async def lines(studio: Studio, runs: int) -> list[Line]:
    found = [Line(name, await studio.best(text, runs)) for name, text in ALONE.items()]
    nothing = await studio.best("{ __typename }", runs)
    for name, asked in MANY.items():
        aliased = " ".join(f"f{n}: {asked.substitute(studio.made.names(n))}" for n in range(asked.times))
        found.append(Line(name, _less(await studio.best(f"{{ {aliased} }}", runs), nothing)))
    for type_name, way in WAYS.items():
        type_ = schema._schema.type_map[type_name]
        assert isinstance(type_, GraphQLObjectType)
        base = await studio.best(way % "__typename", runs)
        for name, selected in selections(type_):
            whole = await studio.best(way % f"__typename {selected}", runs)
            found.append(Line(name, _less(whole, base)))
    for name, text in WRITES.items():
        found.append(Line(f"Mutation.{name}", await _written(studio, Template(text))))
    return found


def _less(whole: Taken, base: Taken) -> Taken:
    return Taken(max(whole.microseconds - base.microseconds, 0), max(whole.cost - base.cost, 1))


async def _written(studio: Studio, asked: Template) -> Taken:
    taken = []
    for number in range(5):
        text = asked.substitute(studio.made.names(number))
        _, one = await studio.timed(f"mutation {{ {text} {{ __typename }} }}")
        taken.append(one)
    return min(taken)


def table(found: Sequence[Line]) -> str:
    usual = median(line.of_a_unit for line in found)
    rows = [
        f"The median is {usual:.1f} us of CPU for a unit of cost.",
        "",
        "| field | cost | CPU | of a unit | times the median |",
        "| --- | --- | --- | --- | --- |",
    ]
    for line in sorted(found, key=lambda line: -line.of_a_unit):
        times = line.of_a_unit / usual
        mark = " (missed)" if times > _GOAL else ""
        rows.append(
            f"| {line.name} | {line.taken.cost:,.0f} | {line.taken.microseconds / 1000:,.2f} ms | "
            f"{line.of_a_unit:,.1f} us | {times:.2f}{mark} |"
        )
    return "\n".join(rows)


async def measured(folder: Path, runs: int) -> list[Line]:
    url = f"sqlite:///{folder / 'cost.sqlite3'}"
    await migrations.upgrade(url)
    settings = Settings(
        database_url=url,
        secret=SecretStr(_SECRET),
        cache_seconds=0,
        max_cost=10**9,
        max_points=10**9,
        max_query_seconds=600,
    )
    services = services_of(settings)
    try:
        return await lines(Studio(services, await fill(services)), runs)
    finally:
        await close_services(services)


def main() -> None:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5, help="of which the best is shown")
    given = parser.parse_args()
    with TemporaryDirectory() as folder:
        print(table(asyncio.run(measured(Path(folder), given.runs))))


if __name__ == "__main__":
    main()
