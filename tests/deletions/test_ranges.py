"""Rows go in ranges, and those of others stay."""

from typing import Any

from sqlalchemy import func, select

from database import Database, table_of
from ingest.deletions.pace import Pace
from ingest.deletions.tenants import OWNED
from ingest.deletions.work import delete_buried
from models import Organization, SubjectKind
from tests.deletions.life import discrepancies, do
from tests.deletions.test_deleting import figures, furnished, own, rows_of
from tests.studio import Studio


class OneByOne(Pace):
    """One row at a time, so that each table has several ranges."""

    def __init__(self) -> None:
        super().__init__(rest=0)
        self.fit(0)

    def fit(self, seconds: float) -> None:  # noqa: ARG002
        self.size = 1


async def deleted(studio: Studio) -> int:
    services = studio.services
    return await delete_buried(services.database, services.topics, services.clock, OneByOne())


async def rows_of_others(database: Database, tenant: int) -> dict[str, int]:
    found: dict[str, int] = {}
    async with database.snapshot() as connection:
        for model in OWNED:
            table = table_of(model)
            number = select(func.count()).select_from(table).where(table.c.tenant_id != tenant)
            found[table.name] = await connection.scalar(number) or 0
    return found


async def test_ranges_of_one_row_each_leave_nothing_and_take_nothing_of_others(studio: Studio) -> None:
    lamp, _, _ = await furnished(studio)
    view: dict[str, Any] = {"action": "VIEW", "subject": {"publicationId": studio.publication}}
    profile = {"action": "PROFILE_VIEW", "subject": {"profileUserId": studio.people["owner"].id}}
    await studio.report([{**view, "userId": studio.people["stranger"].id}, view, profile], "owner")
    like = "mutation($p: ID!) { likePublication(publicationId: $p) { __typename } }"
    for person in ("stranger", "member"):
        await do(studio, person, like, p=studio.publication)
    database, owner = studio.services.database, studio.people["owner"].row
    of_second = await rows_of(database, SubjectKind.ASSET, 2)

    await do(studio, "admin", "mutation($id: ID!) { deleteAsset(id: $id) { id } }", id=lamp)
    assert await deleted(studio) == 1

    assert await rows_of(database, SubjectKind.ASSET, 1) == {}
    assert await rows_of(database, SubjectKind.ASSET, 2) == of_second
    assert await figures(studio) == {"total3DViews": 2, "uniqueVisitors": {"estimate": 2}}
    assert await discrepancies(database) == []

    # The publication and the profile have the same number within the same tenant.
    before = await rows_of(database, SubjectKind.PROFILE, owner.id)
    mutation = "mutation($id: ID!) { deletePublication(publicationId: $id) { id } }"
    await do(studio, "owner", mutation, id=studio.publication)
    assert await deleted(studio) == 1
    assert await rows_of(database, SubjectKind.PUBLICATION, 1) == {}
    assert await studio.count("likes") == 0
    assert await rows_of(database, SubjectKind.PROFILE, owner.id) == before != {}

    await own(studio)
    async with database.snapshot() as connection:
        tenant: int = (await connection.scalars(select(table_of(Organization).c.tenant_id))).one()
    others = await rows_of_others(database, tenant)
    mutation = "mutation($id: ID!) { deleteOrganization(organizationId: $id) { id } }"
    await do(studio, "admin", mutation, id=studio.organization)
    assert await deleted(studio) == 1
    for model in OWNED:
        assert await studio.count(table_of(model).name) == others[table_of(model).name], model
    assert await discrepancies(database) == []
