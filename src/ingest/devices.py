"""What a user agent is: a bot, or a kind of device.

ua-parser (its Rust core, with the rules that browsers' makers' users keep) names the operating
system and the device; these rules map its words to ours.
"""

import re
from functools import lru_cache

from ua_parser import parse

from ingest.bots import is_listed, is_plain, says_so
from models import Device

_DESKTOP_SYSTEMS = {"Windows", "Mac OS X", "Linux", "Ubuntu", "Chrome OS", "Fedora", "Debian", "FreeBSD"}
_TELEVISION = re.compile(r"TV\b|BRAVIA|CrKey", re.IGNORECASE)
_TABLET = re.compile(
    r"iPad|Tablet(?! PC)|PlayBook|Silk(?!.*Mobile)|Kindle|Nexus (?:7|9|10)\b|SM-[TX]\d", re.IGNORECASE
)
_PHONE = re.compile(r"Mobi|J2ME|Opera Mini")
_CACHED_AGENTS = 10_000
_LONGEST = 1_000


def is_bot(agent: str | None) -> bool:
    """An agent that is missing is one too: browsers always send it."""
    return agent is None or not agent.strip() or _known(agent[:_LONGEST])[0]


def device_of(agent: str | None) -> Device:
    return _known(agent[:_LONGEST])[1] if agent else Device.UNKNOWN


@lru_cache(maxsize=_CACHED_AGENTS)
def _known(agent: str) -> tuple[bool, Device]:
    found = parse(agent)
    family = found.device.family if found.device else ""
    system = found.os.family if found.os else ""
    if not is_plain(agent) and (says_so(agent) or is_listed(agent, family)):
        return True, Device.UNKNOWN
    return False, _device(agent, system)


def _device(agent: str, system: str) -> Device:
    if _TELEVISION.search(agent):
        return Device.UNKNOWN
    if _TABLET.search(agent) or (system == "Android" and "Mobile" not in agent):
        return Device.TABLET
    if system in {"iOS", "Android", "Windows Phone", "KaiOS", "BlackBerry OS"} or _PHONE.search(agent):
        return Device.MOBILE
    if system in _DESKTOP_SYSTEMS or "X11;" in agent:
        return Device.DESKTOP
    return Device.UNKNOWN
