"""What the networks are asked about: the longest waiting first, a page at a time, and what they told."""

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
"""How the columns of an account begin, and the one that names it."""
TARGETS_OF_A_PAGE = 1_000
"""So many are in memory at a time, of each network."""

_LOCKED = (
    select(INSIGHTS.id).where(among(INSIGHTS.id, "ids")).order_by(INSIGHTS.id).with_for_update(key_share=True)
)


async def lock_insights(session: AsyncSession, ids: Collection[int]) -> None:
    """First in its transaction, and in one order: so writers of insights and works never wait in a circle."""
    await session.execute(_LOCKED, {"ids": list(ids)})


class Target(NamedTuple):
    asked_at: datetime
    id: int
    insight_id: int
    name: str | int
    """By which its network knows it; as the user gave it."""


class TargetScope(NamedTuple):
    before: datetime
    """Those that were asked for earlier."""
    user_id: int | None = None
    """Of this user alone."""


class Targets:
    """Of one network: rows of a table, with the columns that say when they were asked for and told."""

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
        """The next after `last`, or the first."""
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
        told: Sequence[tuple[Target, int]],
        untold: Sequence[Target],
        now: datetime,
    ) -> None:
        """What was told is kept; of the untold, only that they were asked for. Who changed a handle meanwhile
        gets nothing: the figure is another account's."""
        await lock_insights(
            session, {target.insight_id for target, _ in told} | {t.insight_id for t in untold}
        )
        match = ("id", self._named)
        await change_rows(
            session,
            self._model,
            match,
            (self._count, self._refreshed_at, self._asked_at),
            [(target.id, target.name, count, now, now) for target, count in told],
        )
        await change_rows(
            session,
            self._model,
            match,
            (self._asked_at,),
            [(target.id, target.name, now) for target in untold],
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
