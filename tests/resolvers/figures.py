"""What the tests of mutations look at: a publication's figures, and the whole database."""

from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

from sqlalchemy import Row, select
from sqlmodel import SQLModel

from base.ids import Kind, global_id, uuid7
from database import Database
from tests.everything import everything
from tests.studio import START, Answer, Studio

URL = "ai-research-studio"
SIGN_IN_FIRST = {"code": "UNAUTHENTICATED"}
FORBIDDEN = {"code": "FORBIDDEN"}
NOT_FOUND = {"code": "NOT_FOUND"}
CONFLICT = {"code": "CONFLICT"}

_METRICS = """query($url: String!, $range: DateRange) { publication(url: $url) { metrics(range: $range) {
  totalViews totalLikes totalBookmarks totalShares totalComments totalAppointments monthlyActiveUsers
} } }"""


class Figures(NamedTuple):
    views: int = 0
    likes: int = 0
    bookmarks: int = 0
    shares: int = 0
    comments: int = 0
    appointments: int = 0
    active: int = 0


async def figures(
    studio: Studio, by: str = "owner", *, url: str = URL, within: tuple[str, str] | None = None
) -> Figures:
    """As the API shows them, all time unless a range is given."""
    bounds = {"start": within[0], "end": within[1]} if within else None
    answer = await studio.ask(_METRICS, by, url=url, range=bounds)
    return Figures(*answer.data["publication"]["metrics"].values())


def bad_input(argument: str, reason: str) -> dict[str, str]:
    return {"code": "BAD_USER_INPUT", "argument": argument, "reason": reason}


def winners(answers: Sequence[Answer]) -> int:
    """How many went well; every other one is a CONFLICT."""
    codes = [code for answer in answers for code, _ in answer.errors]
    assert set(codes) <= {"CONFLICT"}
    return len(answers) - len(codes)


def ids_of_no(kind: Kind, other: str) -> list[str]:
    """Unknown, of another kind (`other` is such an id), the same under a wrong prefix, and no ids at all."""
    _, _, encoded = other.partition("_")
    return [global_id(kind, uuid7(START)), other, f"{kind}_{encoded}", f"{kind}_", "nonsense", ""]


async def contents(database: Database) -> dict[str, set[Row[Any]]]:
    """Every row of every table, by the table's name."""
    async with database.engine.connect() as connection:
        rows = {
            table.name: set(await connection.execute(select(table)))
            for table in SQLModel.metadata.sorted_tables
        }
        await connection.rollback()
    return rows


@asynccontextmanager
async def unchanged(studio: Studio, *, but_for: Collection[str] = ()) -> AsyncIterator[None]:
    """What happens meanwhile leaves every row of every table as it is, but for these tables."""
    before = await everything(studio.services.database)
    yield
    after = await everything(studio.services.database)
    assert [name for name in before if name not in but_for and before[name] != after[name]] == []
