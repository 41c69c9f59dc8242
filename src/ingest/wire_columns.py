"""Events as senders write them, as columns. What cannot be read so is read by `ingest.wire`, which also says
what is wrong.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, Self, TypeAlias, cast

import msgspec

from base.instants import Instant, InvalidInstant, aware
from base.packed import instant_in, packed_instant
from base.scheduler import batched
from ingest.event_columns import have_none
from ingest.instant_columns import packed_instants
from ingest.wire import (
    ACTIONS,
    WireAction,
    WireDevice,
    WireEvent,
    WireSubject,
    events_from_json,
    events_from_values,
)

if TYPE_CHECKING:
    # Those of `WireAction` and of `WireDevice`.
    ActionName: TypeAlias = str
    DeviceName: TypeAlias = str
else:
    ActionName = Literal[tuple(action.value for action in WireAction)]
    DeviceName = Literal[tuple(device.value for device in WireDevice)]


class PlainEvent(msgspec.Struct, rename="camel", forbid_unknown_fields=True, gc=False):
    """A `WireEvent` whose fields are texts, so that nothing of ours runs while it is decoded."""

    subject: WireSubject
    action: ActionName
    id: str | None = None
    occurred_at: str | None = None
    view_id: str | None = None
    device_category: DeviceName | None = None
    domain: str | None = None
    visitor: str | None = None
    user_id: str | None = None
    sent_at: str | None = None


class WireColumns(NamedTuple):
    """The fields of `WireEvent`. Actions and devices are named, and instants are packed."""

    subjects: Sequence[WireSubject]
    actions: Sequence[str]
    ids: Sequence[str | None]
    instants: Sequence[int | None]
    view_ids: Sequence[str | None]
    devices: Sequence[str | None]
    domains: Sequence[str | None]
    visitors: Sequence[str | None]
    user_ids: Sequence[str | None]
    sent_at: Sequence[int | None]

    @classmethod
    def of(cls, events: Iterable[WireEvent]) -> Self:
        columns = _columns_of(list(events))
        return cls(*columns)._replace(
            instants=[None if at is None else packed_instant(at) for at in columns[_INSTANTS]],
            sent_at=[None if at is None else packed_instant(at) for at in columns[_SENT_AT]],
        )

    @property
    def size(self) -> int:
        """How many events they are."""
        return len(self.subjects)

    def between(self, start: int, stop: int) -> Self:
        columns: list[Any] = [column[start:stop] for column in self]
        return type(self)(*columns)

    def events(self) -> list[WireEvent]:
        return [_event(*fields) for fields in zip(*self, strict=True)]


_FIELDS: Final = WireEvent.__struct_fields__
_ACTIONS: Final = {action.name: action for action in ACTIONS}
_DEVICES: Final = {None, *(device.name for device in WireDevice)}
_SUBJECTS: Final = tuple(name for name in WireSubject.__struct_fields__ if name != "work")
"""Those that one text names."""
_INSTANTS, _SENT_AT = _FIELDS.index("occurred_at"), _FIELDS.index("sent_at")
_LINES_AT_A_TIME: Final = 500
"""The events of so many lines are still in the processor's cache when their fields are read."""
_decode = msgspec.json.Decoder(list[PlainEvent]).decode
_decode_one = msgspec.json.Decoder(PlainEvent).decode
_decode_any = msgspec.json.Decoder(PlainEvent | list[PlainEvent]).decode
_NOT_PLAIN = (msgspec.MsgspecError, UnicodeError, RecursionError, InvalidInstant)


def columns_from_json(body: bytes) -> WireColumns:
    """Reads one event or a list of them. Raises InvalidEvents."""
    try:
        return _columns(_decode(body))
    except _NOT_PLAIN:
        return WireColumns.of(events_from_json(body))


class NotPlain(ValueError):
    """Something has to be read in another way, or is no event."""


def plain_events(body: bytes | bytearray) -> list[PlainEvent]:
    """Reads one event or a list of them, but not yet their instants. Raises NotPlain."""
    try:
        decoded = _decode_any(body)
    except _NOT_PLAIN:
        raise NotPlain from None
    return decoded if isinstance(decoded, list) else [decoded]


def columns_of_plain(events: list[PlainEvent]) -> WireColumns:
    """Raises NotPlain."""
    try:
        return _columns(events)
    except InvalidInstant:
        raise NotPlain from None


def columns_from_lines(texts: Sequence[bytes | None]) -> WireColumns:
    """Events from lines of JSON, one event from each. Raises NotPlain."""
    if have_none(texts):
        raise NotPlain
    columns: list[list[Any]] = [[] for _ in _FIELDS]
    try:
        for some in batched(cast(Sequence[bytes], texts), _LINES_AT_A_TIME):
            events = list(map(_decode_one, some))
            for column, values in zip(columns, _columns_of(events), strict=True):
                column.extend(values)
        return _with_packed_instants(columns)
    except _NOT_PLAIN:
        raise NotPlain from None


def columns_from_table(columns: Mapping[str, Sequence[Any]], size: int) -> WireColumns:
    """Events from the columns of a table, by the fields of `WireEvent` and of `WireSubject`. Columns have
    texts or None, and that of `occurred_at` has packed instants or None. Raises NotPlain.
    """
    none = [None] * size
    actions, devices = columns.get("action", none), columns.get("device_category", none)
    if not (_ACTIONS.keys() >= set(actions) and set(devices) <= _DEVICES):
        raise NotPlain
    given = [name for name in _SUBJECTS if name in columns]
    named = list(zip(*(columns[name] for name in given), strict=True)) or [()] * size
    subjects = {
        names: WireSubject(**dict(zip(given, names, strict=True)))
        for names in set(named)
        if any(name is not None for name in names)
    }
    if len(subjects) < len(set(named)):
        raise NotPlain
    return WireColumns(
        [subjects[names] for names in named],
        actions,
        *(columns.get(name, none) for name in _FIELDS[2:]),
    )


def columns_from_values(values: list[Any]) -> WireColumns:
    """Events from a list that was already decoded from JSON, into instances of PlainEvent or not. Raises
    InvalidEvents.
    """
    are_events = bool(values) and isinstance(values[0], PlainEvent)
    try:
        return _columns(values if are_events else msgspec.convert(values, list[PlainEvent]))
    except _NOT_PLAIN:
        given = msgspec.to_builtins(values) if are_events else values
        return WireColumns.of(events_from_values(given))


def _columns(events: list[PlainEvent]) -> WireColumns:
    """Raises InvalidInstant."""
    return _with_packed_instants(_columns_of(events))


def _with_packed_instants(columns: Sequence[Sequence[Any]]) -> WireColumns:
    """Raises InvalidInstant."""
    read = list(columns)
    read[_INSTANTS], read[_SENT_AT] = _packed(columns[_INSTANTS]), _packed(columns[_SENT_AT])
    return WireColumns(*read)


def _columns_of(events: Sequence[Any]) -> list[Any]:
    """In the order of the fields. Python reads a field that is named here in half the time that `attrgetter`
    takes.
    """
    return [
        [event.subject for event in events],
        [event.action for event in events],
        [event.id for event in events],
        [event.occurred_at for event in events],
        [event.view_id for event in events],
        [event.device_category for event in events],
        [event.domain for event in events],
        [event.visitor for event in events],
        [event.user_id for event in events],
        [event.sent_at for event in events],
    ]


def _packed(texts: Sequence[Any]) -> Sequence[int | None]:
    """Raises InvalidInstant."""
    if not have_none(texts):
        return packed_instants(texts)
    given = [text for text in texts if text is not None]
    if not given:
        return texts
    each = iter(packed_instants(given))
    return [None if text is None else next(each) for text in texts]


def _event(
    subject: WireSubject,
    action: str,
    id: str | None,
    instant: int | None,
    view_id: str | None,
    device: str | None,
    domain: str | None,
    visitor: str | None,
    user_id: str | None,
    sent_at: int | None,
) -> WireEvent:
    return WireEvent(
        subject,
        _ACTIONS[action],
        id,
        _instant(instant),
        view_id,
        WireDevice[device] if device else None,
        domain,
        visitor,
        user_id,
        _instant(sent_at),
    )


def _instant(packed: int | None) -> Instant | None:
    return None if packed is None else aware(instant_in(packed))
