"""Insights: what users say about themselves."""

import re
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple, TypedDict

from sqlalchemy import delete, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from base.errors import BadUserInput, Conflict
from base.ids import Kind, uuid7
from base.numbers import LARGEST, LARGEST_INT, LARGEST_SELF_REPORTED
from figures.insights import PLAYED, SEARCHED, VIEWED
from loaders.all_time import AllTimeCounts, AllTimeKey
from loaders.insights import InsightByUser, InsightRow, WorkRow, WorksOfInsight
from models import NEVER, SourceType, UserInsight, Work
from resolvers.changes import Checks, checked_changes
from resolvers.context import Context
from resolvers.ids import find_user, no_such
from resolvers.makers import as_written
from resolvers.text_arguments import camel
from social.targets import ACCOUNTS, lock_insights

MOST_WORKS = 500
_TWITTER = re.compile(r"[A-Za-z0-9_]{1,15}")
_INSTAGRAM = re.compile(r"(?!.*\.\.)[A-Za-z0-9_](?:[A-Za-z0-9_.]{0,28}[A-Za-z0-9_])?")
_ITEM = re.compile(r"[^\s\x00-\x1f](?:[^\x00-\x1f]{0,198}[^\s\x00-\x1f])?")
"""Wider than the rules of both sources: an id that its source does not know has no figures there."""


class GivenWork(NamedTuple):
    source_type: SourceType
    item_id: str
    is_individual_work: bool
    in_app_plays: int


_LARGEST_COUNTS = {
    "number_of_roles": LARGEST_INT,
    "number_of_acts": LARGEST_INT,
    "profile_views": LARGEST_SELF_REPORTED,
    "profile_searches": LARGEST_SELF_REPORTED,
    "connects": LARGEST_SELF_REPORTED,
}


class Given(TypedDict, total=False):
    """What a user gives. None clears what a user need not have."""

    has_about: bool | None
    number_of_roles: int | None
    number_of_acts: int | None
    profile_views: int | None
    profile_searches: int | None
    connects: int | None
    facebook_page_id: int | None
    twitter_handle: str | None
    instagram_handle: str | None
    works: Sequence[GivenWork] | None


async def insight_of(context: Context, user_id: str) -> InsightRow:
    user = await find_user(context, user_id)
    row = await context.loaders[InsightByUser].load(user.id)
    if row is None:
        raise no_such(Kind.USER_INSIGHT)
    return row


async def create_insight(context: Context, given: Given) -> InsightRow:
    """Makes the viewer's insight. None is the same as what is not given. Raises CONFLICT if there is one
    already."""
    user_id = context.viewer.required_user_id()
    columns = insight_columns({name: value for name, value in given.items() if value is not None})
    works = columns.pop("works", ())
    insight = UserInsight(public_id=uuid7(context.now), user_id=user_id, created_at=context.now, **columns)
    async with context.writing() as session:
        session.add(insight)
        try:
            await session.flush()
        except IntegrityError:
            raise Conflict("There is an insight of this user already.") from None
        session.add_all(_new_work(insight.id, work) for work in works)
    return await as_written(context, InsightByUser, user_id)


async def update_insight(context: Context, given: Given) -> InsightRow:
    """Changes the viewer's insight. Counts that events raise become what is given, and later events add to
    that."""
    user_id = context.viewer.required_user_id()
    known = await context.loaders[InsightByUser].load(user_id)
    if known is None:
        raise no_such(Kind.USER_INSIGHT)
    columns = insight_columns(given)
    works = columns.pop("works", None)
    for fold in (VIEWED, SEARCHED):
        if fold.column in columns:
            key = AllTimeKey(known.tenant_id, known.user_id, fold.action)
            columns |= fold.columns(columns[fold.column], await context.loaders[AllTimeCounts].load(key))
    columns |= forgotten_accounts(known._asdict(), columns)
    async with context.writing() as session:
        await lock_insights(session, [known.id])
        if columns:
            statement = update(UserInsight).where(col(UserInsight.id) == known.id)
            await session.execute(statement.values(columns))
        if works is not None:
            await _change_works(context, session, known, works)
    return await as_written(context, InsightByUser, user_id)


def forgotten_accounts(known: Mapping[str, Any], columns: Mapping[str, Any]) -> dict[str, Any]:
    """What is forgotten of accounts that are no longer the user's. Upper and lower case in a handle are
    the same."""
    forgotten: dict[str, Any] = {}
    for account, named in ACCOUNTS.items():
        if named in columns and _lower(columns[named]) != _lower(known[named]):
            forgotten[f"{account}_followers_count"] = None
            forgotten[f"{account}_refreshed_at"] = None
            forgotten[f"{account}_asked_at"] = NEVER
    return forgotten


def _lower(account: str | int | None) -> str | None:
    return None if account is None else str(account).lower()


async def _change_works(
    context: Context, session: AsyncSession, insight: InsightRow, given: Sequence[GivenWork]
) -> None:
    """A work that stays keeps its events. A work that is no longer given is deleted."""
    known = {
        (row.source_type, row.item_id): row for row in await context.loaders[WorksOfInsight].load(insight.id)
    }
    kept = {(work.source_type, work.item_id) for work in given}
    gone = [row.id for key, row in known.items() if key not in kept]
    await session.execute(delete(Work).where(col(Work.id).in_(gone)))
    for work in given:
        row = known.get((work.source_type, work.item_id))
        if row is None:
            session.add(_new_work(insight.id, work))
        else:
            await _change_work(context, session, row, work)


async def _change_work(context: Context, session: AsyncSession, row: WorkRow, given: GivenWork) -> None:
    ever = await context.loaders[AllTimeCounts].load(AllTimeKey(row.tenant_id, row.id, PLAYED.action))
    await session.execute(
        update(Work)
        .where(col(Work.id) == row.id)
        .values(
            is_individual_work=given.is_individual_work,
            **PLAYED.columns(given.in_app_plays, ever),
        )
    )


def _new_work(insight_id: int, work: GivenWork) -> Work:
    return Work(
        insight_id=insight_id,
        source_type=work.source_type,
        item_id=work.item_id,
        is_individual_work=work.is_individual_work,
        in_app_plays=work.in_app_plays,
    )


def insight_columns(given: Mapping[str, Any]) -> dict[str, Any]:
    """The columns of what is given, and the works, after they were checked."""
    return checked_changes(given, _CHECKS, nullable=_NULLABLE)


def _count(value: int, name: str, largest: int = LARGEST_SELF_REPORTED) -> int:
    if not 0 <= value <= largest:
        raise _invalid(camel(name), f"`{camel(name)}` is a number from 0 to {largest:,}.")
    return value


def _page_id(value: int) -> int:
    if not 0 < value <= LARGEST:
        raise _invalid("facebookPageId", "A Facebook page id is a positive number.")
    return value


def _handle(text: str, name: str, pattern: re.Pattern[str]) -> str:
    handle = text.strip().removeprefix("@")
    if not pattern.fullmatch(handle):
        raise _invalid(camel(name), f"`{camel(name)}` is no handle of that network.")
    return handle


def checked_works(works: Sequence[GivenWork]) -> Sequence[GivenWork]:
    if len(works) > MOST_WORKS:
        raise _invalid("works", f"At most {MOST_WORKS} works.")
    for place, work in enumerate(works):
        if not _ITEM.fullmatch(work.item_id):
            raise _invalid(f"works.{place}.itemId", f"`{work.item_id[:50]}` is no id of that source.")
        _count(work.in_app_plays, "in_app_plays")
    if len({(work.source_type, work.item_id) for work in works}) < len(works):
        raise _invalid("works", "A work stands there twice.")
    return works


def _invalid(argument: str, message: str) -> BadUserInput:
    return BadUserInput(message, argument=argument, reason="INVALID_INSIGHT")


_NULLABLE = frozenset(ACCOUNTS.values())
_CHECKS: Checks = {
    **{name: partial(_count, name=name, largest=largest) for name, largest in _LARGEST_COUNTS.items()},
    "facebook_page_id": _page_id,
    "twitter_handle": partial(_handle, name="twitter_handle", pattern=_TWITTER),
    "instagram_handle": partial(_handle, name="instagram_handle", pattern=_INSTAGRAM),
    "works": checked_works,
}
