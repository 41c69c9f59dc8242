"""Events of other programs, as the import takes them."""

from functools import lru_cache
from hashlib import blake2b
from typing import Final

import msgspec

from exports.found import Event
from exports.occurrences import Seeds
from ingest.devices import LONGEST, AgentKind, classify
from ingest.files import Line
from ingest.line_ids import id_of
from ingest.wire import WireAction, WireDevice, WireEvent
from resolvers.export_subjects import Meaning

_AGENTS: Final = 10_000
_ONLY_IN_TOTALS: Final = "{} counts what stands, so it can only come as a total of a day"


class EventLines:
    def __init__(self, source: str) -> None:
        self._seeds = Seeds(source)
        self._agent = lru_cache(_AGENTS)(classify)

    def is_bot(self, event: Event) -> bool:
        """Whether its user agent is no browser."""
        return event.agent is not None and self._agent(event.agent[:LONGEST]).kind is not AgentKind.BROWSER

    def of(self, event: Event, meanings: list[Meaning]) -> list[Line]:
        """One for each meaning."""
        seed = self._seeds.of(event)
        return [self._line(event, seed, meaning) for meaning in meanings]

    def _line(self, event: Event, seed: bytes, meaning: Meaning) -> Line:
        file, number = event.place
        name = meaning.action.name
        if name not in WireAction.__members__:
            return Line(number, None, _ONLY_IN_TOTALS.format(name), file=file)
        return Line(
            number,
            WireEvent(
                subject=meaning.subject,
                action=WireAction.__members__[name],
                # Another export of the same event may have no milliseconds.
                id=str(id_of(_seed_of(seed, meaning), event.at.replace(microsecond=0))),
                occurred_at=event.at,
                device_category=self._device(event),
                domain=event.host,
                visitor=event.visitor,
            ),
            file=file,
        )

    def _device(self, event: Event) -> WireDevice | None:
        if event.device is None and event.agent is not None:
            return WireDevice.__members__.get(self._agent(event.agent[:LONGEST]).device.name)
        return WireDevice[event.device] if event.device else None


def _seed_of(seed: bytes, meaning: Meaning) -> str:
    """What means two things is two events."""
    meant = msgspec.json.encode((meaning.subject, meaning.action.name))
    return blake2b(seed + meant, digest_size=16).hexdigest()
