"""Whom a soak is about: a maker with publications and assets, and people who like what they see."""

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from sqlalchemy import select

from auth.tokens import Claims, Signer
from base.ids import Kind, global_id
from bench.world import SECRET, made_world
from database import Database
from models import Organization
from server.accounts import create_user

PEOPLE = 5


class Company(NamedTuple):
    url: str
    maker: str
    """A token."""
    organization: str
    assets: list[str]
    publications: list[str]
    custom_urls: list[str]
    people: list[str]
    """Tokens."""


async def made_company(url: str) -> Company:
    world = await made_world(url)
    now = datetime.now(UTC)
    signer = Signer([SECRET], lifetime=timedelta(hours=4), issuer="viewgraph", audience="viewgraph")
    database = Database(url)
    try:
        people = [
            await create_user(
                database, now, email=f"p{number}@b.test", username=f"person{number}", password=None, name=None
            )
            for number in range(PEOPLE)
        ]
        async with database.writing() as session:
            organization = (await session.execute(select(Organization))).scalar_one()
    finally:
        await database.close()
    return Company(
        url,
        world.token,
        global_id(Kind.ORGANIZATION, organization.public_id),
        world.assets,
        world.publications,
        [f"publication-{number}" for number in range(len(world.publications))],
        [signer.issue(Claims(person.public_id), now).text for person in people],
    )
