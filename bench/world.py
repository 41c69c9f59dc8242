"""What the benchmark's events are about, in a database of its own."""

from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from auth.tokens import Claims, Signer
from base.ids import Kind, global_id, uuid7
from database import Database
from models import Asset, Membership, Organization, Publication, Role, Tenant, User, Workspace
from server import migrations
from server.accounts import create_user

SECRET = "a secret of the benchmark, long enough to sign with"  # noqa: S105
ASSETS = 100
PUBLICATIONS = 10


class World(NamedTuple):
    url: str
    token: str
    assets: list[str]
    publications: list[str]


class Stored(NamedTuple):
    ids: set[UUID]
    rows: int
    counted: int
    """By the totals of days."""


async def made_world(url: str) -> World:
    """Assets of an organization, and publications; one person may report on all of them."""
    now = datetime.now(UTC)
    await migrations.upgrade(url)
    database = Database(url)
    user = await create_user(database, now, email="a@b.test", username="maker", password=None, name=None)
    assets, publications = await _made_subjects(database, user, now)
    await database.close()
    signer = Signer([SECRET], lifetime=timedelta(hours=4), issuer="viewgraph", audience="viewgraph")
    return World(
        url,
        signer.issue(Claims(user.public_id), now).text,
        [global_id(Kind.ASSET, asset.public_id) for asset in assets],
        [global_id(Kind.PUBLICATION, publication.public_id) for publication in publications],
    )


async def _made_subjects(
    database: Database, user: User, now: datetime
) -> tuple[list[Asset], list[Publication]]:
    async with database.writing() as session:
        tenant = Tenant()
        session.add(tenant)
        await session.flush()
        organization = Organization(public_id=uuid7(now), tenant_id=tenant.id, name="Bench", created_at=now)
        session.add(organization)
        await session.flush()
        workspace = Workspace(
            public_id=uuid7(now), organization_id=organization.id, name="Bench", created_at=now
        )
        session.add(workspace)
        session.add(
            Membership(organization_id=organization.id, user_id=user.id, role=Role.ADMIN, created_at=now)
        )
        await session.flush()
        assets = [
            Asset(
                public_id=uuid7(now),
                organization_id=organization.id,
                workspace_id=workspace.id,
                name=f"Asset {number}",
                created_at=now,
            )
            for number in range(ASSETS)
        ]
        publications = [
            Publication(
                public_id=uuid7(now),
                owner_id=user.id,
                name=f"Publication {number}",
                custom_url=f"publication-{number}",
                created_at=now,
            )
            for number in range(PUBLICATIONS)
        ]
        session.add_all([*assets, *publications])
    return assets, publications


async def stored(url: str) -> Stored:
    database = Database(url)
    async with database.writing() as session:
        connection = await session.connection()
        ids = (await connection.exec_driver_sql("SELECT id FROM events")).scalars().all()
        # A view that is engaged in is counted once more, and is no event.
        counted = "SELECT coalesce(sum(count), 0) FROM day_totals WHERE action <> 24"
        total = int((await connection.exec_driver_sql(counted)).scalar_one())
    await database.close()
    return Stored({UUID(bytes=id) if isinstance(id, bytes) else UUID(str(id)) for id in ids}, len(ids), total)
