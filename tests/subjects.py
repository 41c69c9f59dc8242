"""What events can happen to, beyond the studio's publication; and the events that were stored."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import func, select
from sqlmodel import SQLModel, col

from base.ids import Kind, global_id, parse_global_id, uuid7
from models import (
    Action,
    Asset,
    AssetDomain,
    DayTotal,
    Event,
    MonthTotal,
    SourceType,
    SubjectTotal,
    UserInsight,
    Work,
    Workspace,
)
from tests.studio import Studio


class Subjects(NamedTuple):
    """One of each kind, as events name them; each has another owner."""

    publication: dict[str, Any]
    asset: dict[str, Any]
    profile: dict[str, Any]
    work: dict[str, Any]


ACTIONS = {
    "publication": ["VIEW", "SHARE"],
    "asset": ["VIEW_3D", "AR_CLICK", "AR_SCAN", "INTERACTION"],
    "profile": ["PROFILE_VIEW", "PROFILE_SEARCH"],
    "work": ["PLAY"],
}


async def add_subjects(studio: Studio) -> Subjects:
    """The owner's publication, an asset of the first workspace, the stranger's profile and its work."""
    stranger = studio.people["stranger"]
    return Subjects(
        {"publicationId": studio.publication},
        {"assetId": await add_asset(studio)},
        {"profileUserId": stranger.id},
        {"work": await add_work(studio, "stranger")},
    )


async def add_asset(studio: Studio, *, workspace: int = 0, domains: Sequence[str] = ()) -> str:
    """Its global id."""
    _, public_id = parse_global_id(studio.workspaces[workspace])
    async with studio.services.database.writing() as session:
        found = await session.execute(
            select(col(Workspace.id), col(Workspace.organization_id)).where(
                col(Workspace.public_id) == public_id
            )
        )
        workspace_id, organization_id = found.one()
        asset = Asset(
            public_id=uuid7(studio.clock.now),
            organization_id=organization_id,
            workspace_id=workspace_id,
            name="Oak Chair",
            created_at=studio.clock.now,
        )
        session.add(asset)
        await session.flush()
        session.add_all(AssetDomain(asset_id=asset.id, name=name) for name in domains)
    return global_id(Kind.ASSET, asset.public_id)


async def add_work(studio: Studio, by: str, item_id: str = "dQw4w9WgXcQ") -> dict[str, str]:
    """Its key, as events name it."""
    person = studio.people[by]
    async with studio.services.database.writing() as session:
        insight = UserInsight(
            public_id=uuid7(studio.clock.now), user_id=person.row.id, created_at=studio.clock.now
        )
        session.add(insight)
        await session.flush()
        session.add(
            Work(
                insight_id=insight.id,
                source_type=SourceType.YOUTUBE,
                item_id=item_id,
                is_individual_work=True,
            )
        )
    return {"userId": person.id, "sourceType": "YOUTUBE", "itemId": item_id}


async def stored_events(studio: Studio) -> list[Event]:
    """By their ids."""
    async with studio.services.database.writing() as session:
        return list((await session.execute(select(Event).order_by(col(Event.id)))).scalars())


async def totals(studio: Studio) -> Counter[Action]:
    """Of all subjects together, by day; those by month and of all time are the same."""
    counted = []
    async with studio.services.database.writing() as session:
        for model in (DayTotal, MonthTotal, SubjectTotal):
            rows = await session.execute(
                select(col(model.action), func.sum(col(model.count))).group_by(col(model.action))
            )
            counted.append(Counter({Action(action): int(count) for action, count in rows if count}))
    assert counted[0] == counted[1] == counted[2]
    return counted[0]


COUNTED = (
    "events", "day_totals", "month_totals", "subject_totals", "engaged_views", "active_users",
    "hour_totals", "linked_visits", "visitor_links", "visitor_sketches",
)  # fmt: skip


async def counted(studio: Studio) -> dict[str, list[str]]:
    """Every row that counts something, without sketches: that of the same visitors has many forms."""
    async with studio.services.database.engine.connect() as connection:
        await connection.execution_options(is_snapshot=True)
        rows = {}
        for name in COUNTED:
            table = SQLModel.metadata.tables[name]
            shown = [
                column for column in table.columns if column.name not in ("sketch", "import_id", "segment")
            ]
            selected = table.select().with_only_columns(*shown)
            rows[name] = sorted(map(repr, (await connection.execute(selected)).all()))
        return rows
