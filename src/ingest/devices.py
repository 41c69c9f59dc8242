"""What a user agent is: a bot, or a kind of device.

ua-parser (its Rust core, with the rules that browsers' makers' users keep) names the operating
system and the device; these rules map its words to ours.
"""

import re
from functools import lru_cache

from ua_parser import parse

from ingest.bots import is_listed, is_plain, says_so
from ingest.makes import COMPUTER, NAMED, NONE, PHONE, SCREEN, TABLET
from models import Device

_DESKTOP_SYSTEMS = {
    "Windows", "Mac OS X", "Linux", "Ubuntu", "Chrome OS", "Fedora", "Debian", "FreeBSD", "OpenBSD", "NetBSD", "Mac OS",
    "Windows 95", "Windows 98", "Windows XP", "Solaris", "Red Hat", "CentOS", "Mandriva", "SUSE", "Slackware", "Gentoo", "Arch Linux",
    "Kubuntu", "Linux Mint", "PCLinuxOS", "Mageia", "DragonFly BSD", "BeOS", "AmigaOS",
}  # fmt: skip
_PHONE_SYSTEMS = {"iOS", "Android", "Windows Phone", "KaiOS", "BlackBerry OS", "Symbian OS", "Windows Mobile", "Bada", "Firefox OS", "webOS"}
_SAID_NONE = re.compile(
    r"(?i:\btv\b|smart-?tv|\btv[ _-]|hbbtv|\bstb\b|set-?top)|[a-z]tv\b|(?<!\bB)TV\b|\bSM-R\d{3}|BRAVIA|CrKey|\bAFT[A-Z]|VSTVB|TiVoOS|\bOMI/|\bRoku|\bViera|Espial|NetCast|NETTV"
    r"|\bLG ?Browser|\bMaple\b|\bwv-atv\b|Aquos|\bWeb0S|\bTizen [\d.]+[^)]*\bTV|BrightSign|Sagemcom|\bDTV"
    r"|OculusBrowser|PicoBrowser|VR Safari|\bQuest(?: \dS?| Pro)?\)|Tesla/|QtCarBrowser|\bXbox\b|XBOX|PlayStation|PLAYSTATION|Nintendo|NintendoBrowser"
    r"|Dreamcast|SEGASATURN|\bPSP\b|\bSteam ?Deck|Valve|Wolvic|Mobile VR|(?i:\bwatch)|Watch\d|Sonos|HomePod|AudioAccessory|\bEcho/|AlexaMediaPlayer|AppleTV|Apple ?TV|VisionOS|\bWear\b"
)
_COMPUTER_SAID = re.compile(r"\(PC;|CrosArc|Windows NT(?!.*(?:WPDesktop|Lumia|Xbox))|; Desktop[;)]|\bMac(?:BookPro|BookAir|intosh)")
_TABLET_SAID = re.compile(r"/apad\b|iPad|\bTablet(?! PC)|PlayBook|Silk(?!.*Mobile)|Kindle|Kobo|\bNook\b|TouchPad|FBID/tablet|Screen Size[^;]*tablet", re.IGNORECASE)
_PHONE_SAID = re.compile(r"Mobi|Windows CE|\bPDA\b|J2ME|MIDP|Opera Mini|WPDesktop|iPhone|iPod|Symbian|UCWEB|BlackBerry|Nokia|WAP|UP\.Browser|\bBREW\b|Series ?60")
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
    named = NAMED.search(agent)
    if _SAID_NONE.search(agent):
        return Device.DESKTOP if named and COMPUTER.search(named[1]) else Device.UNKNOWN
    if named:
        return _of_android(agent, named[1])
    if _TABLET_SAID.search(agent):
        return Device.TABLET
    if "WPDesktop" in agent:
        return Device.MOBILE
    if _COMPUTER_SAID.search(agent):
        return Device.DESKTOP
    if system == "Android" and agent.startswith("Mozilla") and "Mobile" not in agent:
        return Device.TABLET
    if system in _PHONE_SYSTEMS or _PHONE_SAID.search(agent):
        return Device.MOBILE
    if system in _DESKTOP_SYSTEMS or "X11;" in agent:
        return Device.DESKTOP
    return Device.UNKNOWN


def _of_android(agent: str, model: str) -> Device:
    if NONE.search(model) or SCREEN.search(model):
        return Device.UNKNOWN
    if COMPUTER.search(model) or _COMPUTER_SAID.search(agent):
        return Device.DESKTOP
    if PHONE.search(model):
        return Device.MOBILE
    if TABLET.search(model) or _TABLET_SAID.search(agent):
        return Device.TABLET
    # Some apps cut their agents, and with it what they are on.
    is_cut = "Safari" not in agent and "Firefox" not in agent
    return Device.MOBILE if "Mobile" in agent or is_cut or not agent.startswith("Mozilla") else Device.TABLET
