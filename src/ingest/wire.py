"""Events as they come in from outside: decoded and checked by msgspec, whichever door they take."""

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import msgspec

from base.instants import Instant, instant_of
from models import Action, Device, SourceType

MAX_EVENTS = 1_000

if TYPE_CHECKING:
    # Any aware datetime will do; which of them are read is for the decoders.
    WireInstant = datetime
else:
    WireInstant = Instant


class WireAction(StrEnum):
    """What may be reported; likes and the like come about by mutations alone."""

    VIEW = "VIEW"
    SHARE = "SHARE"
    VIEW_3D = "VIEW_3D"
    AR_CLICK = "AR_CLICK"
    AR_SCAN = "AR_SCAN"
    INTERACTION = "INTERACTION"
    PROFILE_VIEW = "PROFILE_VIEW"
    PROFILE_SEARCH = "PROFILE_SEARCH"
    PLAY = "PLAY"


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


class WireWork(msgspec.Struct, rename="camel", frozen=True, forbid_unknown_fields=True):
    user_id: str
    source_type: WireSource
    item_id: str


class WireSubject(msgspec.Struct, rename="camel", frozen=True, forbid_unknown_fields=True):
    """Exactly one of these."""

    publication_id: str | None = None
    asset_id: str | None = None
    profile_user_id: str | None = None
    work: WireWork | None = None


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
    """Says where, such as `$[3].action`, and what is wrong there."""


def events_from_json(body: bytes) -> list[WireEvent]:
    """One event or a list of them."""
    try:
        decoded = _decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidEvents(str(error)) from None
    return decoded if isinstance(decoded, list) else [decoded]


def events_from_values(values: Any) -> list[WireEvent]:
    """From a list that JSON was decoded to already."""
    try:
        return msgspec.convert(values, list[WireEvent], dec_hook=_instant)
    except msgspec.MsgspecError as error:
        raise InvalidEvents(str(error)) from None
