"""Signed-in people of folded days."""

from collections import defaultdict
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from alembic import op

from base.calendar import start_of_day
from base.zones import Rules, time_zone
from models import types

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

_KINDS = {
    **dict.fromkeys((1, 2, 3, 4, 5, 6), 1),
    **dict.fromkeys((20, 21, 22, 23, 24), 2),
    **dict.fromkeys((30, 31), 3),
    40: 4,
}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FOR_EVER = datetime(9000, 1, 1, tzinfo=UTC)
"""Servers of the version before take it for the last sign of life of another process, and fold nothing."""


def upgrade() -> None:
    op.create_table(
        "attendances",
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("subject_kind", sa.SmallInteger(), nullable=False),
        sa.Column("subject_id", sa.BigInteger(), nullable=False),
        sa.Column("day", types.Day(), nullable=False),
        sa.Column("people", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint(
            "tenant_id", "subject_kind", "subject_id", "day", name=op.f("pk_attendances")
        ),
        info={"distribution": "tenant_id", "sqlite_seeks_by": "sqlite_autoindex_attendances_1"},
        sqlite_with_rowid=False,
    )
    op.create_index("ix_attendances_day", "attendances", ["tenant_id", "day"], unique=False)
    _fold_anew()


def downgrade() -> None:
    since = _TENANTS.c.folding_since
    op.get_bind().execute(sa.update(_TENANTS).where(since == _FOR_EVER).values(folding_since=_EPOCH))
    op.drop_index("ix_attendances_day", table_name="attendances")
    op.drop_table("attendances")


_TENANTS = sa.table(
    "tenants",
    sa.column("id", sa.BigInteger()),
    sa.column("time_zone", sa.Text()),
    sa.column("zone_rules", sa.Text()),
    sa.column("pruned_before", types.Day()),
    sa.column("hours_before", types.Day()),
    sa.column("folding_since", types.Instant()),
)
_OF_TENANT = ("id", "time_zone", "zone_rules", "pruned_before", "hours_before")
_RULES = sa.table("zone_rules", sa.column("key"), sa.column("file"))
_FOLDED = sa.table("folded_hours", sa.column("tenant_id", sa.BigInteger()), sa.column("before", types.Day()))
_EVENTS = sa.table(
    "events",
    *(sa.column(name, sa.BigInteger()) for name in ("tenant_id", "subject_id", "action", "user_id")),
    sa.column("occurred_at", types.Instant()),
)
_ATTENDANCES = sa.table(
    "attendances",
    *(sa.column(name, sa.BigInteger()) for name in ("tenant_id", "subject_kind", "subject_id")),
    sa.column("day", types.Day()),
    sa.column("people", sa.LargeBinary()),
)


def _fold_anew() -> None:
    """Days whose events are all kept are folded once more, in the background, as if somebody had ended
    halfway.
    """
    connection = op.get_bind()
    columns = _TENANTS.c
    connection.execute(sa.update(_TENANTS).values(folding_since=_FOR_EVER))
    files = {key: Rules(key, file) for key, file in connection.execute(sa.select(_RULES))}
    folded = sa.select(*(columns[name] for name in _OF_TENANT)).where(columns.hours_before.is_not(None))
    for id, name, key, pruned, before in connection.execute(folded).all():
        rules = files.get(key or "")
        # The zone by whose rules the tenant's days are made.
        zone = rules.zone if rules and rules.name == name else time_zone(name)
        first = min(_first_whole(pruned, zone), before) if pruned else None
        connection.execute(sa.update(_TENANTS).where(columns.id == id).values(hours_before=first))
        of_tenant = _FOLDED.c.tenant_id == id
        if first is None:
            connection.execute(sa.delete(_FOLDED).where(of_tenant))
            continue
        later = _FOLDED.c.before > first
        connection.execute(sa.update(_FOLDED).where(of_tenant, later).values(before=first))
        _keep_people(id, first - timedelta(days=1))


def _first_whole(pruned_before: date, zone: ZoneInfo) -> date:
    """The first day in UTC of which all events are kept."""
    start = start_of_day(pruned_before, zone).astimezone(UTC)
    return start.date() if start == _start_of(start.date()) else start.date() + timedelta(days=1)


def _start_of(day: date) -> datetime:
    return datetime.combine(day, time.min, UTC)


def _keep_people(tenant_id: int, day: date) -> None:
    """Of the day of which not all events are kept: it is not folded again."""
    connection, columns, start = op.get_bind(), _EVENTS.c, _start_of(day)
    came = sa.select(columns.action, columns.subject_id, columns.user_id, columns.occurred_at).where(
        columns.tenant_id == tenant_id,
        columns.user_id.is_not(None),
        columns.action.in_(list(_KINDS)),
        columns.occurred_at >= start,
        columns.occurred_at < start + timedelta(days=1),
    )
    people: defaultdict[tuple[int, int], dict[int, int]] = defaultdict(dict)
    for action, subject_id, user_id, at in connection.execute(came):
        for subject in ((_KINDS[action], subject_id), (0, 0)):
            hours = people[subject]
            hours[user_id] = hours.get(user_id, 0) | 1 << at.hour
    rows = [
        {
            "tenant_id": tenant_id,
            "subject_kind": kind,
            "subject_id": subject_id,
            "day": day,
            "people": b"".join((id << 24 | bits).to_bytes(8, "little") for id, bits in sorted(hours.items())),
        }
        for (kind, subject_id), hours in sorted(people.items())
    ]
    if rows:
        connection.execute(sa.insert(_ATTENDANCES), rows)
