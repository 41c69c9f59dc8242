"""Time zones by the rules of the package tzdata alone. The rules of the operating system may be older."""

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
"""Such as 2026f. A newer version comes later in alphabetical order."""


class UnknownTimeZone(ValueError):
    pass


class Rules(NamedTuple):
    """The rules of one zone in one version of the package: they say when its clocks are changed."""

    key: str
    """The name of the zone, and a hash of the rules."""
    file: bytes
    """In the format TZif (RFC 8536)."""

    @property
    def name(self) -> str:
        return self.key.partition(" ")[0]

    @property
    def zone(self) -> ZoneInfo:
        return _zone_by(self)


# All of them are cached, because every event and every answer looks one up.
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
    """Whether the clocks of the zone are never changed, as in UTC."""
    return zone.utcoffset(None) is not None


# Two objects of one zone are not equal, and would not share cached days.
@lru_cache(maxsize=2 * len(_ZONE_NAMES))
def _zone_by(rules: Rules) -> ZoneInfo:
    return ZoneInfo.from_file(BytesIO(rules.file), key=rules.name)
