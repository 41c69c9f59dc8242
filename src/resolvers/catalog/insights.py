"""Insights, and the works in them."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from models import UserInsight, Work
from resolvers.catalog.checks import checked
from resolvers.catalog.kind import CatalogKind, Most, ReadRow, given_of
from resolvers.catalog.references import Target
from resolvers.catalog.rehearsal import AnyTables
from resolvers.catalog.rows import InsightRow, WorkItem, WorkRow
from resolvers.catalog.tables import Columns
from resolvers.insights import (
    MOST_WORKS,
    Given,
    GivenWork,
    checked_works,
    forgotten_accounts,
    insight_columns,
)
from social.targets import lock_insights

_SCORED = ("profile_views", "profile_searches", "in_app_plays")
"""Counts to which events add, each beside a column for the score."""


class WorkKind(CatalogKind):
    """A file names its user."""

    name = "work"
    row = WorkRow
    model = Work
    targets = (("user", Target.INSIGHT),)
    known_by = (("insight_id", "source_type", "item_id"),)
    list_column = "insight_id"
    most = Most("insight_id", MOST_WORKS, "works of an insight")

    def columns(self, read: ReadRow) -> Columns:
        insight = read.named(Target.INSIGHT, read.row.user)
        return {"insight_id": insight["id"], **_works([read.row], read.now)[0]}

    async def new(self, tables: AnyTables, rows: Sequence[Columns], now: datetime) -> list[Columns]:
        return await super().new(tables, [{"is_individual_work": False, **row} for row in rows], now)

    def changes(self, stored: Columns, given: Columns) -> Columns:
        return _with_scored(super().changes(stored, given))


WORK = WorkKind()


class InsightKind(CatalogKind):
    name = "insight"
    row = InsightRow
    model = UserInsight
    targets = (("user", Target.USER),)
    known_by = (("user_id",),)
    unique = (("user_id",), ("legacy_id",))
    fixed = ("legacy_id",)

    def columns(self, read: ReadRow) -> Columns:
        own = Given.__optional_keys__ - {"works"}
        given = {field: value for field, value in given_of(read.row).items() if field in own}
        return {**super().columns(read), **insight_columns(given)}

    def lists(self, read: ReadRow) -> Mapping[CatalogKind, list[Columns]]:
        return {} if read.row.works is None else {WORK: _works(read.row.works, read.now)}

    def changes(self, stored: Columns, given: Columns) -> Columns:
        changed = super().changes(stored, given)
        return {**forgotten_accounts(stored, changed), **_with_scored(changed)}

    async def prepare(self, session: AsyncSession, rows: Sequence[Columns]) -> None:
        await lock_insights(session, [row["id"] for row in rows if "id" in row])


def _with_scored(changed: Columns) -> Columns:
    """The score counts the same from now on."""
    return {**changed, **{f"{name}_scored": None for name in _SCORED if name in changed}}


def _works(given: Sequence[WorkItem], now: datetime) -> list[Columns]:
    """Raises Refused and BAD_USER_INPUT."""
    checked_works(
        [
            GivenWork(one.source_type, one.item_id, bool(one.is_individual_work), one.in_app_plays or 0)
            for one in given
        ]
    )
    return [
        {
            name: checked(name, value, now)
            for name, value in given_of(one).items()
            if name in WorkItem.__struct_fields__
        }
        for one in given
    ]
