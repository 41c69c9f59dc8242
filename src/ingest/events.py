"""Something that happened to a subject, as the pipeline takes it in."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from models import Action, Device


class NewEvent(NamedTuple):
    tenant_id: int
    id: UUID
    """Made by whoever saw it happen: the same id again is the same event again."""
    subject_id: int
    action: Action
    occurred_at: datetime
    device: Device = Device.UNKNOWN
    domain: str | None = None
    view_id: UUID | None = None
    user_id: int | None = None
    visitor: bytes | None = None
    is_believed: bool = True
    """Whether it was told on the subject's own behalf, and not by a stranger's browser."""
    clock_behind: int = 0
    """Seconds by which its time was moved on, as the sender's clock was wrong; less than 0 for moved back."""
