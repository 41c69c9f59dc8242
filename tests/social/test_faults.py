"""Whatever a network answers: what is stored stays right, and the log says what happened, but no secret."""

import asyncio
import logging
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from time import monotonic, time
from typing import Any, NamedTuple

import pytest

from base import retries
from models import Network
from social.calls import RetryPolicy
from social.circuit_breaker import CircuitBreaker
from social.refresh import ConnectedNetwork
from tests.social.conftest import PLENTY, Told, Web
from tests.social.sites import SECRETS, Reply, graph_error, youtube_error

FIGURES = [30, 31, 230, 4546, 4547, 4564]
PLACES = {
    Network.YOUTUBE: {0, 1},
    Network.SOUNDCLOUD: {2},
    Network.X: {3},
    Network.FACEBOOK: {4},
    Network.INSTAGRAM: {5},
}
ECHO = {"error": "Your credentials are " + " and ".join(SECRETS)}

on_sqlite = pytest.mark.parametrize("engine", ["sqlite"])
each_network = pytest.mark.parametrize("network", list(Network), ids=lambda network: network.name)


@pytest.fixture(autouse=True)
def told_nobody(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Of all that any library logs, at any level, nothing has a secret in it."""
    # Its statements are many, and it is told no secret.
    caplog.set_level(logging.WARNING, "aiosqlite")
    caplog.set_level(logging.DEBUG)
    yield
    logged = [
        f"{record.getMessage()} {record.exc_info} {record.__dict__}"
        for record in (*caplog.get_records("setup"), *caplog.get_records("call"))
    ]
    assert any("httpx" in text for text in logged)
    assert [text for text in logged if any(secret in text for secret in SECRETS)] == []


def ours(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name == "viewgraph"]


class Fault(NamedTuple):
    reply: Reply
    words: str
    attempts: int = 3
    stops: bool = False


FAULTS = {
    "401": Fault(Reply(ECHO, 401), "it refuses the credentials (401)", 1, True),
    "403": Fault(Reply(ECHO, 403), "it refuses the credentials (403)", 1, True),
    "404": Fault(Reply(ECHO, 404), "it answered 404", 1),
    "429": Fault(Reply(ECHO, 429, {"retry-after": "3600"}), "it was asked too often (429)", 1, True),
    "500": Fault(Reply(ECHO, 500), "it answered 500"),
    "503, later": Fault(Reply(ECHO, 503, {"retry-after": "3600"}), "it answered 503", 1),
    "elsewhere": Fault(Reply(b"", 302, {"location": "http://127.0.0.1:9/"}), "it answered 302", 1),
    "slow": Fault(Reply({}, seconds=60), "it took more than 1 s to answer"),
    "cut off": Fault(
        Reply({"items": [], "data": []}, is_cut=True), "the connection failed (RemoteProtocolError)"
    ),
    "no JSON": Fault(Reply(b"<html>" + repr(ECHO).encode()), "its answer is no JSON", 1),
    "no UTF-8": Fault(Reply(b"\xff\xfe{}"), "its answer is no JSON", 1),
    "a list": Fault(Reply([ECHO]), "its answer has another shape than documented", 1),
    "wrong types": Fault(
        Reply({"items": 1, "collection": 1, "data": 1, "business_discovery": 1}),
        "its answer has another shape than documented",
        1,
    ),
    "packed": Fault(Reply(b"", headers={"content-encoding": "gzip"}), "its answer is packed", 1),
    "too long": Fault(Reply(b" " * 200_001), "its answer has more than 200,000 bytes", 1),
}


@on_sqlite
@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
async def test_networks_that_fail_leave_what_is_stored(
    told: Told, web: Web, fault: Fault, caplog: pytest.LogCaptureFixture
) -> None:
    refresher = web.refresher(told.studio.services)
    told.clock.advance(hours=1)
    await refresher.refresh()
    told.clock.advance(hours=1)
    told.publish(add=1)
    for network in Network:
        web.of(network).requests.clear()
        web.of(network).always = fault.reply
    caplog.clear()

    seconds = 1 if fault is FAULTS["slow"] else 10
    outcomes = await replace(refresher, policy=RetryPolicy(seconds=seconds, most_bytes=200_000)).refresh()

    assert await told.figures() == FIGURES
    assert web.calls() == [fault.attempts] * 5
    for outcome in outcomes:
        logged = [message for message in ours(caplog) if message.startswith(f"{outcome.name}: ")]
        count = len(PLACES[outcome.network])
        if outcome.network is Network.FACEBOOK and fault is FAULTS["wrong types"]:
            # Any object could be a list of pages: it has none of those that were asked for.
            assert (outcome.gone, outcome.failed, logged) == (1, 0, [])
        elif fault.stops:
            assert (outcome.refreshed, outcome.failed, outcome.stopped) == (0, 0, fault.words)
            assert logged == [f"{outcome.name}: stopped, because {fault.words}"]
        else:
            assert (outcome.refreshed, outcome.failed, outcome.stopped) == (0, count, "")
            again = [f"{outcome.name}: {fault.words}; it is asked again"] * (fault.attempts - 1)
            assert logged == [*again, f"{outcome.name}: {count} of a call failed: {fault.words}"]


@on_sqlite
@each_network
async def test_a_network_that_fails_holds_up_no_other(told: Told, web: Web, network: Network) -> None:
    web.of(network).always = Reply(ECHO, 500)

    await told.refresh()

    assert await told.figures() == [
        None if place in PLACES[network] else figure for place, figure in enumerate(FIGURES)
    ]


@on_sqlite
@each_network
async def test_a_network_that_recovers_is_asked_again_at_once(
    told: Told, web: Web, network: Network, caplog: pytest.LogCaptureFixture
) -> None:
    web.of(network).faults.extend([Reply(ECHO, 500), Reply({}, is_cut=True)])

    outcomes = await told.refresh()

    assert [one.failed for one in outcomes] == [0] * 5
    assert [message.split(":")[0] for message in ours(caplog)] == [network.name.lower()] * 2
    assert await told.figures() == FIGURES


@on_sqlite
@pytest.mark.parametrize(
    ("network", "reply", "words"),
    [
        (Network.YOUTUBE, youtube_error(403, "quotaExceeded"), "its quota is spent (403)"),
        (
            Network.YOUTUBE,
            youtube_error(400, "badRequest", "API_KEY_INVALID"),
            "it refuses the credentials (400)",
        ),
        (Network.YOUTUBE, youtube_error(403, "forbidden"), "it refuses the credentials (403)"),
        (Network.FACEBOOK, graph_error(400, 190), "it refuses the credentials (400, code 190)"),
        (Network.FACEBOOK, graph_error(403, 200), "it refuses the credentials (403, code 200)"),
        (Network.FACEBOOK, graph_error(400, 4), "it was asked too often (400, code 4)"),
        (Network.FACEBOOK, graph_error(200, 190), "it refuses the credentials (200, code 190)"),
        (Network.INSTAGRAM, graph_error(403, 32), "it was asked too often (403, code 32)"),
        (Network.INSTAGRAM, graph_error(400, 80002), "it was asked too often (400, code 80002)"),
        (Network.INSTAGRAM, graph_error(400, 10), "it refuses the credentials (400, code 10)"),
        (Network.INSTAGRAM, graph_error(429, 99), "it was asked too often (429)"),
    ],
)
async def test_a_network_that_says_no_in_its_own_way_is_understood(
    told: Told, web: Web, network: Network, reply: Reply, words: str, caplog: pytest.LogCaptureFixture
) -> None:
    web.of(network).always = reply

    outcomes = await told.refresh()

    assert [one.stopped for one in outcomes if one.stopped] == [words]
    assert len(web.of(network).requests) == 1
    assert ours(caplog) == [f"{network.name.lower()}: stopped, because {words}"]


@on_sqlite
@pytest.mark.parametrize(
    ("network", "reply", "attempts"),
    [
        (Network.FACEBOOK, graph_error(500, 2), 3),
        (Network.FACEBOOK, graph_error(400, 100), 1),
        (Network.INSTAGRAM, graph_error(400, 1), 3),
    ],
)
async def test_errors_of_the_graph_api_that_may_pass_are_tried_again(
    told: Told, web: Web, network: Network, reply: Reply, attempts: int
) -> None:
    web.of(network).always = reply

    outcomes = {one.network: one for one in await told.refresh()}

    assert (outcomes[network].failed, len(web.of(network).requests)) == (1, attempts)


@on_sqlite
@pytest.mark.parametrize("code", [(803, None), (100, 33), (21, None)])
@pytest.mark.parametrize("status", [200, 400, 404])
async def test_a_page_that_is_not_there_is_gone(
    told: Told, web: Web, code: tuple[int, int | None], status: int
) -> None:
    await told.refresh()
    web.facebook.always = graph_error(status, *code)

    outcomes = await told.refresh()

    assert (outcomes[3].gone, outcomes[3].failed) == (1, 0)
    assert await told.figures() == FIGURES


def wait_of(kind: str, seconds: int) -> dict[str, str]:
    at = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=seconds)
    return {
        "seconds": {"retry-after": str(seconds)},
        "a date": {"retry-after": format_datetime(at, usegmt=True)},
        "X": {"x-rate-limit-reset": str(int(time()) + seconds)},
        "Meta": {
            "x-business-use-case-usage": (
                '{"17841405309211844": [{"type": "pages", "call_count": 100, '
                f'"estimated_time_to_regain_access": {seconds // 60}}}]}}'
            )
        },
        "nothing": {},
    }[kind]


@pytest.mark.parametrize(
    ("kind", "minutes"), [("seconds", 60), ("a date", 60), ("X", 60), ("Meta", 60), ("nothing", 15)]
)
async def test_a_network_is_not_asked_before_it_allows(told: Told, web: Web, kind: str, minutes: int) -> None:
    network = Network.INSTAGRAM if kind == "Meta" else Network.X
    site = web.of(network)
    limited = graph_error(400, 80002) if kind == "Meta" else Reply(ECHO, 429)
    site.faults.append(limited._replace(headers=wait_of(kind, 3605)))
    refresher = web.refresher(told.studio.services)
    told.clock.advance(hours=1)

    async def refresh() -> Any:
        (outcome,) = await refresher.refresh([network])
        return outcome

    assert (await refresh()).stopped.startswith("it was asked too often")
    told.clock.advance(minutes=minutes - 1)
    skipped = await refresh()
    until = told.clock.now + timedelta(minutes=1)
    assert skipped.skipped == f"it said not to ask before {until:%Y-%m-%d %H:%M} UTC"
    assert len(site.requests) == 1
    told.clock.advance(minutes=2)
    assert (await refresh()).refreshed == 1
    assert len(site.requests) == 2


@on_sqlite
@pytest.mark.parametrize("status", [429, 503])
async def test_a_short_wait_is_waited_for(
    told: Told, web: Web, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    web.x.faults.append(Reply(ECHO, status, {"retry-after": "1"}))
    started = monotonic()

    monkeypatch.setattr(retries, "sleep", asyncio.sleep)
    outcomes = await told.refresh()

    assert monotonic() - started >= 1
    assert outcomes[2].refreshed == 1
    assert len(web.x.requests) == 2


@on_sqlite
async def test_a_network_that_keeps_failing_is_left_alone_for_a_while(told: Told, web: Web) -> None:
    for number in range(6):
        await told.studio.add_person(f"maker{number}")
        await told.tell(f"maker{number}", instagramHandle=f"maker{number}", works=[])
        web.instagram.known[f"maker{number}"] = number
    now = 0.0
    client = web.clients()[4]
    networks = {Network.INSTAGRAM: ConnectedNetwork(client, PLENTY, CircuitBreaker(timer=lambda: now))}
    refresher = web.refresher(told.studio.services, networks=networks)
    told.clock.advance(hours=1)

    async def refresh() -> Any:
        (outcome,) = await refresher.refresh([Network.INSTAGRAM])
        return outcome

    web.instagram.always = Reply(ECHO, 500)
    first = await refresh()
    words = "5 calls in a row failed: it is left alone for 10 minutes"
    assert (first.failed, first.stopped, len(web.instagram.requests)) == (5, words, 15)
    now = 599.0
    second = await refresh()
    assert (second.skipped, len(web.instagram.requests)) == (words, 15)
    now = 601.0
    third = await refresh()
    assert (third.failed, third.stopped) == (1, words.replace("5", "6"))
    assert len(web.instagram.requests) == 18
    web.instagram.always = None
    now = 1300.0
    fourth = await refresh()
    assert (fourth.refreshed, fourth.failed, fourth.stopped) == (7, 0, "")


@on_sqlite
async def test_what_was_told_before_a_network_stopped_is_kept(told: Told, web: Web) -> None:
    videos = [f"video{number:06}" for number in range(120)]
    works = [{"itemId": id, "sourceType": "YOUTUBE", "isIndividualWork": True} for id in videos]
    await told.tell("stranger", works=works)
    web.youtube.known |= dict.fromkeys(videos, 5)
    web.youtube.faults.extend([web.youtube.answer, Reply(ECHO, 401)])

    outcomes = await told.refresh()

    assert (outcomes[0].refreshed, outcomes[0].stopped) == (50, "it refuses the credentials (401)")
    assert len(web.youtube.requests) == 2
    assert (await told.figures())[:2] == [30, 31]
    plays = [work["nonAppPlays"] for work in (await told.read("stranger"))["works"]]
    assert plays == [5] * 48 + [None] * 72
    assert (await told.refresh())[0].refreshed == 122


@on_sqlite
async def test_calls_that_fail_among_others_do_not_hold_up_the_rest(told: Told, web: Web) -> None:
    """What was asked for and failed waits for its turn, as everything else."""
    videos = [f"video{number:06}" for number in range(120)]
    works = [{"itemId": id, "sourceType": "YOUTUBE", "isIndividualWork": True} for id in videos]
    await told.tell("stranger", works=works)
    web.youtube.known |= dict.fromkeys(videos, 5)
    web.youtube.faults.extend([web.youtube.answer, Reply(ECHO, 404), web.youtube.answer])
    told.clock.advance(hours=1)
    refresher = web.refresher(told.studio.services)

    (outcome,) = await refresher.refresh([Network.YOUTUBE])
    (again,) = await refresher.refresh([Network.YOUTUBE])

    assert (outcome.refreshed, outcome.failed, outcome.stopped) == (72, 50, "")
    assert (again.refreshed, again.calls) == (0, 0)


@on_sqlite
async def test_one_token_of_soundcloud_serves_until_it_is_refused(told: Told, web: Web) -> None:
    refresher = web.refresher(told.studio.services)

    async def refresh() -> int:
        told.clock.advance(hours=1)
        (outcome,) = await refresher.refresh([Network.SOUNDCLOUD])
        return outcome.refreshed

    assert [await refresh(), await refresh()] == [1, 1]
    assert [request.path for request in web.soundcloud.requests] == ["/oauth/token", "/tracks", "/tracks"]
    web.soundcloud.faults.append(Reply(ECHO, 401))
    assert [await refresh(), await refresh()] == [0, 1]
    assert [request.path for request in web.soundcloud.requests[3:]] == ["/tracks", "/oauth/token", "/tracks"]


@on_sqlite
@pytest.mark.parametrize(
    ("status", "failed", "stopped"), [(401, 0, "it refuses the credentials (401)"), (500, 1, "")]
)
async def test_soundcloud_without_a_token_is_not_asked_for_tracks(
    told: Told, web: Web, status: int, failed: int, stopped: str
) -> None:
    web.soundcloud.always = Reply(ECHO, status)

    outcomes = await told.refresh()

    assert (outcomes[1].failed, outcomes[1].stopped, web.soundcloud.tracks) == (failed, stopped, [])


@on_sqlite
@pytest.mark.parametrize("token", ["a b", "", 7, "line\nbreak"])
async def test_a_token_that_is_none_is_not_sent(told: Told, web: Web, token: Any) -> None:
    web.soundcloud.faults.append(Reply({"access_token": token, "expires_in": 3599}))

    outcomes = await told.refresh()

    assert (outcomes[1].failed, web.soundcloud.tracks) == (1, [])


@on_sqlite
async def test_secrets_are_sent_in_headers_alone(told: Told, web: Web) -> None:
    await told.refresh()

    for network in Network:
        for request in web.of(network).requests:
            assert not any(secret in f"{request.path} {request.query}" for secret in SECRETS)
