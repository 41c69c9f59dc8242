"""Visits of people who are known by now, and smaller indexes of visitors: on SQLite by the week."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from alembic import op

from base.calendar import day_of
from base.kinds import SUBJECT_OF, TAKES_BACK, Action
from base.zones import Rules, time_zone
from models import types

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

_LONE = "user_id IS NULL AND length(visitor) = 16"
_NAMED = "user_id IS NOT NULL AND length(visitor) = 16"
_INDEXES = {
    "ix_events_visitor": (["visitor", "subject_id", "occurred_at", "action", "user_id"], _LONE),
    "ix_events_named": (["visitor", "user_id", "occurred_at", "id"], _NAMED),
}
_WEEK = "occurred_at / 604800000000"
_ROWS_AT_A_TIME = 5_000
_TENANT = sa.column("tenant_id", sa.BigInteger())
_TENANTS = sa.table("tenants", *map(sa.column, ("id", "time_zone", "zone_rules")))
_RULES = sa.table("zone_rules", *map(sa.column, ("key", "file")))
_LINKS = sa.table("visitor_links", _TENANT, sa.column("visitor", sa.LargeBinary()))
_EVENTS = sa.table(
    "events",
    sa.column("tenant_id", sa.BigInteger()),
    sa.column("subject_id", sa.BigInteger()),
    sa.column("action", sa.SmallInteger()),
    sa.column("occurred_at", types.Instant()),
    sa.column("visitor", sa.LargeBinary()),
)


def upgrade() -> None:
    visits = op.create_table(
        "linked_visits",
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("subject_kind", sa.SmallInteger(), nullable=False),
        sa.Column("subject_id", sa.BigInteger(), nullable=False),
        sa.Column("day", types.Day(), nullable=False),
        sa.Column("visitor", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint(
            "tenant_id", "subject_kind", "subject_id", "day", "visitor", name=op.f("pk_linked_visits")
        ),
        info={"distribution": "tenant_id"},
        sqlite_with_rowid=False,
    )
    op.create_index("ix_linked_visits_visitor", "linked_visits", ["tenant_id", "visitor"], unique=False)
    for tenant_id, zone in list(_zones()):
        _fill(visits, tenant_id, zone)
    _index(by_week=True)


def downgrade() -> None:
    _index(by_week=False)
    op.drop_index("ix_linked_visits_visitor", table_name="linked_visits")
    op.drop_table("linked_visits")


def _index(*, by_week: bool) -> None:
    week = [sa.text(_WEEK)] if op.get_bind().dialect.name == "sqlite" else []
    for name, (columns, condition) in _INDEXES.items():
        op.drop_index(name, table_name="events")
        rest: list[Any] = [*week, "visitor"] if by_week else columns
        is_in = sa.text(condition)
        op.create_index(name, "events", ["tenant_id", *rest], sqlite_where=is_in, postgresql_where=is_in)


def _zones() -> Iterator[tuple[int, ZoneInfo]]:
    """The tenants with links, each with the zone by whose rules its days are made."""
    bind = op.get_bind()
    files = {key: Rules(key, file) for key, file in bind.execute(sa.select(_RULES))}
    for id, name, key in bind.execute(sa.select(_TENANTS).order_by(_TENANTS.c.id)).all():
        if bind.execute(sa.select(_LINKS.c.visitor).where(_LINKS.c.tenant_id == id).limit(1)).first():
            rules = files.get(key or "")
            yield id, rules.zone if rules and rules.name == name else time_zone(name)


def _fill(visits: Any, tenant_id: int, zone: ZoneInfo) -> None:
    bind = op.get_bind()
    is_linked = sa.and_(_LINKS.c.tenant_id == _EVENTS.c.tenant_id, _LINKS.c.visitor == _EVENTS.c.visitor)
    found = bind.execute(
        sa.select(*(_EVENTS.c[name] for name in ("subject_id", "action", "occurred_at", "visitor")))
        .join(_LINKS, is_linked)
        .where(
            _EVENTS.c.tenant_id == tenant_id,
            sa.literal_column("events.user_id IS NULL AND length(events.visitor) = 16"),
            _EVENTS.c.action.not_in(list(map(int, TAKES_BACK))),
        )
    )
    rows = sorted({_row(tenant_id, zone, *row) for row in found})
    names = list(visits.c.keys())
    for start in range(0, len(rows), _ROWS_AT_A_TIME):
        some = rows[start : start + _ROWS_AT_A_TIME]
        op.bulk_insert(visits, [dict(zip(names, row, strict=True)) for row in some])


def _row(
    tenant_id: int, zone: ZoneInfo, subject_id: int, action: int, at: datetime, visitor: bytes
) -> tuple[Any, ...]:
    return tenant_id, int(SUBJECT_OF[Action(action)]), subject_id, day_of(at, zone), visitor
