"""Events as senders write them. msgspec decodes and checks them, at every door."""

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import msgspec

from base.instants import Instant, instant_of
from base.kinds import REPORTED, SUBJECTS
from models import Action, Device, SourceType

if TYPE_CHECKING:
    # Any aware datetime is one. The decoders decide which texts they read as one.
    WireInstant = datetime
    # It has only the actions that may be reported, which the table of kinds says.
    WireAction = Action
else:
    WireInstant = Instant
    WireAction = StrEnum("WireAction", {action.name: action.name for action in REPORTED})


class WireDevice(StrEnum):
    DESKTOP = "DESKTOP"
    MOBILE = "MOBILE"
    TABLET = "TABLET"


class WireSource(StrEnum):
    YOUTUBE = "YOUTUBE"
    SOUNDCLOUD = "SOUNDCLOUD"


ACTIONS = {action: Action[action.name] for action in WireAction}
DEVICES = {device: Device[device.name] for device in WireDevice}
SOURCES = {source: SourceType[source.name] for source in WireSource}


class WireWork(msgspec.Struct, rename="camel", frozen=True, forbid_unknown_fields=True, gc=False):
    user_id: str
    source_type: WireSource
    item_id: str


class WireSubject(msgspec.Struct, rename="camel", frozen=True, forbid_unknown_fields=True, gc=False):
    """Names a subject by exactly one field. Each kind has a field, in the order of `SUBJECTS`."""

    publication_id: str | None = None
    asset_id: str | None = None
    profile_user_id: str | None = None
    work: WireWork | None = None


assert WireSubject.__struct_fields__ == tuple(entry.field for entry in SUBJECTS.values()), (
    "each kind of subject has its field"
)


class WireEvent(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    subject: WireSubject
    action: WireAction
    id: str | None = None
    occurred_at: WireInstant | None = None
    view_id: str | None = None
    device_category: WireDevice | None = None
    domain: str | None = None
    visitor: str | None = None
    user_id: str | None = None
    sent_at: WireInstant | None = None


def _instant(_: type, given: Any) -> Instant:
    return instant_of(given if isinstance(given, str) else repr(given))


_decode = msgspec.json.Decoder(WireEvent | list[WireEvent], dec_hook=_instant).decode


class InvalidEvents(ValueError):
    """The message says what is wrong, and where, such as `$[3].action`."""


def events_from_json(body: bytes) -> list[WireEvent]:
    """Reads one event or a list of them."""
    try:
        decoded = _decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidEvents(str(error)) from None
    return decoded if isinstance(decoded, list) else [decoded]


def events_from_values(values: Any) -> list[WireEvent]:
    """Events from a list that was already decoded from JSON."""
    try:
        return msgspec.convert(values, list[WireEvent], dec_hook=_instant)
    except msgspec.MsgspecError as error:
        raise InvalidEvents(str(error)) from None
