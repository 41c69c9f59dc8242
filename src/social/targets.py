"""The targets of networks: works and accounts. Those that wait longest come first, a page at a time."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, ColumnElement, Select, bindparam, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import SQLModel

from database import Database, Statement, among, change_rows, table_of
from models import NEVER, Instant, Network, SourceType, UserInsight, Work

INSIGHTS = table_of(UserInsight).c
WORKS = table_of(Work).c

ACCOUNTS: Mapping[str, str] = MappingProxyType(
    {"twitter": "twitter_handle", "facebook_page": "facebook_page_id", "instagram": "instagram_handle"}
)
"""For each account, the prefix of its columns and the column with its name."""
TARGETS_OF_A_PAGE = 1_000
"""How many of each network are in memory at a time."""

_LOCKED = (
    select(INSIGHTS.id).where(among(INSIGHTS.id, "ids")).order_by(INSIGHTS.id).with_for_update(key_share=True)
)


async def lock_insights(session: AsyncSession, ids: Collection[int]) -> None:
    """Call it first in a transaction. It locks in one order, so that writers never wait in a circle."""
    await session.execute(_LOCKED, {"ids": list(ids)})


class Target(NamedTuple):
    asked_at: datetime
    id: int
    insight_id: int
    name: str | int
    """Its name on the network, as the user gave it."""


class TargetScope(NamedTuple):
    before: datetime
    """Targets that were asked for earlier."""
    user_id: int | None = None
    """If not None, the targets of this user alone."""


class Targets:
    """The targets of one network: rows of a table, with columns for the count and for when it was asked
    for.
    """

    def __init__(
        self,
        model: type[SQLModel],
        named: str,
        count: str,
        prefix: str,
        condition: ColumnElement[bool],
    ) -> None:
        columns = table_of(model).c
        self._model = model
        self._named = named
        self._count = count
        self._asked_at = f"{prefix}asked_at"
        self._refreshed_at = f"{prefix}refreshed_at"
        asked_at = columns[self._asked_at]
        insight_id = columns.get("insight_id", columns.id)
        place = tuple_(asked_at, columns.id)
        start = tuple_(bindparam("asked_at", type_=Instant()), bindparam("id", type_=BigInteger()))
        due = select(asked_at, columns.id, insight_id, columns[named]).where(
            condition, asked_at < bindparam("before", type_=Instant())
        )
        page = due.where(place > start).order_by(asked_at, columns.id).limit(TARGETS_OF_A_PAGE)
        self._pages = _for_all_and_one(page, insight_id, Target)
        counted = due.with_only_columns(func.count(), maintain_column_froms=True)
        self._counts = _for_all_and_one(counted, insight_id, int)

    async def page(self, database: Database, scope: TargetScope, last: Target | None) -> list[Target]:
        """The page after `last`, or the first one."""
        asked_at, id = (last.asked_at, last.id) if last else (NEVER, 0)
        statement, parameters = _chosen(self._pages, scope)
        return await database.fetch(statement, asked_at=asked_at, id=id, **parameters)

    async def count(self, database: Database, scope: TargetScope) -> int:
        statement, parameters = _chosen(self._counts, scope)
        (counted,) = await database.fetch(statement, **parameters)
        return int(counted)

    async def write(
        self,
        session: AsyncSession,
        counted: Sequence[tuple[Target, int]],
        uncounted: Sequence[Target],
        now: datetime,
    ) -> None:
        """Writes the counts, and when they were asked for; of the uncounted, only when they were asked for.

        If a handle was changed meanwhile, nothing is written for it: the count is another account's.
        """
        targets = [*(target for target, _ in counted), *uncounted]
        await lock_insights(session, {target.insight_id for target in targets})
        match = ("id", self._named)
        await change_rows(
            session,
            self._model,
            match,
            (self._count, self._refreshed_at, self._asked_at),
            [(target.id, target.name, count, now, now) for target, count in counted],
        )
        await change_rows(
            session,
            self._model,
            match,
            (self._asked_at,),
            [(target.id, target.name, now) for target in uncounted],
        )


def _for_all_and_one(
    statement: Select[Any], insight_id: ColumnElement[int], row: Any
) -> tuple[Statement[Any], Statement[Any]]:
    user = select(INSIGHTS.id).where(INSIGHTS.user_id == bindparam("user_id", type_=BigInteger()))
    return Statement(statement, row), Statement(
        statement.where(insight_id == user.correlate(None).scalar_subquery()), row
    )


def _chosen(
    statements: tuple[Statement[Any], Statement[Any]], scope: TargetScope
) -> tuple[Statement[Any], dict[str, Any]]:
    if scope.user_id is None:
        return statements[0], {"before": scope.before}
    return statements[1], {"before": scope.before, "user_id": scope.user_id}


def _plays(source: SourceType) -> Targets:
    return Targets(Work, "item_id", "non_app_plays", "", WORKS.source_type == source)


def _followers(account: str) -> Targets:
    named = ACCOUNTS[account]
    return Targets(
        UserInsight, named, f"{account}_followers_count", f"{account}_", INSIGHTS[named].is_not(None)
    )


TARGETS = MappingProxyType(
    {
        Network.YOUTUBE: _plays(SourceType.YOUTUBE),
        Network.SOUNDCLOUD: _plays(SourceType.SOUNDCLOUD),
        Network.X: _followers("twitter"),
        Network.FACEBOOK: _followers("facebook_page"),
        Network.INSTAGRAM: _followers("instagram"),
    }
)
