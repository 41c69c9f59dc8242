"""Events as they come in from outside: decoded and checked by msgspec, whichever door they take."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

import msgspec

from models import Action, Device, SourceType

MAX_EVENTS = 1_000


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
    occurred_at: Annotated[datetime, msgspec.Meta(tz=True)] | None = None
    view_id: str | None = None
    device_category: WireDevice | None = None
    domain: str | None = None
    visitor: str | None = None
    user_id: str | None = None


_decode = msgspec.json.Decoder(WireEvent | list[WireEvent]).decode


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
        return msgspec.convert(values, list[WireEvent])
    except msgspec.MsgspecError as error:
        raise InvalidEvents(str(error)) from None
