"""Two who share a server: one behaves, and one does not. Each has what a small studio has."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import msgspec
from sqlalchemy import insert, select
from sqlmodel import col

from auth.tokens import Claims, Signer
from base.ids import Kind, global_id, uuid7
from bench.all_time import all_time_from_months
from bench.world import SECRET, World, made_world
from database import Database, table_of
from models import Action, Asset, DayTotal, Domain, MonthTotal, Organization, Publication, User
from server.accounts import create_user

PASSWORD = "correct horse battery"  # noqa: S105
EMAIL = "healthy@b.test"
DAYS = 120
SITES = 40
_PUBLICATIONS = 5


class Neighbours(msgspec.Struct):
    url: str
    """Of the database."""
    healthy: str
    """A token."""
    publications: list[str]
    """Custom URLs: of the healthy one."""
    publication_ids: list[str]
    abuser: str
    """A token: of an admin of the organization."""
    organization: str
    assets: list[str]
    tenant: int
    """Of the organization."""


async def made_neighbours(url: str) -> Neighbours:
    world = await made_world(url)
    database = Database(url)
    try:
        return await _settled(database, world)
    finally:
        await database.close()


async def _settled(database: Database, world: World) -> Neighbours:
    now = datetime.now(UTC)
    user = await create_user(database, now, email=EMAIL, username="healthy", password=PASSWORD, name=None)
    made = [
        Publication(
            public_id=uuid7(now),
            owner_id=user.id,
            name=f"Healthy {number}",
            custom_url=f"healthy-{number}",
            created_at=now,
        )
        for number in range(_PUBLICATIONS)
    ]
    async with database.writing() as session:
        session.add_all(made)
        await session.flush()
        organization = (await session.execute(select(Organization))).scalar_one()
        assets = (await session.execute(select(Asset).order_by(col(Asset.id)))).scalars().all()
        connection = await session.connection()
        await connection.execute(
            insert(table_of(Domain)), [{"name": f"site{number}.example.com"} for number in range(SITES)]
        )
        sites = (await session.execute(select(col(Domain.id)))).scalars().all()
        days, months = _totals(organization.tenant_id, [asset.id for asset in assets], sites, now)
        await connection.execute(insert(table_of(DayTotal)), days)
        await connection.execute(insert(table_of(MonthTotal)), months)
        await connection.execute(all_time_from_months())
    return Neighbours(
        url=world.url,
        healthy=_token(user, now),
        publications=[row.custom_url for row in made],
        publication_ids=[global_id(Kind.PUBLICATION, row.public_id) for row in made],
        abuser=world.token,
        organization=global_id(Kind.ORGANIZATION, organization.public_id),
        assets=world.assets,
        tenant=organization.tenant_id,
    )


def _token(user: User, now: datetime) -> str:
    signer = Signer([SECRET], lifetime=timedelta(hours=4), issuer="viewgraph", audience="viewgraph")
    return signer.issue(Claims(user.public_id), now).text


def _totals(
    tenant: int, assets: Sequence[int], sites: Sequence[int], now: datetime
) -> tuple[list[dict[str, object]], list[dict[str, object]]]:
    """Each asset was seen on each day, on two sites and by two kinds of device."""
    months: Counter[tuple[int, date, int, int]] = Counter()
    days: list[dict[str, object]] = []
    common = {"tenant_id": tenant, "action": Action.VIEW_3D}
    for number, asset in enumerate(assets):
        for back in range(1, DAYS + 1):
            day = now.date() - timedelta(days=back)
            for device in (1, 2):
                site = sites[(2 * number + device) % len(sites)]
                months[asset, day.replace(day=1), device, site] += 1
                days.append(
                    common
                    | {"subject_id": asset, "day": day, "device": device, "domain_id": site, "count": 1}
                )
    return days, [
        common | {"subject_id": asset, "month": month, "device": device, "domain_id": site, "count": count}
        for (asset, month, device, site), count in months.items()
    ]
