"""A year of events for measurements, always the same: the catalog into a database, the events into a file.

python -m bench.generate --events 10000000 --database-url sqlite:///year.sqlite3 year.ndjson
"""

import asyncio
import sys
from argparse import ArgumentParser
from collections import deque
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import NamedTuple
from uuid import UUID

sys.path.insert(0, str(Path(__file__).parents[1] / "src"))

from base.ids import Kind, global_id
from database import Database
from models import Asset, Membership, Organization, Publication, Role, Tenant, User, Workspace
from server import migrations

START = datetime(2022, 6, 1, tzinfo=UTC)
DAYS = 365
ASSETS = 200
PUBLICATIONS = 20
_OWNERS = 5
_WORKSPACES = 4
_SEED = 3
_DOMAINS = [f"shop-{number}.example" for number in range(40)]
_SITES = 5
_DEVICES = ("DESKTOP", "DESKTOP", "MOBILE", "MOBILE", "MOBILE", "TABLET")
_VISITORS = 1_000_000
_VIEWS_REMEMBERED = 2_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Happened(NamedTuple):
    id: UUID
    milliseconds: int
    """Since 1970."""
    action: str
    subject: int
    """The number of the asset or publication."""
    device: str
    domain: str
    visitor: str
    view_id: UUID | None


def _id(random: Random, milliseconds: int) -> UUID:
    """Version 7."""
    noise = random.getrandbits(74)
    return UUID(
        int=(milliseconds << 80) | (7 << 76) | (noise >> 62 << 64) | (0b10 << 62) | (noise & (1 << 62) - 1)
    )


def public_ids(count: int, kind: Kind) -> list[UUID]:
    random = Random(f"{_SEED} {kind}")  # noqa: S311
    at = (START - timedelta(days=30) - _EPOCH) // timedelta(milliseconds=1)
    return [_id(random, at + number) for number in range(count)]


async def fill_catalog(database: Database) -> None:
    """One organization with all the assets, and publications of a few owners."""
    made = START - timedelta(days=30)
    async with database.writing() as session:
        tenants = [Tenant() for _ in range(_OWNERS + 1)]
        session.add_all(tenants)
        await session.flush()
        owners = [
            User(
                public_id=public_id,
                tenant_id=tenant.id,
                email=f"maker{number}@bench.test",
                username=f"maker{number}",
                created_at=made,
            )
            for number, (public_id, tenant) in enumerate(
                zip(public_ids(_OWNERS, Kind.USER), tenants[1:], strict=True)
            )
        ]
        (organization_id,) = public_ids(1, Kind.ORGANIZATION)
        organization = Organization(
            public_id=organization_id, tenant_id=tenants[0].id, name="Bench", created_at=made
        )
        session.add_all([organization, *owners])
        await session.flush()
        workspaces = [
            Workspace(
                public_id=public_id,
                organization_id=organization.id,
                name=f"Workspace {number}",
                created_at=made,
            )
            for number, public_id in enumerate(public_ids(_WORKSPACES, Kind.WORKSPACE))
        ]
        session.add_all(workspaces)
        session.add(
            Membership(
                organization_id=organization.id, user_id=owners[0].id, role=Role.ADMIN, created_at=made
            )
        )
        await session.flush()
        session.add_all(
            Asset(
                public_id=public_id,
                organization_id=organization.id,
                workspace_id=workspaces[number % _WORKSPACES].id,
                name=f"Asset {number}",
                created_at=made,
            )
            for number, public_id in enumerate(public_ids(ASSETS, Kind.ASSET))
        )
        session.add_all(
            Publication(
                public_id=public_id,
                owner_id=owners[number % _OWNERS].id,
                name=f"Publication {number}",
                custom_url=f"publication-{number}",
                created_at=made,
            )
            for number, public_id in enumerate(public_ids(PUBLICATIONS, Kind.PUBLICATION))
        )


def happened(count: int, publications: int = PUBLICATIONS) -> Iterator[Happened]:
    """In the order of their times, which are spread over the year; the last is within it.

    Without any publication, all of it happens to assets.
    """
    random = Random(_SEED)  # noqa: S311
    views: deque[Happened] = deque(maxlen=_VIEWS_REMEMBERED)
    first = (START - _EPOCH) // timedelta(milliseconds=1)
    length = DAYS * 86_400_000
    for number in range(count):
        at = first + (number * length + random.randrange(length)) // count
        id = _id(random, at)
        kind = random.random()
        if kind < 0.22 and views:
            yield random.choice(views)._replace(id=id, milliseconds=at, action="INTERACTION")
            continue
        # Few assets have most of the views.
        if kind < 0.34 and publications:
            subject = int(random.random() ** 2 * publications)
            action = "VIEW" if kind < 0.33 else "SHARE"
        else:
            subject = int(random.random() ** 2 * ASSETS)
            action = "VIEW_3D" if kind < 0.9 else "AR_CLICK" if kind < 0.97 else "AR_SCAN"
        # Each is on a few sites, and most come from one of them.
        domain = _DOMAINS[(7 * subject + int(random.random() ** 2 * _SITES)) % len(_DOMAINS)]
        visitor = f"visitor {random.randrange(_VISITORS)}"
        view_id = _id(random, at) if action == "VIEW_3D" else None
        one = Happened(id, at, action, subject, random.choice(_DEVICES), domain, visitor, view_id)
        if view_id:
            views.append(one)
        yield one


def lines(count: int) -> Iterator[str]:
    assets = [f'{{"assetId":"{global_id(Kind.ASSET, id)}"}}' for id in public_ids(ASSETS, Kind.ASSET)]
    publications = [
        f'{{"publicationId":"{global_id(Kind.PUBLICATION, id)}"}}'
        for id in public_ids(PUBLICATIONS, Kind.PUBLICATION)
    ]
    for one in happened(count):
        subject = (publications if one.action in ("VIEW", "SHARE") else assets)[one.subject]
        time = (_EPOCH + timedelta(milliseconds=one.milliseconds)).isoformat(timespec="milliseconds")
        view = f',"viewId":"{one.view_id}"' if one.view_id else ""
        yield (
            f'{{"id":"{one.id}","subject":{subject},"action":"{one.action}","occurredAt":"{time}",'
            f'"deviceCategory":"{one.device}","domain":"{one.domain}","visitor":"{one.visitor}"{view}}}'
        )


def write(file: Path, count: int) -> None:
    with file.open("w", buffering=1 << 20) as stream:
        stream.writelines(f"{line}\n" for line in lines(count))


def prepare(url: str) -> None:
    """A new database with the catalog."""
    asyncio.run(_prepare(url))


async def _prepare(url: str) -> None:
    await migrations.upgrade(url)
    database = Database(url)
    try:
        await fill_catalog(database)
    finally:
        await database.close()


def main() -> None:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path, help="where the events go, as NDJSON")
    parser.add_argument("--events", type=int, default=10_000_000, help="how many")
    parser.add_argument("--database-url", help="a new database for the catalog")
    given = parser.parse_args()
    if given.database_url:
        prepare(given.database_url)
    write(given.file, given.events)


if __name__ == "__main__":
    main()
