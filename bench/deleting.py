"""What others feel while an organization of 1,000 assets and a million events is deleted, on one worker.

Prints a line for each engine: what a client that behaves waited for, alone and meanwhile.
"""

import asyncio
import os
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from http.client import HTTPConnection
from random import Random
from time import perf_counter
from typing import Annotated, NamedTuple

import msgspec
import orjson
import typer
from sqlalchemy import func, insert, select, update

from base.ids import uuid7
from base.packed import packed_instant
from base.sketches import sketching
from bench.abuse import ROOT, neighbours_on
from bench.healthy import Pace, Served
from bench.neighbours import Neighbours
from bench.running import Running, running
from database import Database, Statement, table_of
from ingest.event_columns import EventColumns
from ingest.store import store_in_bulk
from models import Action, Asset, Deletion, Event, Membership, Organization, Role

_ASSETS = 1_000
_DAYS = 30
_BATCH = 5_000
_RATE = 60.0
_SECONDS = 20.0
_HEAD = (
    "| engine | queries: p99 alone, ms | meanwhile, ms | ratio | events: p99 alone, ms | meanwhile, ms "
    "| ratio | deleted in, s | rows | refused |\n|" + " --- |" * 10
)


class Outcome(NamedTuple):
    engine: str
    alone: Served
    meanwhile: Served
    seconds: float
    rows: int

    def line(self) -> str:
        cells = [self.engine]
        for kind in ("queries", "events"):
            before, then = _p99(getattr(self.alone, kind)), _p99(getattr(self.meanwhile, kind))
            cells += [f"{before * 1e3:.1f}", f"{then * 1e3:.1f}", f"{then / before:.2f}"]
        refused = sum(self.meanwhile.refused.values())
        return f"| {' | '.join([*cells, f'{self.seconds:.0f}', f'{self.rows:,}', str(refused)])} |"


def _p99(seconds: Sequence[float]) -> float:
    return sorted(seconds)[int(len(seconds) * 0.99)]


async def filled(neighbours: Neighbours, events: int) -> None:
    database = Database(neighbours.url)
    async with database.writing() as session:
        await session.execute(update(Membership).values(role=Role.OWNER))
        organization = (await session.execute(select(Organization))).scalar_one()
        first = (await session.execute(select(Asset))).scalars().first()
        assert first
        now = datetime.now(UTC)
        common = {"organization_id": organization.id, "workspace_id": first.workspace_id, "created_at": now}
        known = await session.scalar(select(func.count()).select_from(Asset)) or 0
        rows = [
            {**common, "public_id": uuid7(now), "name": f"Asset {number}"} for number in range(known, _ASSETS)
        ]
        await session.execute(insert(table_of(Asset)), rows)
        ids = list(await session.scalars(select(table_of(Asset).c.id)))
    await sketching.ready()
    random, tenant = Random(1), organization.tenant_id  # noqa: S311  # nothing secret
    for _ in range(0, events, _BATCH):
        batch = _events(random, tenant, ids)
        await database.in_bulk(partial(store_in_bulk, events=batch))
    await database.close()


def _events(random: Random, tenant: int, assets: Sequence[int]) -> EventColumns:
    now = datetime.now(UTC)
    times = sorted(now - timedelta(seconds=random.randrange(60, _DAYS * 86_400)) for _ in range(_BATCH))
    return EventColumns(
        [tenant] * _BATCH,
        [uuid7(at).bytes for at in times],
        random.choices(assets, k=_BATCH),
        [int(Action.VIEW_3D)] * _BATCH,
        [packed_instant(at) for at in times],
        random.choices([1, 2], k=_BATCH),
        [f"site{number}.example.com" for number in random.choices(range(5), k=_BATCH)],
        [None] * _BATCH,
        [None] * _BATCH,
        [random.randbytes(15) for _ in range(_BATCH)],
        [True] * _BATCH,
    )


def served(neighbours: Neighbours, server: Running, seconds: float) -> Served:
    pace = Pace(
        server.port,
        server.process,
        neighbours.healthy,
        neighbours.publications,
        neighbours.publication_ids,
        _RATE,
        seconds,
    )
    done = subprocess.run(
        [sys.executable, "-m", "bench.healthy"],
        input=msgspec.json.encode(pace),
        capture_output=True,
        check=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"},
    )
    return msgspec.json.decode(done.stdout, type=Served)


def delete(neighbours: Neighbours, port: int) -> None:
    connection = HTTPConnection("127.0.0.1", port, timeout=10, source_address=("127.0.0.3", 0))
    query = "mutation($id: ID!) { deleteOrganization(organizationId: $id) { id } }"
    body = orjson.dumps({"query": query, "variables": {"id": neighbours.organization}})
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {neighbours.abuser}"}
    connection.request("POST", "/graphql", body, headers)
    answer = orjson.loads(connection.getresponse().read())
    if "errors" in answer:
        raise RuntimeError(str(answer))
    connection.close()


async def progress(url: str) -> tuple[bool, int, int]:
    """Whether it is finished, how many rows are deleted, and how many events are left."""
    database = Database(url)
    columns = table_of(Deletion).c
    statement = select(columns.finished_at, columns.rows_deleted)
    ((finished_at, rows),) = await database.fetch(Statement(statement, lambda *values: values))
    left = select(func.count()).select_from(table_of(Event))
    events = await database.fetch(Statement(left, int))
    await database.close()
    return finished_at is not None, rows, events[0]


def measured(engine: str, events: int) -> Outcome:
    with neighbours_on(engine) as neighbours:
        asyncio.run(filled(neighbours, events))
        settings = {"QUERY_COST_PER_USER": "off", "EVENTS_PER_ADDRESS": "off", "EVENTS_PER_SUBJECT": "off"}
        with running(neighbours.url, **settings) as server:
            served(neighbours, server, 3)
            alone = served(neighbours, server, 3 * _SECONDS)
            delete(neighbours, server.port)
            began = perf_counter()
            rounds: list[Served] = []
            finished, rows = False, 0
            while not finished:
                rounds.append(served(neighbours, server, _SECONDS))
                finished, rows, left = asyncio.run(progress(neighbours.url))
                print(f"{engine}: {left:,} events are left", file=sys.stderr)
            seconds = perf_counter() - began
    meanwhile = Served(
        sorted(second for one in rounds for second in one.queries),
        sorted(second for one in rounds for second in one.events),
        {code: number for one in rounds for code, number in one.refused.items()},
    )
    return Outcome(engine, alone, meanwhile, seconds, rows)


def main(
    engine: Annotated[list[str] | None, typer.Option(help="sqlite or postgresql; both when absent.")] = None,
    events: Annotated[int, typer.Option(help="How many events the organization has.")] = 1_000_000,
) -> None:
    print(_HEAD)
    for one in engine or ("sqlite", "postgresql"):
        print(measured(one, events).line(), flush=True)


if __name__ == "__main__":
    typer.run(main)
