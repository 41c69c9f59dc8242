"""What can be read together with rows: the table of `ReadWith`."""

from collections.abc import Collection, Sequence
from datetime import timedelta
from itertools import repeat
from typing import Any, TypeAlias

from sqlalchemy import BigInteger, bindparam, func, select

from database import counts_where, made_of, table_of
from figures.engagement import ACTIVE_USERS
from loaders.active_users import IS_ON_PUBLICATION, ActiveUntilNow
from loaders.ahead import ReadWith, Row
from loaders.assets import ASSETS, AssetRow
from loaders.base import Loader
from loaders.engagement import ExperienceCountsOfPublication
from loaders.organizations import WORKSPACE_COLUMNS, WORKSPACES, WorkspaceById, WorkspaceRow
from loaders.people import (
    FOLLOW_TOTALS,
    USER_COLUMNS,
    USERS,
    SocialCounts,
    SocialCountsByUser,
    UserById,
    UserRow,
)
from loaders.publications import (
    CO_CREATORS,
    EXPERIENCE_TOTALS,
    PUBLICATIONS,
    IsCoCreator,
    PublicationRow,
)
from loaders.subject_totals import TotalsOfSubject
from loaders.totals import ACTIVE, SUBJECTS
from models import FollowTotal, Instant, Workspace

_AnyLoader: TypeAlias = type[Loader[Any, Any]]


def _as_read(column: Sequence[Any]) -> Sequence[Any]:
    return column


def _active(days: int) -> ReadWith:
    parameter = f"active_{days}"
    return ReadWith(
        row=PublicationRow,
        loader=ActiveUntilNow,
        columns=(
            select(func.count())
            .where(
                ACTIVE.tenant_id == USERS.tenant_id,
                IS_ON_PUBLICATION,
                ACTIVE.subject_id == PUBLICATIONS.id,
                ACTIVE.last_active_at >= bindparam(parameter, type_=Instant()),
            )
            .scalar_subquery(),
        ),
        values=_as_read,
        keys=lambda of, _: zip(of.tenant_id, of.id, repeat(days)),
        given={parameter: lambda asking: asking.now - timedelta(days=days)},
    )


_OF_PUBLICATION = (
    ReadWith(
        row=PublicationRow,
        loader=UserById,
        columns=USER_COLUMNS,
        values=lambda *columns: made_of(UserRow, columns),
        keys=lambda of, _: of.owner_id,
    ),
    ReadWith(
        row=PublicationRow,
        loader=SocialCountsByUser,
        columns=(FOLLOW_TOTALS.followers_count, FOLLOW_TOTALS.following_count),
        # Whoever never followed and was never followed has no row.
        values=lambda *columns: made_of(SocialCounts, [[count or 0 for count in one] for one in columns]),
        keys=lambda of, _: of.owner_id,
        joins=((table_of(FollowTotal), FOLLOW_TOTALS.user_id == PUBLICATIONS.owner_id),),
    ),
    ReadWith(
        row=PublicationRow,
        loader=ExperienceCountsOfPublication,
        columns=(
            counts_where(
                EXPERIENCE_TOTALS.type,
                EXPERIENCE_TOTALS.count,
                EXPERIENCE_TOTALS.publication_id == PUBLICATIONS.id,
            ),
        ),
        values=_as_read,
        keys=lambda of, _: of.id,
    ),
    ReadWith(
        row=PublicationRow,
        loader=TotalsOfSubject,
        columns=(
            counts_where(
                SUBJECTS.action,
                SUBJECTS.count,
                SUBJECTS.tenant_id == USERS.tenant_id,
                SUBJECTS.subject_id == PUBLICATIONS.id,
            ),
        ),
        values=_as_read,
        keys=lambda of, _: zip(of.tenant_id, of.id, strict=True),
    ),
    *(_active(users.days) for users in ACTIVE_USERS),
    ReadWith(
        row=PublicationRow,
        loader=IsCoCreator,
        columns=(
            select(CO_CREATORS.user_id)
            .where(
                CO_CREATORS.publication_id == PUBLICATIONS.id,
                CO_CREATORS.user_id == bindparam("person", type_=BigInteger()),
            )
            .scalar_subquery(),
        ),
        values=lambda user_ids: [user_id is not None for user_id in user_ids],
        # Nobody has the id 0, and nobody asks for it.
        keys=lambda of, asking: zip(of.id, repeat(asking.person_id or 0)),
        given={"person": lambda asking: asking.person_id},
    ),
)
_OF_ASSET = (
    ReadWith(
        row=AssetRow,
        loader=WorkspaceById,
        columns=WORKSPACE_COLUMNS,
        values=lambda *columns: made_of(WorkspaceRow, columns),
        keys=lambda of, _: of.workspace_id,
        joins=((table_of(Workspace), WORKSPACES.id == ASSETS.workspace_id),),
    ),
)
_READ_WITH: dict[Row, tuple[ReadWith, ...]] = {PublicationRow: _OF_PUBLICATION, AssetRow: _OF_ASSET}


_ALWAYS: dict[Row, tuple[_AnyLoader, ...]] = {AssetRow: (WorkspaceById,)}
"""What is asked for of each row, whatever is selected: its workspace says who may know of an asset."""


def readable_with(row: Row, loaders: Collection[_AnyLoader]) -> tuple[ReadWith, ...]:
    """Always in the same order, so that each set of loaders has one text."""
    asked = {*loaders, *_ALWAYS.get(row, ())}
    return tuple(entry for entry in _READ_WITH.get(row, ()) if entry.loader in asked)


def and_what_it_asks(loader: _AnyLoader, *, is_of_all_time: bool) -> set[_AnyLoader]:
    """The loader, and the loaders that it asks for each of its keys."""
    found = {loader}
    for other in (*loader.reads, *(loader.reads_of_all_time if is_of_all_time else ())):
        found |= and_what_it_asks(other, is_of_all_time=is_of_all_time)
    return found
