"""POST /collect on the wire, while the tenant of some events is locked."""

from asyncio import create_task, sleep

import pytest
from orjson import loads
from sqlalchemy import select
from sqlmodel import col

from base.ids import Kind, global_id, uuid7
from ingest.outcomes import EventStatus
from models import Publication, Tenant
from tests.live.served import served
from tests.live.test_collecting_at_once import USUAL, id_of, sent
from tests.server.test_collect import view
from tests.studio import Studio

STRANGER = 2
"""The user, and the user's own tenant."""

pytestmark = pytest.mark.parametrize("engine", ["postgresql"])


async def test_what_was_stored_already_is_no_duplicate_when_the_rest_is(studio: Studio) -> None:
    now = studio.clock.now
    async with studio.services.database.writing() as session:
        session.add(
            publication := Publication(
                public_id=uuid7(now), owner_id=STRANGER, name="Two", custom_url="two", created_at=now
            )
        )
    other = {"publicationId": global_id(Kind.PUBLICATION, publication.public_id)}
    told = []
    async with served(studio.services) as server:
        await sent(server, view(studio, id=id_of(0)))
        await sent(server, view(studio, id=id_of(1), subject=other))
        ways: list[tuple[int, dict[str, str]]] = [(10, {}), (20, USUAL)]
        for first, headers in ways:
            both = [view(studio, id=id_of(first)), view(studio, id=id_of(first + 1), subject=other)]
            async with studio.services.database.writing() as session:
                await session.execute(select(Tenant).where(col(Tenant.id) == STRANGER).with_for_update())
                task = create_task(sent(server, both, **headers))
                await sleep(0.3)
                assert not task.done()
            told.append((await task)[:2])

    status, body = told[0]
    assert status == 202
    assert loads(body) == {
        "stored": 2, "duplicates": 0, "dropped": 0, "corrected": 0, "reasons": [], "results": []
    }  # fmt: skip
    assert told[0] == told[1]
    counts = studio.services.buffer.fates.counts
    assert {(fate.status, fate.reason): count for fate, count in counts.items()} == {
        (EventStatus.STORED.name, ""): 6
    }
