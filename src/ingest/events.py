"""An event: something that happened to a subject."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from models import Action, Device


class NewEvent(NamedTuple):
    tenant_id: int
    id: UUID
    """The sender makes the id, or else the program does. The same id again means the same event again."""
    subject_id: int
    action: Action
    occurred_at: datetime
    device: Device = Device.UNKNOWN
    domain: str | None = None
    view_id: UUID | None = None
    user_id: int | None = None
    visitor: bytes | None = None
    is_believed: bool = True
    """Whether it was reported by somebody to whom the subject belongs, and not by a stranger's browser."""
    clock_behind: int = 0
    """By how many seconds its time was moved forward because the sender's clock was wrong; negative if it was
    moved back.
    """
