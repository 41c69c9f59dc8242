"""Finds and mends totals of rows that differ from the number of their rows, while rows come and go."""

from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Collection, Sequence
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, ColumnElement, Select, cast, func, literal, or_, select, union_all
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession
from sqlmodel import SQLModel

from database import Database, bulk, table_of
from ingest.columns import EXPERIENCE_TOTALS, EXPERIENCES, FOLLOW_TOTALS, FOLLOWS, PUBLICATIONS, USERS
from ingest.discrepancy_rows import NONE, DiscrepancyRow
from ingest.publication_revisions import raise_revision
from models import ExperienceTotal, ExperienceType, FollowTotal

Key = tuple[int, ...]
Ids = Select[tuple[int]] | Sequence[int]

_AT_A_TIME = 500
_ROWS_AT_A_TIME = 2_000


class _Kind(NamedTuple):
    """A table of totals of rows. The first column of its key is the id of what a user owns."""

    model: type[SQLModel]
    key_columns: int
    parts: Sequence[Select[Any]]
    """What is stored, and what is counted: the key, then each stored number, then each counted one."""
    owned: Select[tuple[int, str, int]]
    """All ids, with the name and the tenant of the user who owns each."""
    stale: ColumnElement[int]
    """The column of publications that has such ids. Cached figures of these publications are stale when the
    totals are mended.
    """
    words: Callable[..., str]
    """What a key stands for."""
    value: Callable[..., str]

    def split(self, row: Sequence[int]) -> tuple[Key, Key, Key]:
        """The key, the stored numbers, and the counted ones."""
        first = self.key_columns
        middle = (first + len(row)) // 2
        return tuple(row[:first]), tuple(row[first:middle]), tuple(row[middle:])


def _part(*columns: ColumnElement[Any] | int) -> Select[Any]:
    """Makes a literal for each number. The columns of a subquery could not be told apart if two of them were
    the same literal.
    """
    return select(*(literal(one) if isinstance(one, int) else one for one in columns))


_FOLLOWS = _Kind(
    FollowTotal,
    1,
    (
        _part(FOLLOW_TOTALS.user_id, FOLLOW_TOTALS.followers_count, FOLLOW_TOTALS.following_count, 0, 0),
        _part(FOLLOWS.followed_id, 0, 0, 1, 0),
        _part(FOLLOWS.follower_id, 0, 0, 0, 1),
    ),
    select(USERS.id, USERS.username, USERS.tenant_id),
    PUBLICATIONS.owner_id,
    lambda user_id: f"user {user_id}",
    lambda followers, following: f"{followers} followers, {following} following",
)
_EXPERIENCES = _Kind(
    ExperienceTotal,
    2,
    (
        _part(EXPERIENCE_TOTALS.publication_id, EXPERIENCE_TOTALS.type, EXPERIENCE_TOTALS.count, 0),
        _part(EXPERIENCES.publication_id, EXPERIENCES.type, 0, 1),
    ),
    select(PUBLICATIONS.id, USERS.username, USERS.tenant_id).where(USERS.id == PUBLICATIONS.owner_id),
    PUBLICATIONS.id,
    lambda publication_id, type: f"publication {publication_id} {ExperienceType(type).name}",
    str,
)


async def row_discrepancies(
    database: Database, tenants: Collection[int] | None
) -> AsyncGenerator[DiscrepancyRow, None]:
    """A row for each discrepancy of these tenants, or of all."""
    async with database.snapshot() as connection:
        for kind in (_FOLLOWS, _EXPERIENCES):
            async for name, row in _found(connection, kind, tenants):
                key, stored, counted = kind.split(row)
                yield DiscrepancyRow(
                    *(table_of(kind.model).name, name, kind.words(*key), *(NONE,) * 4),
                    *(kind.value(*numbers) if any(numbers) else NONE for numbers in (stored, counted)),
                )


async def mend_row_totals(database: Database, tenants: Collection[int] | None) -> Counter[str]:
    """Mends the totals of these tenants, or of all. Returns how many were wrong, by tenant."""
    mended: Counter[str] = Counter()
    for kind in (_FOLLOWS, _EXPERIENCES):
        async with database.snapshot() as connection:
            wrong = {kind.split(row)[0]: name async for name, row in _found(connection, kind, tenants)}
        keys = sorted(wrong)
        for start in range(0, len(keys), _AT_A_TIME):
            async with database.writing() as session:
                rows = await _mend(session, kind, keys[start : start + _AT_A_TIME])
            mended.update(wrong[key] for key in rows)
    return mended


async def _mend(session: AsyncSession, kind: _Kind, keys: Sequence[Key]) -> list[Key]:
    """Locks the totals before it counts. Whoever adds or removes a row meanwhile changes its total later.

    Totals are locked, or made and locked, one after the other as `row_totals` does it. Otherwise two
    transactions could wait for each other in a circle.
    """
    ids = sorted({key[0] for key in keys})
    await raise_revision(session, kind.stale.in_(ids))
    writer = await bulk(session)
    names = [column.name for column in table_of(kind.model).columns][kind.key_columns :]
    nothing = [(*key, *(0 for _ in names)) for key in sorted(keys)]
    await writer.upsert(kind.model, nothing, f"{names[0]} = t.{names[0]}")
    rows = [kind.split(row) for row in await session.execute(_differing(kind, ids))]
    locked = set(keys)
    counted = {key: numbers for key, _, numbers in rows if key in locked}
    change = ", ".join(f"{name} = excluded.{name}" for name in names)
    await writer.upsert(kind.model, [(*key, *numbers) for key, numbers in sorted(counted.items())], change)
    return list(counted)


async def _found(
    connection: AsyncConnection, kind: _Kind, tenants: Collection[int] | None
) -> AsyncIterator[tuple[str, Sequence[int]]]:
    """The name of the owner, and the row."""
    owned = kind.owned if tenants is None else kind.owned.where(USERS.tenant_id.in_(tenants))
    theirs = owned.subquery()
    found = _differing(kind, None if tenants is None else select(theirs.c[0])).subquery()
    named = select(theirs.c[1], *found.c).join(theirs, theirs.c[0] == found.c[0]).order_by(*found.c)
    result = await connection.stream(named, execution_options={"yield_per": _ROWS_AT_A_TIME})
    async for name, *row in result:
        yield name, row


def _differing(kind: _Kind, ids: Ids | None) -> Select[Any]:
    """Of these ids, or of all."""
    parts = [part if ids is None else part.where(part.selected_columns[0].in_(ids)) for part in kind.parts]
    columns = list(union_all(*parts).subquery().c)
    key = columns[: kind.key_columns]
    numbers = [cast(func.sum(column), BigInteger) for column in columns[kind.key_columns :]]
    half = len(numbers) // 2
    differs = or_(
        *(stored != counted for stored, counted in zip(numbers[:half], numbers[half:], strict=True))
    )
    return select(*key, *numbers).group_by(*key).having(differs)
