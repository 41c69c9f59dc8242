"""Finds the user agents of programs, by rules that cost little, and by lists that cost more.

The lists are is-bot's patterns and ua-parser's spiders. They find programs that say what they are. The rules
keep people from being taken for programs because their telephone or bank has a similar name.
"""

import re
from functools import cache
from typing import Any

_VERSION = r"/[\d.]+"
_PLAIN = re.compile(
    r"Mozilla/5\.0 \("
    r"(?:Windows NT 10\.0; Win64; x64|Macintosh; Intel Mac OS X 10[._]15(?:_7)?"
    r"|X11; (?:Ubuntu; )?Linux x86_64"
    r"|X11; CrOS x86_64 14541\.0\.0|Linux; Android 10; K|Android \d+; (?:Mobile|Tablet)"
    r"|iP(?:hone; CPU iPhone|ad; CPU) OS [\d_]+ like Mac OS X)(?:; rv:[\d.]+)?\)"
    r"(?: (?:AppleWebKit|Gecko|Chrome|Safari|Version|Firefox|Edg|EdgA|EdgiOS|OPR|CriOS|FxiOS|SamsungBrowser"
    r"|YaBrowser|Vivaldi|DuckDuckGo|Ddg|GSA)" + _VERSION + r"| Mobile/\w+| Mobile| \(KHTML, like Gecko\))+"
)
"""Agents of browsers that say no more about themselves than they must. Of some 49,000 such agents in public
lists, 3 belong to bots."""

_ADDRESS = re.compile(
    r"https?:|www\.|[\w.-]+(?:@| at | \[at\] )[\w-]+(?:\.| dot )[a-z]| dot com\b", re.IGNORECASE
)
_COMPATIBLE = re.compile(r"compatible;", re.IGNORECASE)
_COMPATIBLE_BROWSERS = re.compile(
    r"MSIE|Konqueror|Windows|Android|Palm|Opera|Symbian|TV|Teleca|BlackBerry|iCab|OmniWeb|BeOS|Haiku|Amiga"
    r"|RISC OS"
    r"|Syllable|Kindle|Viera|Linux mips|Lotus",
    re.IGNORECASE,
)
_NO_BOTS = re.compile(
    r"MIDP|J2ME|UCWEB|UCBrowser|UP\.Browser|BREW|NetFront|Obigo|WAP.Browser|MAUI|\bMRE/|MetaSr|Sogou(?:MSE"
    r"|Mobile)"
    r"|\bdv\(iPh|\bFBAN/|^(?-i:(?:Apple-)?i(?:Phone|Pad|Pod)[\w,/.-]*)$|^Android[ /][\d.]+;|HbbTV|\bOMI/"
    r"|smart-?tv|RokuOS|BrightSign|\bViera|GoogleTV"
    r"|\bwv-atv\b|Sagemcom|watch ?OS|^Watch\d|^server-bag|Sonos;|Windows Phone|^[\d.]+ \(Linux; U; Android"
    r"|(?<=gfe\);)GoogleHypersonic",
    re.IGNORECASE,
)
"""Agents of telephones and television sets that have addresses, and other things that is-bot's patterns look
for.
"""
_OPERA = re.compile(r"Opera|Presto")
_MODEL = re.compile(r"(Android)[^()]*(?:\([^()]*\)[^()]*)*")
_ADDED = re.compile(
    r"\b(?:QQDownload [\d.]+|chromeframe(?:/[\d.]+)?|FirePHP/[\d.]+|FireDownload/[\d.]+|FireTorrent/[\d.]+"
    r"|(?<=Mobile Safari/537\.36 )Google$|GWX:\w+|MSN Optimi[sz]ed\w*|Google Earth/|(?:Embedded Web Browser"
    r"|EmbeddedWB [\d.]+)"
    r" from: http://[\w.]+/?|HTML Client|[\w.]*bsalsa\.com/?|Digital AlphaServer|ms-office)",
    re.IGNORECASE,
)
"""Words that installers and toolbars once wrote into the agents of browsers."""
_NO_SPIDER = re.compile(r"Android|Trident")
_IN_BRACKETS = re.compile(r"Android[^()]*(?:https?:|[a-z]-Google\b|GTmetrix|screenshot|Neustar)")
_WORDS = re.compile(
    r"(?<!cu)bot\b|crawl|spider|slurp|headless|lighthouse|^(?:curl|wget|python|java|go-http-client|axios"
    r"|node)\b"
    r"|uptime|screen(?:shot|ie)|web(?:thumb|snap)|wkhtml|observatory|probe\b|\bsiege/|tester\b|GTmetrix"
    r"|\bYLT\b"
    r"|DebugBear|Miniature\.io|claude-web|CopperEgg|kubectl|\bdocker/|GitLab/|Gradle/|\bfetch\b|preload"
    r"|\bHLB/|Assetnote"
    r"|yunjiankong|zombie|phantom|scout\b|examiner|translate\b|guardian\b|imgsizer",
    re.IGNORECASE,
)
_APP = re.compile(
    r"\bokhttp/|\bCFNetwork/|\bDart/|\bAlamofire/|\bUnityPlayer/|\bktor-client\b", re.IGNORECASE
)
_BROWSER_ITSELF = re.compile(r"(?:Safari|OmniWeb|Sleipnir|Aloha|com\.apple\.WebKit)")
"""Browsers of macOS and iOS whose own requests go through CFNetwork."""


def is_plain_browser(agent: str) -> bool:
    return _PLAIN.fullmatch(agent) is not None


def is_app(agent: str) -> bool:
    """Whether it is the agent of a library, for an app that has no agent of its own."""
    return _APP.search(agent) is not None and not _BROWSER_ITSELF.match(agent)


def calls_itself_a_bot(agent: str) -> bool:
    """Whether the agent has a name such as most bots have, has an address, or says that it is compatible with
    a browser. No list is needed.
    """
    own_words = _own_words(agent)
    if _WORDS.search(own_words) or _IN_BRACKETS.search(agent):
        return True
    if _ADDRESS.search(own_words) and not _NO_BOTS.search(agent) and not _OPERA.search(agent):
        return True
    return _COMPATIBLE.search(agent) is not None and not _COMPATIBLE_BROWSERS.search(agent)


def is_listed_bot(agent: str, family: str) -> bool:
    """Whether a list has the agent. `family` is the device, as ua-parser calls it."""
    if family == "Spider" and not _NO_SPIDER.search(agent):
        return True
    return not _NO_BOTS.search(agent) and _patterns().is_bot(_own_words(agent))


def _own_words(agent: str) -> str:
    """The agent without the names of models, and without what other programs wrote into it."""
    return _ADDED.sub("", _MODEL.sub(r"\1", agent))


@cache
def _patterns() -> Any:
    # It takes a while to load, and no start needs it.
    from is_bot import Bots

    return Bots()
