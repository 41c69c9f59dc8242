"""Events that tests report, by the door of a tenant's own servers."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import update
from sqlmodel import col

from models import Tenant
from tests.studio import Studio

Event = dict[str, Any]

RECORD = "mutation($events: [EventInput!]!) { recordEvents(events: $events) { stored } }"


def view(
    at: str, *, device: str | None = None, domain: str | None = None, user_id: str | None = None
) -> Event:
    """At an instant in UTC, such as `2023-06-04T23:59:59.5`."""
    return {
        "action": "VIEW",
        "occurredAt": f"{at}Z",
        "deviceCategory": device,
        "domain": domain,
        "userId": user_id,
    }


async def record(
    studio: Studio, events: Sequence[Event], *, by: str = "owner", publication: str | None = None
) -> None:
    """All of them are stored."""
    subject = {"publicationId": publication or studio.publication}
    answer = await studio.ask(RECORD, by, events=[{"subject": subject, **event} for event in events])
    assert answer.data == {"recordEvents": {"stored": len(events)}}


async def set_time_zone(studio: Studio, name: str, time_zone: str) -> None:
    """The reporting time zone of a person's tenant. Before anything of theirs is counted."""
    async with studio.services.database.writing() as session:
        tenant_id = studio.people[name].row.tenant_id
        await session.execute(update(Tenant).where(col(Tenant.id) == tenant_id).values(time_zone=time_zone))
