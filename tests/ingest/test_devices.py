import json
from pathlib import Path

import pytest

from ingest.agent_cache import AgentCache
from ingest.devices import Agent, AgentKind, classify, device_of, guess, is_bot
from models import Device

CASES = json.loads(Path(__file__).with_name("devices.json").read_text())

DESKTOP, MOBILE, TABLET, UNKNOWN = Device.DESKTOP, Device.MOBILE, Device.TABLET, Device.UNKNOWN
CHROME = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0"
PHONE = "Mobile/15E148 Safari/604.1"
SAFARI = "AppleWebKit/605.1.15 (KHTML, like Gecko)"

BROWSERS = [
    # Desktops and laptops
    (f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {CHROME} Safari/537.36", DESKTOP),
    (f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {CHROME} Safari/537.36 Edg/126.0.0.0", DESKTOP),
    ("Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:127.0) Gecko/20100101 Firefox/127.0", DESKTOP),
    ("Mozilla/5.0 (Windows NT 6.1; WOW64; Trident/7.0; rv:11.0) like Gecko", DESKTOP),
    ("Mozilla/5.0 (compatible; MSIE 9.0; Windows NT 6.1; Trident/5.0; .NET4.0C; Tablet PC 2.0)", DESKTOP),
    (f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {SAFARI} Version/17.5 Safari/605.1.15", DESKTOP),
    (f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {CHROME} Safari/537.36", DESKTOP),
    ("Mozilla/5.0 (Macintosh; Intel Mac OS X 14.5; rv:127.0) Gecko/20100101 Firefox/127.0", DESKTOP),
    (f"Mozilla/5.0 (X11; Linux x86_64) {CHROME} Safari/537.36 OPR/111.0.0.0", DESKTOP),
    ("Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0", DESKTOP),
    ("Mozilla/5.0 (X11; Fedora; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0", DESKTOP),
    ("Mozilla/5.0 (X11; FreeBSD amd64; rv:127.0) Gecko/20100101 Firefox/127.0", DESKTOP),
    ("Mozilla/5.0 (X11; OpenBSD amd64; rv:127.0) Gecko/20100101 Firefox/127.0", DESKTOP),
    (f"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) {CHROME} Safari/537.36", DESKTOP),
    # Phones
    (
        f"Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) {SAFARI} Version/17.5 {PHONE}",
        MOBILE,
    ),
    (
        f"Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) {SAFARI} CriOS/126.0 {PHONE}",
        MOBILE,
    ),
    (
        f"Mozilla/5.0 (iPhone; CPU iPhone OS 17_5_1 like Mac OS X) {SAFARI} Mobile/15E148 "
        "[FBAN/FBIOS;FBAV/468.0;FBDV/iPhone14,5;FBMD/iPhone;FBSN/iOS;FBSV/17.5.1]",
        MOBILE,
    ),
    (
        f"Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) {SAFARI} Mobile/15E148 Instagram 336.0",
        MOBILE,
    ),
    (f"Mozilla/5.0 (Linux; Android 10; K) {CHROME} Mobile Safari/537.36", MOBILE),
    (f"Mozilla/5.0 (Linux; Android 14; Pixel 8) {CHROME} Mobile Safari/537.36", MOBILE),
    (f"Mozilla/5.0 (Linux; Android 14; SM-S921B) {CHROME} Mobile Safari/537.36", MOBILE),
    (
        "Mozilla/5.0 (Linux; Android 13; SAMSUNG SM-A536B) AppleWebKit/537.36 (KHTML, like Gecko) "
        "SamsungBrowser/25.0 Chrome/121.0.0.0 Mobile Safari/537.36",
        MOBILE,
    ),
    (
        "Mozilla/5.0 (Linux; Android 12; M2102J20SG; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 "
        "Chrome/126.0.0.0 Mobile Safari/537.36",
        MOBILE,
    ),
    (f"Mozilla/5.0 (Linux; Android 11; CUBOT X30) {CHROME} Mobile Safari/537.36", MOBILE),
    ("Mozilla/5.0 (Android 14; Mobile; rv:127.0) Gecko/127.0 Firefox/127.0", MOBILE),
    ("Opera/9.80 (J2ME/MIDP; Opera Mini/7.1.32052/29.3709; U; en) Presto/2.8.119 Version/11.10", MOBILE),
    ("Mozilla/5.0 (Mobile; Nokia 2720 Flip; rv:48.0) Gecko/48.0 Firefox/48.0 KAIOS/2.5.2", MOBILE),
    (
        "Mozilla/5.0 (Windows Phone 10.0; Android 6.0.1; Microsoft; Lumia 950) AppleWebKit/537.36 "
        "(KHTML, like Gecko) Chrome/52.0.2743.116 Mobile Safari/537.36 Edge/15.15254",
        MOBILE,
    ),
    (
        "Mozilla/5.0 (BB10; Touch) AppleWebKit/537.10+ (KHTML, like Gecko) Version/10.0.9 Mobile "
        "Safari/537.10+",
        MOBILE,
    ),
    # Tablets
    (
        f"Mozilla/5.0 (iPad; CPU OS 12_5_7 like Mac OS X) {SAFARI} Version/12.1.2 Mobile/15E148 Safari/604.1",
        TABLET,
    ),
    (
        f"Mozilla/5.0 (iPad; CPU OS 17_5 like Mac OS X) {SAFARI} CriOS/126.0 Mobile/15E148 Safari/604.1",
        TABLET,
    ),
    (f"Mozilla/5.0 (Linux; Android 13; SM-X900) {CHROME} Safari/537.36", TABLET),
    (f"Mozilla/5.0 (Linux; Android 9; SM-T720) {CHROME} Safari/537.36", TABLET),
    (f"Mozilla/5.0 (Linux; Android 6.0.1; Nexus 9) {CHROME} Safari/537.36", TABLET),
    (
        "Mozilla/5.0 (Linux; Android 9; KFMAWI) AppleWebKit/537.36 (KHTML, like Gecko) Silk/126.2.1 "
        "like Chrome/126.0.0.0 Safari/537.36",
        TABLET,
    ),
    ("Mozilla/5.0 (Android 13; Tablet; rv:127.0) Gecko/127.0 Firefox/127.0", TABLET),
    (
        "Mozilla/5.0 (PlayBook; U; RIM Tablet OS 2.1.0; en-US) AppleWebKit/536.2+ (KHTML, like Gecko) "
        "Version/7.2.1.0 Safari/536.2+",
        TABLET,
    ),
    # Neither
    (f"Mozilla/5.0 (SMART-TV; Linux; Tizen 6.0) {CHROME} Safari/537.36", UNKNOWN),
    (f"Mozilla/5.0 (Linux; Android 10; BRAVIA 4K UR2) {CHROME} Safari/537.36", UNKNOWN),
    (f"Mozilla/5.0 (Web0S; Linux/SmartTV) {CHROME} Safari/537.36", UNKNOWN),
    ("Mozilla/5.0 (PlayStation 5 3.11) AppleWebKit/605.1.15 (KHTML, like Gecko)", UNKNOWN),
    ("Mozilla/5.0 (a system that nobody knows; rv:1.0) Gecko/20100101 Unknown/1.0", UNKNOWN),
]

BOTS = [
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "Mozilla/5.0 (Linux; Android 6.0.1; Nexus 5X Build/MMB29P) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/126.0.0.0 Mobile Safari/537.36 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; bingbot/2.0; "
    "+http://www.bing.com/bingbot.htm) Chrome/116.0.1938.76 Safari/537.36",
    "Mozilla/5.0 (compatible; YandexBot/3.0; +http://yandex.com/bots)",
    "Mozilla/5.0 (compatible; Baiduspider/2.0; +http://www.baidu.com/search/spider.html)",
    "DuckDuckBot/1.1; (+http://duckduckgo.com/duckduckbot.html)",
    "Mozilla/5.0 (compatible; Yahoo! Slurp; http://help.yahoo.com/help/us/ysearch/slurp)",
    "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)",
    "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; ClaudeBot/1.0; +claudebot@anthropic.com)",
    "CCBot/2.0 (https://commoncrawl.org/faq/)",
    "Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)",
    "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
    "Twitterbot/1.0",
    "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
    "Mozilla/5.0 (compatible; Discordbot/2.0; +https://discordapp.com)",
    f"Mozilla/5.0 (X11; Linux x86_64) {CHROME.replace('Chrome', 'HeadlessChrome')} Safari/537.36",
    f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {CHROME} Safari/537.36 Chrome-Lighthouse",
    "Pingdom.com_bot_version_1.4_(http://www.pingdom.com/)",
    "Mozilla/5.0+(compatible; UptimeRobot/2.0; http://www.uptimerobot.com/)",
    "curl/8.7.1",
    "Wget/1.21.4",
    "python-requests/2.32.3",
    "python-httpx/0.27.0",
    "Go-http-client/2.0",
    "okhttp/4.12.0",
    "axios/1.7.2",
    "Java/17.0.11",
]


@pytest.mark.parametrize(("agent", "device"), BROWSERS)
def test_a_browser_is_on_a_kind_of_device(agent: str, device: Device) -> None:
    assert not is_bot(agent)
    assert device_of(agent) is device


@pytest.mark.parametrize("agent", BOTS)
def test_a_program_is_a_bot(agent: str) -> None:
    assert is_bot(agent)


@pytest.mark.parametrize("agent", [None, "", "   "])
def test_whoever_hides_the_agent_is_a_bot(agent: str | None) -> None:
    assert is_bot(agent)
    assert device_of(agent) is Device.UNKNOWN


def test_an_agent_may_be_of_any_length() -> None:
    agent = f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {CHROME} Safari/537.36 " + "x" * 1_000_000

    assert not is_bot(agent)
    assert device_of(agent) is Device.DESKTOP


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["note"] or case["userAgent"][:40])
def test_agents_that_were_told_wrongly_are_told_rightly(case: dict[str, str | bool | None]) -> None:
    agent = case["userAgent"]

    assert isinstance(agent, str)
    assert is_bot(agent) == case["isBot"]
    assert device_of(agent).name == (case["deviceCategory"] or "UNKNOWN")


NO_BOTS = [
    # Names of bots in those of models, banks and companies.
    f"Mozilla/5.0 (Linux; Android 9; M bot 51) {CHROME} Mobile Safari/537.36",
    "Mozilla/5.0 (Windows NT 6.1; WOW64; Trident/7.0; MAARJS; GWX:DOWNLOADED; rv:11.0) like Gecko",
    "Mozilla/4.0 (compatible; MSIE 8.0; Windows NT 5.1; Trident/4.0; chromeframe/32.0.1700.107)",
    "Mozilla/5.0 (compatible; Konqueror/4.5; FreeBSD) KHTML/4.5.4 (like Gecko)",
    "NokiaC2-01/5.0 (11.40) Profile/MIDP-2.1 Configuration/CLDC-1.1 UCBrowser/9.5",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:147.0) Gecko/20100101 Firefox/147.0",
]
MORE_BOTS = [
    "Mozilla/5.0 (compatible; A1/1.0)",
    f"Mozilla/5.0 (X11; Linux x86_64) {CHROME} Safari/537.36 (somebody@example.com)",
    f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {CHROME} Safari/537.36 DebugBear",
    f"Mozilla/5.0 (Linux; Android 8.0; Pixel 2; Storebot-Google/1.0) {CHROME} Mobile Safari/537.36",
    "CopperEgg/RevealUptime/DublinIE",
    "Feedly/1.0 (+https://example.com/fetcher; 3 subscribers)",
    # Libraries, of which nobody says that an app uses them.
    "okhttp/4.12.0",
    "Studio/7 CFNetwork/1410.0.3 Darwin/22.6.0",
    "Dart/3.5 (dart:io)",
]
OTHERS = [
    # No category: what stands in rooms and cars, and what is worn.
    (f"Mozilla/5.0 (PlayStation; PlayStation 5/8.00) {SAFARI} Version/13.0 Safari/605.1.15", UNKNOWN),
    (f"Mozilla/5.0 (Windows NT 10.0; Win64; x64; Xbox; Xbox One) {CHROME} Safari/537.36 Edge/18.2", UNKNOWN),
    ("Mozilla/5.0 (Nintendo Switch; WebApplet) AppleWebKit/609.4 (KHTML, like Gecko) NF/6.0", UNKNOWN),
    (f"Mozilla/5.0 (X11; GNU/Linux) {CHROME} Safari/537.36 Tesla/2024.2.6", UNKNOWN),
    (f"Mozilla/5.0 (Linux; Android 12; Polestar 2) {CHROME} Safari/537.36", UNKNOWN),
    (f"Mozilla/5.0 (Linux; Tizen 5.5; SAMSUNG SM-R850) {CHROME} Mobile Safari/537.36", UNKNOWN),
    (f"Mozilla/5.0 (Linux; Android 10; Pico Neo 3) {CHROME} PicoBrowser/1.0 VR Safari/537.36", UNKNOWN),
    (f"Mozilla/5.0 (Linux; Android 9; AFTKA) {CHROME} Safari/537.36", UNKNOWN),
    (f"Mozilla/5.0 (Linux; Android 11; 55UE-BYVB; wv) Version/4.0 {CHROME} Mobile Safari/537.36", UNKNOWN),
    (f"Mozilla/5.0 (Linux; Android 12; X96Max) {CHROME} Safari/537.36", UNKNOWN),
    # Tablets that say that they are mobile.
    (f"Mozilla/5.0 (Linux; Android 13; Lenovo TB-X606F) {CHROME} Mobile Safari/537.36", TABLET),
    (f"Mozilla/5.0 (Linux; Android 14; 24091RPADC) {CHROME} Mobile Safari/537.36", TABLET),
    (f"Mozilla/5.0 (Linux; Android 10; AGS3-W09) {CHROME} Mobile Safari/537.36", TABLET),
    (f"Mozilla/5.0 (Linux; Android 13; Tab 13 Pro) {CHROME} Mobile Safari/537.36", TABLET),
    # Phones: folded open, and named as if they were something else.
    (f"Mozilla/5.0 (Linux; Android 14; SM-F946B) {CHROME} Safari/537.36", MOBILE),
    (f"Mozilla/5.0 (Linux; Android 14; Pixel 9 Pro Fold) {CHROME} Safari/537.36", MOBILE),
    (f"Mozilla/5.0 (Linux; Android 5.0; Coolpad 8297) {CHROME} Mobile Safari/537.36", MOBILE),
    (f"Mozilla/5.0 (Linux; Android 15; TECNO KM6) {CHROME} Mobile Safari/537.36", MOBILE),
    (f"Mozilla/5.0 (Linux; Android 6.0; CUBOT ECHO) {CHROME} Mobile Safari/537.36", MOBILE),
    ("Dalvik/2.1.0 (Linux; U; Android 14; SM-S921B Build/UP1A)", MOBILE),
    # Computers that run Android.
    (f"Mozilla/5.0 (Linux; Android 9; ASUS Chromebook Flip C302) {CHROME} Safari/537.36", DESKTOP),
]


@pytest.mark.parametrize("agent", NO_BOTS)
def test_people_are_not_taken_for_bots(agent: str) -> None:
    assert not is_bot(agent)


@pytest.mark.parametrize("agent", MORE_BOTS)
def test_bots_without_a_bots_name_are_classify(agent: str) -> None:
    assert is_bot(agent)


@pytest.mark.parametrize(("agent", "device"), OTHERS)
def test_a_device_is_known_by_its_model(agent: str, device: Device) -> None:
    assert not is_bot(agent)
    assert device_of(agent) is device


def test_an_app_is_neither_a_browser_nor_a_bot() -> None:
    agents = ["okhttp/4.12.0", "Studio/7 CFNetwork/1410.0.3 Darwin/22.6.0", "Dart/3.5 (dart:io)"]

    assert [classify(agent).kind for agent in agents] == [AgentKind.APP] * 3
    assert classify("ExampleBot/1.0 okhttp/4.12.0").kind is AgentKind.BOT


PHONE_OF = "Mozilla/5.0 (Linux; Android 14; made up {}) AppleWebKit/537.36 Chrome/126.0 Mobile Safari/537.36"
TABLET_THAT_SAYS_MOBILE = CASES[3]["userAgent"].replace("/apad", "")


def test_whoever_sends_ever_new_agents_has_them_guessed_for_the_rest_of_the_hour() -> None:
    agents, hour = AgentCache(new_an_hour=3), 3_600.0
    network, other = "2001:db8::1", "192.0.2.1"
    for number in range(3):
        agents.find(PHONE_OF.format(number), network, 0.0)

    # By its model it is a tablet, which a guess does not know.
    assert agents.find(TABLET_THAT_SAYS_MOBILE, "2001:db8::2", 1.0).device is MOBILE
    assert agents.find(TABLET_THAT_SAYS_MOBILE, network, hour - 1).device is MOBILE
    assert agents.find(TABLET_THAT_SAYS_MOBILE, network, hour).device is TABLET
    # What another one has sent is known.
    for _ in range(9):
        assert agents.find(TABLET_THAT_SAYS_MOBILE, other, 2.0).device is TABLET


def test_the_thousandth_new_agent_of_an_hour_is_the_first_that_is_guessed() -> None:
    def asked(before: int) -> Device:
        agents = AgentCache()
        for number in range(before):
            agents.find(f"a{number}", "192.0.2.1", 0.0)
        return agents.find(TABLET_THAT_SAYS_MOBILE, "192.0.2.1", 0.0).device

    assert asked(998) is TABLET
    assert asked(999) is MOBILE


def test_guesses_are_right_of_the_usual_and_drop_what_is_no_browser() -> None:
    for agent, device in BROWSERS[:6]:
        assert guess(agent) == Agent(AgentKind.BROWSER, device)
    for agent in BOTS:
        assert guess(agent).kind is not AgentKind.BROWSER


def test_no_more_agents_and_networks_are_remembered_than_there_is_room_for() -> None:
    agents = AgentCache(remembered=5)
    for number in range(20):
        agents.find(f"a{number}", f"192.0.2.{number}", 0.0)

    assert (len(agents._known), len(agents._new)) == (5, 5)
