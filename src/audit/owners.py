from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from base.ids import Kind, global_id
from models import Organization, User


class Owner(NamedTuple):
    """The user or organization whose numbers a tenant has."""

    object: str | None
    """The global id; None if it is gone."""
    organization: int | None = None
    account: int | None = None


async def owner_of(session: AsyncSession, tenant_id: int) -> Owner:
    for model, kind in ((Organization, Kind.ORGANIZATION), (User, Kind.USER)):
        statement = select(col(model.id), col(model.public_id)).where(col(model.tenant_id) == tenant_id)
        if found := (await session.execute(statement)).first():
            id, public_id = found
            object = global_id(kind, public_id)
            return Owner(object, organization=id) if kind is Kind.ORGANIZATION else Owner(object, account=id)
    return Owner(None)
