"""What the networks tell, as it is stored and shown."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from models import Network
from social.lease import Quota
from social.refresh import ConnectedNetwork, MissingSettings, Outcome
from social.targets import TargetScope
from tests.social.conftest import Told, Web
from tests.social.sites import Reply
from tests.studio import START

UPDATE = """mutation($input: UserInsightInput!) {
  updateUserInsight(input: $input) { userInsight { id } }
}"""
FIGURES = [30, 31, 230, 4546, 4547, 4564]


def instant(hours: int) -> str:
    return (START + timedelta(hours=hours)).isoformat().replace("+00:00", "Z")


async def test_what_the_networks_tell_is_shown_at_once(told: Told) -> None:
    before = await told.read()

    outcomes = await told.refresh()

    assert outcomes == [
        Outcome(Network.YOUTUBE, refreshed=2, calls=1),
        Outcome(Network.SOUNDCLOUD, refreshed=1, calls=1),
        Outcome(Network.X, refreshed=1, calls=1),
        Outcome(Network.FACEBOOK, refreshed=1, calls=1),
        Outcome(Network.INSTAGRAM, refreshed=1, calls=1),
    ]
    after = await told.read()
    assert (before["refreshedAt"], before["insightScoreParts"]) == (None, {"reach": "0.00"})
    assert after == {
        "twitterFollowersCount": 4546,
        "facebookPageFollowersCount": 4547,
        "instagramFollowersCount": 4564,
        "refreshedAt": instant(1),
        "insightScoreParts": {"reach": "5.92"},
        "works": [
            {"itemId": "l4WNrvVjiTw", "nonAppPlays": 30, "refreshedAt": instant(1)},
            {"itemId": "dQw4w9WgXcQ", "nonAppPlays": 31, "refreshedAt": instant(1)},
            {"itemId": "308946187", "nonAppPlays": 230, "refreshedAt": instant(1)},
        ],
    }


async def test_what_is_gone_keeps_its_last_figure_and_its_time(told: Told) -> None:
    await told.refresh()
    told.publish(add=100)
    del told.web.youtube.known["l4WNrvVjiTw"]
    for network in (Network.SOUNDCLOUD, Network.X, Network.FACEBOOK, Network.INSTAGRAM):
        told.web.of(network).known = {}

    outcomes = await told.refresh()

    assert [(one.refreshed, one.gone, one.failed) for one in outcomes] == [(1, 1, 0)] + [(0, 1, 0)] * 4
    assert await told.figures() == [30, 131, 230, 4546, 4547, 4564]
    insight = await told.read()
    assert insight["refreshedAt"] == instant(1)
    assert [work["refreshedAt"] for work in insight["works"]] == [instant(1), instant(2), instant(1)]


async def test_the_age_of_an_insight_is_that_of_its_oldest_count(told: Told) -> None:
    await told.refresh()
    told.web.x.known = {}

    await told.refresh()

    assert (await told.read())["refreshedAt"] == instant(1)


async def test_another_handle_has_no_figure_until_it_is_asked_for(told: Told) -> None:
    await told.refresh()
    told.web.x.known["another"] = 7

    async def change(handle: str) -> list[Any]:
        answer = await told.studio.ask(
            UPDATE,
            "owner",
            input={"twitterHandle": handle},
        )
        assert answer.data
        return await told.figures()

    assert await change("@gigPRO") == FIGURES
    assert await change("Another") == [*FIGURES[:3], None, *FIGURES[4:]]
    await told.refresh()
    assert await told.figures() == [*FIGURES[:3], 7, *FIGURES[4:]]


async def test_a_handle_that_changes_meanwhile_does_not_get_the_figure_of_the_old_one(told: Told) -> None:
    changed = []

    async def change(_: object) -> None:
        answer = await told.studio.ask(
            UPDATE,
            "owner",
            input={"twitterHandle": "another"},
        )
        changed.append(answer.data)

    told.web.x.before_answer = change
    await told.refresh()

    assert len(changed) == 1
    assert await told.figures() == [*FIGURES[:3], None, *FIGURES[4:]]


async def test_users_who_change_their_works_meanwhile_hold_up_nothing(told: Told, web: Web) -> None:
    """Whoever writes works locks their insight first: in any other order, two would wait for each other."""
    videos = [f"video{number:06}" for number in range(40)]
    works = [{"itemId": id, "sourceType": "YOUTUBE", "isIndividualWork": True} for id in videos]
    await told.tell("stranger", works=works)
    web.youtube.known |= dict.fromkeys(videos, 5)
    refresher = web.refresher(told.studio.services)

    async def change() -> None:
        for given in [works[::-1], works] * 4:
            answer = await told.studio.ask(
                UPDATE,
                "stranger",
                input={"works": given},
            )
            assert answer.data

    async def refresh() -> None:
        for _ in range(8):
            told.clock.advance(hours=1)
            (outcome,) = await refresher.refresh([Network.YOUTUBE])
            assert (outcome.refreshed, outcome.stopped) == (42, "")

    await asyncio.gather(change(), refresh())

    plays = [work["nonAppPlays"] for work in (await told.read("stranger"))["works"]]
    assert plays == [5] * 40


async def test_a_run_that_is_cancelled_gives_back_its_lease(told: Told, web: Web) -> None:
    asked = asyncio.Event()

    async def wait(_: object) -> None:
        asked.set()
        await asyncio.sleep(60)

    web.x.before_answer = wait
    told.clock.advance(hours=1)
    refresher = web.refresher(told.studio.services)
    run = asyncio.create_task(refresher.refresh([Network.X]))
    await asked.wait()
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run

    web.x.before_answer = None
    (outcome,) = await refresher.refresh([Network.X])
    assert outcome == Outcome(Network.X, refreshed=1, calls=1)


async def test_names_that_a_network_cannot_have_are_never_sent(told: Told, web: Web) -> None:
    def work(item: str, source: str) -> dict[str, Any]:
        return {"itemId": item, "sourceType": source, "isIndividualWork": True}

    works = [
        work("stuff gggg", "YOUTUBE"),
        work("l4WNrvVjiTw", "SOUNDCLOUD"),
        work("a,b&key=c/..", "YOUTUBE"),
    ]
    await told.tell("stranger", works=works, twitterHandle="other", instagramHandle="other", facebookPageId=9)

    outcomes = await told.refresh()

    assert [(one.refreshed, one.gone) for one in outcomes] == [(2, 2), (1, 1), (1, 1), (1, 1), (1, 1)]
    assert [request.query["id"] for request in web.youtube.requests] == ["l4WNrvVjiTw,dQw4w9WgXcQ"]
    assert [request.query["ids"] for request in web.soundcloud.tracks] == ["308946187"]


async def test_one_user_alone_is_refreshed(told: Told, web: Web) -> None:
    await told.tell("stranger", twitterHandle="stranger")
    web.x.known["stranger"] = 5
    stranger = told.studio.people["stranger"].row.id
    told.clock.advance(hours=1)

    outcomes = await web.refresher(told.studio.services).refresh(scope=TargetScope(told.clock.now, stranger))

    assert [one.refreshed for one in outcomes] == [2, 1, 1, 1, 1]
    assert await told.figures() == [None] * 6
    assert (await told.read("stranger"))["twitterFollowersCount"] == 5


async def test_what_two_users_have_in_common_is_asked_for_once(told: Told, web: Web) -> None:
    await told.tell("stranger", twitterHandle="gigPRO")

    outcomes = await told.refresh()

    assert [one.refreshed for one in outcomes] == [4, 2, 2, 2, 2]
    assert web.calls() == [1, 1, 1, 1, 1]
    assert web.x.requests[0].ids("usernames") == ["gigpro"]
    assert (await told.read("stranger"))["twitterFollowersCount"] == 4546


async def test_a_network_without_credentials_is_skipped_and_says_so(told: Told, web: Web) -> None:
    networks = dict(web.refresher(told.studio.services).networks)
    networks[Network.X] = MissingSettings(["VIEWGRAPH_X_BEARER_TOKEN"])

    outcomes = await told.refresh(networks=networks)

    assert outcomes[2] == Outcome(Network.X, skipped="VIEWGRAPH_X_BEARER_TOKEN is not set")
    assert web.x.requests == []
    assert await told.figures() == [*FIGURES[:3], None, *FIGURES[4:]]


async def test_the_oldest_come_first_within_the_quota(told: Told, web: Web) -> None:
    for number in range(3):
        await told.studio.add_person(f"maker{number}")
        await told.tell(f"maker{number}", instagramHandle=f"maker{number}", works=[])
        web.instagram.known[f"maker{number}"] = number
    refresher = web.refresher(told.studio.services)
    instagram = refresher.networks[Network.INSTAGRAM]
    assert isinstance(instagram, ConnectedNetwork)
    networks = {Network.INSTAGRAM: ConnectedNetwork(instagram.client, Quota(3, timedelta(hours=2)))}

    async def refresh() -> Outcome:
        (outcome,) = await web.refresher(told.studio.services, networks=networks).refresh([Network.INSTAGRAM])
        return outcome

    def asked() -> list[str]:
        fields = [request.query["fields"] for request in web.instagram.requests]
        web.instagram.requests.clear()
        return [text.partition("(")[2].partition(")")[0] for text in fields]

    told.clock.advance(hours=1)
    first = await refresh()
    assert (first.refreshed, first.calls) == (3, 3)
    assert first.stopped == "the quota is spent until 2023-06-15 15:00 UTC"
    assert asked() == ["gig.pro", "maker0", "maker1"]
    told.clock.advance(hours=1)
    assert (await refresh()).calls == 0
    told.clock.advance(hours=1)
    assert (await refresh()).refreshed == 3
    assert asked() == ["maker2", "gig.pro", "maker0"]


async def test_the_server_asks_only_for_what_is_old_enough(told: Told, web: Web) -> None:
    refresher = web.refresher(told.studio.services)

    await refresher.refresh_due()
    told.clock.advance(hours=23, minutes=59)
    await refresher.refresh_due()
    assert web.calls() == [1, 1, 1, 1, 1]
    told.publish(add=1)
    told.clock.advance(minutes=2)
    await refresher.refresh_due()

    assert web.calls() == [2, 2, 2, 2, 2]
    assert await told.figures() == [figure + 1 for figure in FIGURES]


async def test_a_server_that_shall_not_ask_does_not(told: Told, web: Web) -> None:
    assert await web.refresher(told.studio.services, every=None).refresh_due() == []
    assert web.calls() == [0, 0, 0, 0, 0]


async def test_the_server_says_once_what_it_does_not_refresh(
    told: Told, web: Web, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "viewgraph")
    networks: dict[Network, ConnectedNetwork | MissingSettings] = {
        Network.X: MissingSettings(["VIEWGRAPH_X_BEARER_TOKEN"]),
        Network.SOUNDCLOUD: MissingSettings(
            ["VIEWGRAPH_SOUNDCLOUD_CLIENT_ID", "VIEWGRAPH_SOUNDCLOUD_CLIENT_SECRET"]
        ),
    }
    refresher = web.refresher(told.studio.services, networks=networks)

    for _ in range(3):
        await refresher.refresh_due()

    assert [record.message for record in caplog.records if record.name == "viewgraph"] == [
        "x is not refreshed: VIEWGRAPH_X_BEARER_TOKEN is not set",
        "soundcloud is not refreshed: VIEWGRAPH_SOUNDCLOUD_CLIENT_ID, VIEWGRAPH_SOUNDCLOUD_CLIENT_SECRET are "
        "not set",
    ]


async def test_facebook_is_asked_in_halves_until_the_missing_pages_stand_alone(told: Told, web: Web) -> None:
    for number in range(8):
        await told.studio.add_person(f"maker{number}")
        await told.tell(f"maker{number}", facebookPageId=100 + number, works=[])
        web.facebook.known[str(100 + number)] = number
    del web.facebook.known["105"]

    outcome = (await told.refresh())[3]

    assert outcome == Outcome(Network.FACEBOOK, refreshed=8, gone=1, calls=9 + 4 + 5 + 2 + 3 + 1 + 2)
    assert [len(request.ids("ids")) for request in web.facebook.requests] == [9, 4, 5, 2, 3, 1, 2]
    assert (await told.read("maker4"))["facebookPageFollowersCount"] == 4
    assert (await told.read("maker5"))["facebookPageFollowersCount"] is None


async def test_an_answer_that_is_right_in_part_is_kept_in_part(told: Told, web: Web) -> None:
    items = [{"id": "l4WNrvVjiTw", "statistics": {"viewCount": "-1"}}, {"id": 7}, "video"]
    web.youtube.faults.append(
        Reply({"items": [*items, {"id": "dQw4w9WgXcQ", "statistics": {"viewCount": "99"}}]})
    )

    outcomes = await told.refresh()

    assert outcomes[0] == Outcome(Network.YOUTUBE, refreshed=1, failed=1, calls=1)
    assert await told.figures() == [None, 99, *FIGURES[2:]]
