"""What a user agent is: a bot, an app, or a browser on a kind of device.

ua-parser, with its Rust core, names the operating system and the device. The rules here map its words to
ours.
"""

import re
from enum import Enum
from typing import NamedTuple

from ua_parser import parse

from base.loading import LoadedWhenNeeded
from ingest.bots import calls_itself_a_bot, is_app, is_listed_bot, is_plain_browser
from ingest.device_models import COMPUTER, MODEL_NAME, NO_CATEGORY, PHONE, SCREEN, TABLET
from models import Device

_DESKTOP_SYSTEMS = {
    *("Windows", "Windows 95", "Windows 98", "Windows XP", "Mac OS", "Mac OS X", "Chrome OS"),
    *("Linux", "Ubuntu", "Kubuntu", "Debian", "Fedora", "Red Hat", "CentOS", "SUSE", "Mandriva", "Mageia"),
    *("Gentoo", "Slackware", "Arch Linux", "Linux Mint", "PCLinuxOS", "FreeBSD", "OpenBSD", "NetBSD"),
    *("DragonFly BSD", "Solaris", "BeOS", "AmigaOS"),
}
_PHONE_SYSTEMS = {
    *("iOS", "Android", "Windows Phone", "Windows Mobile", "KaiOS", "BlackBerry OS", "Symbian OS", "Bada"),
    *("Firefox OS", "webOS"),
}
_NO_CATEGORY_SAID = re.compile(
    r"(?i:\btv\b|smart-?tv|\btv[ _-]|hbbtv|\bstb\b|set-?top)|[a-z]tv\b|(?<!\bB)TV\b|\bSM-R\d{3}|BRAVIA|CrKey"
    r"|\bAFT[A-Z]|VSTVB|TiVoOS|\bOMI/|\bRoku|\bViera|Espial|NetCast|NETTV"
    r"|\bLG ?Browser|\bMaple\b|\bwv-atv\b|Aquos|\bWeb0S|\bTizen [\d.]+[^)]*\bTV|BrightSign|Sagemcom|\bDTV"
    r"|OculusBrowser|PicoBrowser|VR Safari|\bQuest(?: \dS?| Pro)?\)|Tesla/|QtCarBrowser|\bXbox\b|XBOX"
    r"|PlayStation|PLAYSTATION|Nintendo|NintendoBrowser"
    r"|Dreamcast|SEGASATURN|\bPSP\b|\bSteam ?Deck|Valve|Wolvic|Mobile VR|(?i:\bwatch)|Watch\d|Sonos|HomePod"
    r"|AudioAccessory|\bEcho/|AlexaMediaPlayer|AppleTV|Apple ?TV|VisionOS|\bWear\b"
)
_COMPUTER_SAID = re.compile(
    r"\(PC;|CrosArc|Windows NT(?!.*(?:WPDesktop|Lumia|Xbox))|; Desktop[;)]|\bMac(?:BookPro|BookAir|intosh)"
)
_TABLET_SAID = re.compile(
    r"/apad\b|iPad|\bTablet(?! PC)|PlayBook|Silk(?!.*Mobile)|Kindle|Kobo|\bNook\b|TouchPad|FBID/tablet"
    r"|Screen Size[^;]*tablet",
    re.IGNORECASE,
)
_PHONE_SAID = re.compile(
    r"Mobi|Windows CE|\bPDA\b|J2ME|MIDP|Opera Mini|WPDesktop|iPhone|iPod|Symbian|UCWEB|BlackBerry|Nokia|WAP"
    r"|UP\.Browser|\bBREW\b|Series ?60"
)
LONGEST = 1_000
"""How many characters of an agent are looked at."""

_BOT_WORDS = (
    "bot",
    "crawl",
    "spider",
    "slurp",
    "headless",
    "lighthouse",
    "http",
    "www.",
    "@",
    "python",
    "curl/",
    "java/",
    "monitor",
    "preview",
)


class AgentKind(Enum):
    BROWSER = "BROWSER"
    APP = "APP"
    """An app on somebody's device, or any other program that uses the same library."""
    BOT = "BOT"


class Agent(NamedTuple):
    kind: AgentKind
    device: Device


_UNKNOWN = "An/1.0 (agent)"
"""No rule recognises it, so all rules are loaded."""
_BOT = Agent(AgentKind.BOT, Device.UNKNOWN)


def is_bot(agent: str | None) -> bool:
    """Whether an agent is a bot or an app. A missing agent is one too, because browsers always send it."""
    return classify((agent or "")[:LONGEST]).kind is not AgentKind.BROWSER


def device_of(agent: str | None) -> Device:
    return classify((agent or "")[:LONGEST]).device


def classify(agent: str) -> Agent:
    """Uses all rules and lists. It takes up to some milliseconds."""
    if not agent.strip():
        return _BOT
    found = parse(agent)
    family = found.device.family if found.device else ""
    device = _device(agent, found.os.family if found.os else "")
    if is_plain_browser(agent):
        return Agent(AgentKind.BROWSER, device)
    if calls_itself_a_bot(agent):
        return _BOT
    if is_app(agent):
        return Agent(AgentKind.APP, device)
    return _BOT if is_listed_bot(agent, family) else Agent(AgentKind.BROWSER, device)


classifying = LoadedWhenNeeded(lambda: classify(_UNKNOWN))
"""Rules and lists, of 30 MB. Await `classifying.ready()` before an agent is classified on the event loop."""


def guess(agent: str) -> Agent:
    """Looks for a few words. It takes some microseconds."""
    lower = agent.lower()
    if not lower.startswith(("mozilla/", "opera/", "dalvik/")) or any(word in lower for word in _BOT_WORDS):
        return Agent(AgentKind.APP, Device.UNKNOWN) if is_app(agent) else _BOT
    if "tv" in lower or "vr " in lower or "watch" in lower:
        device = Device.UNKNOWN
    elif "ipad" in lower or "tablet" in lower.replace("tablet pc", "") or "/apad" in lower:
        device = Device.TABLET
    elif "mobi" in lower or "iphone" in lower:
        device = Device.MOBILE
    elif "android" in lower:
        device = Device.TABLET
    else:
        device = (
            Device.DESKTOP
            if "windows nt" in lower or "macintosh" in lower or "x11" in lower
            else Device.UNKNOWN
        )
    return Agent(AgentKind.BROWSER, device)


def _device(agent: str, system: str) -> Device:
    named = MODEL_NAME.search(agent)
    if _NO_CATEGORY_SAID.search(agent):
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
    if NO_CATEGORY.search(model) or SCREEN.search(model):
        return Device.UNKNOWN
    if COMPUTER.search(model) or _COMPUTER_SAID.search(agent):
        return Device.DESKTOP
    if PHONE.search(model):
        return Device.MOBILE
    if TABLET.search(model) or _TABLET_SAID.search(agent):
        return Device.TABLET
    # Some apps cut their agents, and with them the kind of device.
    is_cut = "Safari" not in agent and "Firefox" not in agent
    return Device.MOBILE if "Mobile" in agent or is_cut or not agent.startswith("Mozilla") else Device.TABLET
