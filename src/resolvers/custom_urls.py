"""Custom URLs that publications gave up. They lead there, and are kept from others for a while."""

from datetime import datetime

from sqlalchemy import delete, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from base.errors import Conflict
from database import insert_into
from ingest.deletions.tombstones import hidden_url
from models import FormerUrl


def taken(custom_url: str) -> Conflict:
    return Conflict(f"The custom URL `{custom_url}` is taken.")


async def take_url(session: AsyncSession, url: str, publication_id: int, now: datetime) -> None:
    """Call it after the publication has it: then whoever gave it up at the same moment has done so. Raises
    CONFLICT if it is still kept for somebody else.
    """
    another = or_(col(FormerUrl.publication_id).is_(None), col(FormerUrl.publication_id) != publication_id)
    kept = select(col(FormerUrl.url)).where(
        col(FormerUrl.url).in_([url, hidden_url(url)]), another, col(FormerUrl.free_from) > now
    )
    if (await session.execute(kept)).first():
        raise taken(url)
    await session.execute(delete(FormerUrl).where(col(FormerUrl.url).in_([url, hidden_url(url)])))


async def keep_url(session: AsyncSession, url: str, publication_id: int, free_from: datetime) -> None:
    """The publication has another one now."""
    row = {"url": url, "publication_id": publication_id, "free_from": free_from}
    kept = insert_into(session, FormerUrl).values(row)
    changed = {name: kept.excluded[name] for name in ("publication_id", "free_from")}
    await session.execute(kept.on_conflict_do_update(index_elements=["url"], set_=changed))
