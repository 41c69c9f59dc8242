"""Users, and who follows whom."""

from collections.abc import Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from auth.passwords import Passwords
from base.names import username_skeleton
from ingest.publication_revisions import raise_revision
from ingest.row_totals import add_follows
from ingest.topics import Topic, touch
from models import Follow, Publication, SubjectKind, Tenant, User
from resolvers.catalog.kind import CatalogKind, ReadRow, defaults_of
from resolvers.catalog.references import Target
from resolvers.catalog.rehearsal import AnyTables
from resolvers.catalog.rows import FollowRow, UserRow
from resolvers.catalog.tables import Columns
from resolvers.catalog.verdicts import Refused

_PASSWORDS: Final = Passwords()


class OwnTenant(CatalogKind):
    """A kind of objects that own events and totals."""

    async def new(self, tables: AnyTables, rows: Sequence[Columns], now: datetime) -> list[Columns]:
        tenants = await tables.add_alike(Tenant, defaults_of(Tenant), len(rows))
        owned = [{**row, "tenant_id": id} for row, id in zip(rows, tenants, strict=True)]
        return await super().new(tables, owned, now)


class UserKind(OwnTenant):
    name = "user"
    row = UserRow
    model = User
    known_by = (("legacy_id",), ("email",))
    unique = (("legacy_id",), ("email",), ("username",), ("username_skeleton",))
    words = MappingProxyType({"username_skeleton": "username, or one that looks like it"})
    required = ("email", "username")
    fixed = ("legacy_id",)

    def columns(self, read: ReadRow) -> Columns:
        columns = super().columns(read)
        if "username" in columns:
            columns["username_skeleton"] = username_skeleton(columns["username"])
        return columns

    def takes(self, name: str, stored: Columns, given: Columns) -> bool:
        """Accounts of before may have names that look alike, and keep them."""
        return name != "username_skeleton" or stored.get("username") != given.get("username")

    def changes(self, stored: Columns, given: Columns) -> Columns:
        """Whoever has signed in here keeps the password that was right then."""
        changed = super().changes(stored, given)
        if "username" not in changed:
            changed.pop("username_skeleton", None)
        if stored["password_hash"] and _PASSWORDS.is_current(stored["password_hash"]):
            changed.pop("password_hash", None)
        return changed


class FollowKind(CatalogKind):
    name = "follow"
    row = FollowRow
    model = Follow
    targets = (("follower", Target.USER), ("followed", Target.USER))
    known_by = (("follower_id", "followed_id"),)
    kept = ("created_at",)

    def columns(self, read: ReadRow) -> Columns:
        columns = super().columns(read)
        if columns["follower_id"] == columns["followed_id"]:
            raise Refused("ONESELF", "Nobody follows themselves.")
        return columns

    async def prepare(self, session: AsyncSession, rows: Sequence[Columns]) -> None:
        """These are more publications than `resolvers.people` finds, which costs less than to find those."""
        await raise_revision(session, col(Publication.owner_id).in_(_people(rows)))

    async def added(self, session: AsyncSession, rows: Sequence[Columns]) -> None:
        await add_follows(session, ((row["follower_id"], row["followed_id"]) for row in rows), 1)
        touch(session, *(Topic(SubjectKind.PROFILE, id) for id in _people(rows)))


def _people(rows: Sequence[Columns]) -> set[int]:
    return {id for row in rows for id in (row["follower_id"], row["followed_id"])}
