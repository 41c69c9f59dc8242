"""Time zones by the rules of the package tzdata alone: the rules of the operating system may be older."""

from functools import lru_cache
from hashlib import sha256
from importlib.resources import files
from io import BytesIO
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

import tzdata

_PACKAGE: Final = files("tzdata")
_ZONE_NAMES: Final = frozenset(_PACKAGE.joinpath("zones").read_text("utf-8").split())

RULES_VERSION: Final[str] = tzdata.IANA_VERSION
"""Such as 2026f. The version of newer rules comes later in the alphabet."""


class UnknownTimeZone(ValueError):
    pass


class Rules(NamedTuple):
    """When the clocks of a zone are changed, by one version of the package."""

    key: str
    """The name of the zone, and a hash of the rules."""
    file: bytes
    """TZif, as RFC 8536 has it."""

    @property
    def name(self) -> str:
        return self.key.partition(" ")[0]

    @property
    def zone(self) -> ZoneInfo:
        return _zone_by(self)


# All of them are cached, as they are looked up with every event and every answer.
@lru_cache(maxsize=len(_ZONE_NAMES))
def time_zone(name: str) -> ZoneInfo:
    return rules_of(name).zone


@lru_cache(maxsize=len(_ZONE_NAMES))
def rules_of(name: str) -> Rules:
    if name not in _ZONE_NAMES:
        raise UnknownTimeZone(f"{name[:40]!r} is no IANA time zone name, such as Europe/Paris")
    file = _PACKAGE.joinpath("zoneinfo", *name.split("/")).read_bytes()
    return Rules(f"{name} {sha256(file).hexdigest()[:32]}", file)


def is_fixed(zone: ZoneInfo) -> bool:
    """Whether its clocks are never changed, such as those of UTC."""
    return zone.utcoffset(None) is not None


# Two objects of one zone are not equal, and would not share cached days.
@lru_cache(maxsize=2 * len(_ZONE_NAMES))
def _zone_by(rules: Rules) -> ZoneInfo:
    return ZoneInfo.from_file(BytesIO(rules.file), key=rules.name)
