"""What becomes of invitations when those who sent them, or those whom they reach, have other rights."""

from datetime import datetime

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from database import Database
from models import Invitation, Role


async def forget_sent(
    session: AsyncSession, organization_id: int, inviter_id: int, role: Role | None = None
) -> None:
    """Withdraws what a member has sent and could not send any more with this role, or as none."""
    sent = delete(Invitation).where(
        col(Invitation.organization_id) == organization_id, col(Invitation.inviter_id) == inviter_id
    )
    if role is Role.OWNER:
        return
    if role is Role.ADMIN:
        sent = sent.where(col(Invitation.role) == Role.OWNER)
    await session.execute(sent)


async def forget_to_member(session: AsyncSession, organization_id: int, user_id: int) -> None:
    """Withdraws what waits for the user's yes in the organization and its workspaces."""
    await session.execute(
        delete(Invitation).where(
            col(Invitation.organization_id) == organization_id, col(Invitation.user_id) == user_id
        )
    )


async def forget_to_co_creator(session: AsyncSession, publication_id: int, user_id: int) -> None:
    await session.execute(
        delete(Invitation).where(
            col(Invitation.publication_id) == publication_id, col(Invitation.user_id) == user_id
        )
    )


async def forget_expired_invitations(database: Database, now: datetime) -> None:
    async with database.writing(is_change=False) as session:
        await session.execute(delete(Invitation).where(col(Invitation.expires_at) <= now))
