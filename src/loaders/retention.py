"""Since when raw events of a tenant are kept, and until when there are totals by the hour."""

from datetime import date
from typing import NamedTuple

from sqlalchemy import select

from database import Statement, among
from loaders.base import RowLoader
from loaders.publications import TENANTS
from loaders.totals import FOLDED


class FoldedRow(NamedTuple):
    tenant_id: int
    before: date


class FoldedOfTenant(RowLoader[int, FoldedRow]):
    """The day in UTC before which a tenant has totals by the hour."""

    statement = Statement(
        select(FOLDED.tenant_id, FOLDED.before).where(among(FOLDED.tenant_id, "keys")), FoldedRow
    )
    key = "tenant_id"


class RetentionRow(NamedTuple):
    id: int
    time_zone: str
    pruned_before: date | None


class RetentionOfTenant(RowLoader[int, RetentionRow]):
    """The time zone by whose days a tenant's totals are kept, and the day before which its raw events were
    pruned."""

    statement = Statement(
        select(TENANTS.id, TENANTS.time_zone, TENANTS.pruned_before).where(among(TENANTS.id, "keys")),
        RetentionRow,
    )
    key = "id"
