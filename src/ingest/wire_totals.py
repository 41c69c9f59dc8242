"""Totals of days without events, as they are written in files. msgspec decodes and checks them."""

from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, NamedTuple

import msgspec

from base.numbers import LARGEST_SELF_REPORTED
from ingest.rejected_lines import Content
from ingest.wire import WireDevice, WireSubject
from models import Action

if TYPE_CHECKING:
    WireTotalAction = Action
else:
    WireTotalAction = StrEnum("WireTotalAction", {action.name: action.name for action in Action})

TOTAL_ACTIONS = {action: Action[action.name] for action in WireTotalAction}


class WireTotal(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    subject: WireSubject
    action: WireTotalAction
    day: date
    """A day of the reporting time zone of the subject's tenant."""
    count: Annotated[int, msgspec.Meta(ge=0, le=LARGEST_SELF_REPORTED)]
    device_category: WireDevice | None = None
    domain: str | None = None


class TotalLine(NamedTuple):
    number: int
    """Where it stands in its file, from 1."""
    total: WireTotal | None
    problem: str = ""
    """Why it is no total."""
    content: Content = Content()
    """What it has instead."""
    file: str = ""
    """Which of several files it is in."""
