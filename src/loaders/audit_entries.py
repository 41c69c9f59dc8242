"""The audit trails of organizations, publications and accounts: connections page through them."""

from dataclasses import replace
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from database import among, table_of
from loaders.pages import Listing
from models import AuditEntry

AUDIT_ENTRIES = table_of(AuditEntry).c


class AuditEntryRow(NamedTuple):
    public_id: UUID
    created_at: datetime
    act: str
    actor: int
    user_id: int | None
    key: str | None
    command: str | None
    object: str | None
    changes: str | None


AUDIT_OF_ORGANIZATION = Listing(
    columns=tuple(AUDIT_ENTRIES[name] for name in AuditEntryRow._fields),
    source=table_of(AuditEntry),
    public_id=AUDIT_ENTRIES.public_id,
    orders={"created_at": AUDIT_ENTRIES.created_at},
    row=AuditEntryRow,
    parent=AUDIT_ENTRIES.organization_id,
    filter=among(AUDIT_ENTRIES.act, "filter"),
)
"""Filtered by the names of acts."""
AUDIT_OF_PUBLICATION = replace(AUDIT_OF_ORGANIZATION, parent=AUDIT_ENTRIES.publication_id)
AUDIT_OF_ACCOUNT = replace(AUDIT_OF_ORGANIZATION, parent=AUDIT_ENTRIES.account_id)
