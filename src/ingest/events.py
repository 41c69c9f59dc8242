"""An event: something that happened to a subject."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from models import Action, Device


class NewEvent(NamedTuple):
    tenant_id: int
    id: UUID
    """Whoever saw it happen made the id. The same id again means the same event again."""
    subject_id: int
    action: Action
    occurred_at: datetime
    device: Device = Device.UNKNOWN
    domain: str | None = None
    view_id: UUID | None = None
    user_id: int | None = None
    visitor: bytes | None = None
    is_believed: bool = True
    """Whether somebody reported it to whom the subject belongs, and not a stranger's browser."""
    clock_behind: int = 0
    """By how many seconds its time was moved on, as the sender's clock was wrong; negative if it was moved
    back.
    """
