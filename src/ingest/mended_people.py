"""Makes what is known of the people of days anew, after some of their events were taken out."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from typing import Final, NamedTuple

from sqlalchemy import BigInteger, bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from base.calendar import start_of_day
from base.sketches import ALL_SUBJECTS, EMPTY, VERSION, Union, added, sketching, who
from base.time_units import DAY
from database import Bulk, Statement, bulk, delete_rows
from ingest.attendance import mend_attendances_of_all
from ingest.columns import EVENTS, SKETCHES
from ingest.linked_visits import mend_visits
from ingest.tenants import TenantRow
from models import SUBJECT_OF, TAKES_BACK, Action, Instant, SubjectKind, VisitorSketch

_SKETCHED: Final = "version = excluded.version, sketch = excluded.sketch"


class SubjectDay(NamedTuple):
    kind: SubjectKind
    subject_id: int
    day: date


_SEEN: Final = Statement(
    select(EVENTS.action, EVENTS.user_id, EVENTS.visitor)
    .distinct()
    .where(
        EVENTS.tenant_id == bindparam("tenant", type_=BigInteger()),
        EVENTS.subject_id == bindparam("subject", type_=BigInteger()),
        EVENTS.occurred_at >= bindparam("start", type_=Instant()),
        EVENTS.occurred_at < bindparam("stop", type_=Instant()),
    ),
    lambda action, user_id, visitor: (Action(action), who(user_id, visitor)),
)


async def mend_sketches(
    session: AsyncSession, writer: Bulk, tenant: TenantRow, wanted: Sequence[SubjectDay]
) -> None:
    """Makes the sketches of these days anew, and takes away the visits of whoever came no more."""
    seen_on: dict[tuple[int, int, date], set[str]] = {}
    for kind, subject_id, day in wanted:
        start, stop = (start_of_day(one, tenant.zone) for one in (day, day + DAY))
        seen = await writer.fetch(_SEEN, tenant=tenant.id, subject=subject_id, start=start, stop=stop)
        visitors = {name for action, name in seen if name and _is_seen(action, kind)}
        seen_on[int(kind), subject_id, day] = visitors
    rows = [(tenant.id, *key, VERSION, added(EMPTY, seen)) for key, seen in seen_on.items() if seen]
    await writer.upsert(VisitorSketch, rows, _SKETCHED)
    await delete_rows(
        session, VisitorSketch, [(tenant.id, *key) for key, seen in seen_on.items() if not seen]
    )
    await mend_visits(session, tenant, seen_on)


def _is_seen(action: Action, kind: SubjectKind) -> bool:
    return SUBJECT_OF[action] is kind and action not in TAKES_BACK


async def mend_days(session: AsyncSession, tenant: TenantRow, days: Sequence[date]) -> None:
    """Makes the sketches and the attendances of all subjects together anew, by those of each. The tenant must
    be locked alone.
    """
    await sketching.ready()
    of_days: defaultdict[date, Union] = defaultdict(Union)
    found = await session.execute(
        select(SKETCHES.day, SKETCHES.sketch).where(
            SKETCHES.tenant_id == tenant.id,
            SKETCHES.day.in_(days),
            SKETCHES.subject_kind != ALL_SUBJECTS[0],
            SKETCHES.version == VERSION,
        )
    )
    for day, sketch in found:
        of_days[day].add([sketch])
    rows = [
        (tenant.id, *ALL_SUBJECTS, day, VERSION, bytes(union.result("HLL_4").serialize_compact()))
        for day, union in sorted(of_days.items())
    ]
    await (await bulk(session)).upsert(VisitorSketch, rows, _SKETCHED)
    none = [(tenant.id, *ALL_SUBJECTS, day) for day in days if day not in of_days]
    await delete_rows(session, VisitorSketch, none)
    await mend_attendances_of_all(session, tenant, days)
