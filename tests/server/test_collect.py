from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import httpx
import orjson
import pytest
from pydantic import SecretStr, ValidationError
from sqlalchemy import select
from sqlmodel import col

from base.ids import Kind, global_id, uuid7
from ingest.buffer import Buffer
from ingest.collect_limiter import CollectLimiter, CollectRates
from ingest.domain_caps import DomainCaps
from ingest.sizes import Sizes
from models import Action, DayTotal, Device
from resolvers.context import Limits
from server.app import create_app
from server.services import close_services, services_of
from server.settings import Settings
from tests.events import RECORD
from tests.studio import SECRET, Clock, Studio, open_studio, services_for
from tests.subjects import ACTIONS, Subjects, add_asset, add_subjects, stored_events, totals

BY_DOMAIN = """{ publication(url: "ai-research-studio") {
  views(range: {start: "2023-06-15", end: "2023-06-15"}, interval: DAY, groupBy: [DOMAIN]) {
    points { domain count }
  }
  others: views(
    range: {start: "2023-06-15", end: "2023-06-15"}, interval: DAY, domain: "(other)"
  ) { points { count } }
} }"""
BY_DEVICE = """{ publication(url: "ai-research-studio") {
  views(range: {start: "2023-06-15", end: "2023-06-15"}, interval: DAY, groupBy: [DEVICE]) {
    points { deviceCategory count }
  }
} }"""
DESKTOP = "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0"
TABLET = "Mozilla/5.0 (Android 13; Tablet; rv:127.0) Gecko/127.0 Firefox/127.0"
BOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
ID = "0188beed-4200-7111-8111-111111111111"


class Collected(NamedTuple):
    status: int
    headers: httpx.Headers
    body: dict[str, Any]
    """But for what it says of single events."""
    results: list[dict[str, Any]]


async def collect(
    studio: Studio, events: Any, by: str | None = None, /, *, agent: str = DESKTOP, **headers: str
) -> Collected:
    """As one of the people, or anonymously. `events` may be a body as it stands."""
    sent = {"user-agent": agent, "content-type": "application/json"}
    sent |= {name.replace("_", "-"): value for name, value in headers.items()}
    if by:
        sent["authorization"] = f"Bearer {studio.token(by)}"
    body = events if isinstance(events, bytes) else orjson.dumps(events)
    answer = await studio.client.post("/collect", content=body, headers=sent)
    said = answer.json()
    return Collected(answer.status_code, answer.headers, said, said.pop("results", []))


def summary(*, stored: int = 0, duplicates: int = 0, corrected: int = 0, **reasons: int) -> dict[str, Any]:
    return {
        "stored": stored,
        "duplicates": duplicates,
        "dropped": sum(reasons.values()),
        "corrected": corrected,
        "reasons": sorted(reasons),
    }


def view(studio: Studio, **given: Any) -> dict[str, Any]:
    return {"subject": {"publicationId": studio.publication}, "action": "VIEW", **given}


@pytest.fixture
async def subjects(studio: Studio) -> Subjects:
    return await add_subjects(studio)


async def test_one_event_is_stored_before_it_is_acknowledged(studio: Studio) -> None:
    answer = await collect(studio, view(studio, id=ID, domain="https://Shop.example/chair"))

    assert (answer.status, answer.body) == (202, summary(stored=1))
    (event,) = await stored_events(studio)
    assert (event.id, event.action, event.device) == (UUID(ID), Action.VIEW, Device.DESKTOP)
    assert event.occurred_at == studio.clock.now
    assert event.user_id is None
    assert event.visitor is not None
    assert await totals(studio) == {Action.VIEW: 1}


async def test_a_list_is_stored_as_one(studio: Studio) -> None:
    answer = await collect(studio, [view(studio) for _ in range(7)])

    assert (answer.status, answer.body) == (202, summary(stored=7))
    assert await totals(studio) == {Action.VIEW: 7}


async def test_an_empty_list_is_no_harm(studio: Studio) -> None:
    answer = await collect(studio, [])

    assert (answer.status, answer.body) == (202, summary())


async def test_the_content_type_says_nothing(studio: Studio) -> None:
    for content_type in ("text/plain;charset=UTF-8", "application/octet-stream", "nonsense", ""):
        answer = await collect(studio, view(studio), content_type=content_type)

        assert (answer.status, answer.body) == (202, summary(stored=1))


async def test_any_page_may_ask_first(studio: Studio) -> None:
    answer = await studio.client.options(
        "/collect",
        headers={
            "origin": "https://shop.example",
            "access-control-request-method": "POST",
            "access-control-request-headers": "authorization,content-type",
        },
    )

    assert answer.status_code == 204
    assert answer.content == b""
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["access-control-allow-methods"] == "POST"
    assert answer.headers["access-control-allow-headers"] == "authorization, content-type"
    assert answer.headers["access-control-max-age"] == "86400"


async def test_other_tools_may_add_headers_of_theirs(studio: Studio) -> None:
    answer = await studio.client.options(
        "/collect",
        headers={
            "origin": "https://shop.example",
            "access-control-request-headers": "content-type, traceparent,x-datadog-origin,no name,<b>",
        },
    )

    assert answer.headers["access-control-allow-headers"] == (
        "authorization, content-type, traceparent, x-datadog-origin"
    )


async def test_any_page_may_read_every_answer(studio: Studio) -> None:
    answers = [
        await collect(studio, view(studio), origin="https://shop.example"),
        await collect(studio, b"nonsense", origin="https://shop.example"),
        await collect(studio, b" " * 1_000_001, origin="https://shop.example"),
        await collect(studio, [view(studio)] * 1_001, origin="https://shop.example"),
    ]

    assert [answer.status for answer in answers] == [202, 400, 413, 422]
    for answer in answers:
        assert answer.headers["access-control-allow-origin"] == "*"
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["content-type"] == "application/json"


async def test_nothing_else_than_post_is_taken(studio: Studio) -> None:
    for method in ("GET", "PUT", "DELETE"):
        assert (await studio.client.request(method, "/collect")).status_code == 405


async def test_what_is_no_event_is_refused_with_its_place(studio: Studio) -> None:
    answer = await collect(studio, [view(studio), view(studio, action="LIKE")])

    assert answer.status == 400
    assert answer.body == {
        "code": "BAD_REQUEST",
        "message": "These are no events: Invalid enum value 'LIKE' - at `$[1].action`.",
    }
    assert await stored_events(studio) == []


async def test_a_body_that_is_too_large_is_refused(studio: Studio) -> None:
    padded = orjson.dumps(view(studio))

    refused = await collect(studio, padded.ljust(1_000_001))
    taken = await collect(studio, padded.ljust(1_000_000))

    assert (refused.status, refused.body["code"]) == (413, "BAD_REQUEST")
    assert (taken.status, taken.body) == (202, summary(stored=1))
    assert await studio.count("events") == 1


async def test_a_thousand_events_are_the_most_at_once(studio: Studio) -> None:
    refused = await collect(studio, [view(studio)] * 1_001)
    taken = await collect(studio, [view(studio)] * 1_000)

    assert refused.status == 422
    assert refused.body == {
        "code": "BAD_USER_INPUT",
        "message": "At most 1,000 events at once.",
        "argument": "events",
        "reason": "TOO_MANY_EVENTS",
    }
    assert (taken.status, taken.body) == (202, summary(stored=1_000))
    assert await totals(studio) == {Action.VIEW: 1_000}


async def test_every_subject_takes_its_actions(studio: Studio, subjects: Subjects) -> None:
    sent = [
        {"subject": subject, "action": action}
        for kind, subject in subjects._asdict().items()
        for action in ACTIONS[kind]
    ]

    answer = await collect(studio, sent)

    assert answer.body == summary(stored=9)
    assert await totals(studio) == {Action[event["action"]]: 1 for event in sent}


async def test_no_subject_takes_the_actions_of_another(studio: Studio, subjects: Subjects) -> None:
    sent = [
        {"subject": subject, "action": action}
        for kind, subject in subjects._asdict().items()
        for other, actions in ACTIONS.items()
        for action in actions
        if other != kind
    ]

    answer = await collect(studio, sent)

    assert answer.body == summary(WRONG_ACTION=27)
    assert await studio.count("events") == 0


async def test_a_subject_that_is_not_there_is_unknown(studio: Studio, subjects: Subjects) -> None:
    nobody = uuid7(studio.clock.now)
    work = subjects.work["work"]
    unknown = [
        {},
        {"publicationId": ""},
        {"publicationId": "nonsense"},
        {"publicationId": "pub_ÄÖÜ"},
        {"publicationId": "pub_" + "A" * 10_000},
        {"publicationId": global_id(Kind.PUBLICATION, nobody)},
        # Kinds are not mixed up.
        {"publicationId": subjects.asset["assetId"]},
        {"assetId": studio.publication},
        {"assetId": global_id(Kind.ASSET, nobody)},
        {"profileUserId": global_id(Kind.USER, nobody)},
        {"work": {**work, "itemId": "another"}},
        {"work": {**work, "sourceType": "SOUNDCLOUD"}},
        {"work": {**work, "userId": studio.people["owner"].id}},
        {"work": {**work, "userId": "nonsense"}},
        # Exactly one.
        {**subjects.publication, **subjects.asset},
        {**subjects.profile, **subjects.work},
    ]

    answer = await collect(studio, [{"subject": subject, "action": "VIEW"} for subject in unknown])

    assert answer.body == summary(UNKNOWN_SUBJECT=len(unknown))
    assert await studio.count("events") == 0


async def test_an_id_counts_once(studio: Studio) -> None:
    other = "0188beed-4200-7222-8222-222222222222"
    first = await collect(studio, [view(studio, id=ID), view(studio, id=ID)])
    again = await collect(
        studio, [view(studio, id=ID), view(studio, id=ID.replace("-", "")), view(studio, id=other)]
    )

    assert first.body == summary(stored=1, duplicates=1)
    assert again.body == summary(stored=1, duplicates=2)
    assert await totals(studio) == {Action.VIEW: 2}


async def test_an_id_counts_once_for_each_tenant(studio: Studio, subjects: Subjects) -> None:
    answer = await collect(
        studio, [view(studio, id=ID), {"subject": subjects.asset, "action": "VIEW_3D", "id": ID}]
    )

    assert answer.body == summary(stored=2)


async def test_what_is_good_is_stored_beside_what_is_not(studio: Studio) -> None:
    answer = await collect(
        studio,
        [
            view(studio),
            view(studio, id="7"),
            view(studio, viewId="7"),
            view(studio, domain="two words"),
            view(studio, action="PLAY"),
            view(studio),
        ],
    )

    assert (answer.status, answer.body) == (
        202,
        {
            "stored": 2,
            "duplicates": 0,
            "dropped": 4,
            "corrected": 0,
            "reasons": ["INVALID_DOMAIN", "INVALID_ID", "WRONG_ACTION"],
        },
    )
    assert answer.results == [
        {"index": 1, "reason": "INVALID_ID"},
        {"index": 2, "reason": "INVALID_ID"},
        {"index": 3, "reason": "INVALID_DOMAIN"},
        {"index": 4, "reason": "WRONG_ACTION"},
    ]
    assert await totals(studio) == {Action.VIEW: 2}


async def test_bots_are_dropped(studio: Studio) -> None:
    named = await collect(studio, [view(studio), view(studio)], agent=BOT)
    nameless = await collect(studio, view(studio), agent="")

    assert named.body == summary(BOT=2)
    assert nameless.body == summary(BOT=1)
    assert await studio.count("events") == 0


MAKE_KEY = """mutation { createAuthenticationKey(input: {name: "app"}) { secret } }"""
APPS = ("okhttp/4.12.0", "Studio/7 CFNetwork/1410.0.3 Darwin/22.6.0", "Dart/3.5 (dart:io)")


async def test_an_app_without_a_key_or_token_is_dropped_and_told_how_to_send(studio: Studio) -> None:
    for agent in APPS:
        answer = await collect(studio, [view(studio), view(studio)], agent=agent)

        message = answer.body.pop("message")
        assert (answer.status, answer.body) == (202, summary(BOT=2))
        assert "`Authorization: Token <key>`" in message
        assert "`Authorization: Bearer <token>`" in message
    assert await studio.count("events") == 0


async def test_an_app_with_a_token_is_no_bot(studio: Studio) -> None:
    for agent in APPS:
        answer = await collect(studio, view(studio, deviceCategory="MOBILE"), "stranger", agent=agent)

        assert (answer.status, answer.body) == (202, summary(stored=1))
    assert {event.device for event in await stored_events(studio)} == {Device.MOBILE}


async def test_an_app_with_a_key_is_no_bot(studio: Studio) -> None:
    made = await studio.ask(MAKE_KEY, "stranger")
    key = made.data["createAuthenticationKey"]["secret"]

    answer = await collect(studio, view(studio), agent=APPS[0], authorization=f"Token {key}")

    assert answer.body == summary(stored=1)


async def test_a_bot_with_a_token_is_still_a_bot(studio: Studio) -> None:
    answer = await collect(studio, view(studio), "stranger", agent=BOT)

    assert answer.body == summary(BOT=1)
    assert await studio.count("events") == 0


async def test_a_page_that_is_made_ready_and_not_seen_is_no_view(studio: Studio) -> None:
    for header in (
        {"sec_purpose": "prefetch;prerender"},
        {"sec_purpose": "Prefetch"},
        {"purpose": "prefetch"},
    ):
        answer = await collect(studio, [view(studio), view(studio)], **header)

        assert (answer.status, answer.body) == (202, summary(PRERENDERED=2))
    assert await studio.count("events") == 0

    assert (await collect(studio, view(studio), sec_purpose="speech")).body == summary(stored=1)


async def test_what_stands_in_a_room_has_no_category(studio: Studio) -> None:
    xbox = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; Xbox; Xbox One) Chrome/126.0 Safari/537.36"
    for agent in (xbox, DESKTOP):
        await collect(studio, view(studio), agent=agent)

    answer = await studio.ask(BY_DEVICE, "owner")

    views = answer.data["publication"]["views"]["points"]
    assert [(point["deviceCategory"], point["count"]) for point in views] == [(None, 1), ("DESKTOP", 1)]


async def test_whoever_sends_ever_new_agents_has_the_rest_guessed(studio: Studio) -> None:
    studio.services.agents._new_an_hour = 2
    for number in range(4):
        agent = f"Mozilla/5.0 (Linux; Android 13; Tab {number}) Chrome/126.0 Mobile Safari/537.36"
        assert (await collect(studio, view(studio), agent=agent)).body == summary(stored=1)

    devices = [event.device for event in await stored_events(studio)]
    assert sorted(devices) == [Device.MOBILE] * 2 + [Device.TABLET] * 2


async def test_the_device_is_as_told_else_as_the_agent_says(studio: Studio) -> None:
    for told, device in ((None, Device.TABLET), ("MOBILE", Device.MOBILE), ("DESKTOP", Device.DESKTOP)):
        studio.clock.advance(seconds=1)
        await collect(studio, view(studio, deviceCategory=told), agent=TABLET)

        assert (await stored_events(studio))[-1].device == device


async def test_browsers_are_believed_two_days_back_and_five_minutes_ahead(studio: Studio) -> None:
    now, second = studio.clock.now, timedelta(seconds=1)
    earliest, latest = now - timedelta(days=2), now + timedelta(minutes=5)
    for at, expected in (
        (earliest - second, summary(TOO_OLD=1)),
        (earliest, summary(stored=1)),
        (latest, summary(stored=1)),
        (latest + second, summary(IN_THE_FUTURE=1)),
    ):
        by_time = await collect(studio, view(studio, occurredAt=at))
        by_id = await collect(studio, view(studio, id=str(uuid7(at))))
        assert by_time.body == by_id.body == expected

    assert sorted(event.occurred_at for event in await stored_events(studio)) == [earliest] * 2 + [now] * 2


@pytest.mark.parametrize("behind", [timedelta(hours=7, seconds=30), -timedelta(days=31)])
async def test_a_phones_wrong_clock_is_put_right_and_a_retry_is_still_known(
    studio: Studio, behind: timedelta
) -> None:
    """Its ids are by its clock, too; and a retry takes another time on its way."""
    happened = studio.clock.now - timedelta(hours=5)
    event = view(studio, id=str(uuid7(happened - behind)))
    first = await collect(studio, {**event, "sentAt": (studio.clock.now - behind).isoformat()})
    sent_again = studio.clock.now + timedelta(hours=40) - behind
    studio.clock.advance(hours=40, seconds=2)
    again = await collect(studio, {**event, "sentAt": sent_again.isoformat()})

    assert first.body == summary(stored=1, corrected=1)
    assert first.results == [{"index": 0, "clockCorrection": behind.total_seconds()}]
    assert (again.body, again.results) == (summary(duplicates=1), [])
    (stored,) = await stored_events(studio)
    assert (stored.occurred_at, stored.id) == (happened, UUID(event["id"]))


async def test_a_clock_is_put_right_within_reason_alone(studio: Studio) -> None:
    now, minute, day = studio.clock.now, timedelta(minutes=1), timedelta(days=1)
    second = timedelta(seconds=1)
    for at, sent_at, expected in (
        # So much may be the way.
        (now - minute, now - minute, summary(stored=1)),
        (now + minute, now + minute, summary(stored=1)),
        (now - minute - second, now - minute - second, summary(stored=1, corrected=1)),
        (now + 31 * day, now + 31 * day, summary(stored=1, corrected=1)),
        (now - 31 * day - second, now - 31 * day - second, summary(WRONG_CLOCK=1)),
        (now + 31 * day + second, now + 31 * day + second, summary(WRONG_CLOCK=1)),
        (datetime.min.replace(tzinfo=UTC), now - day, summary(TOO_OLD=1)),
        (datetime.max.replace(tzinfo=UTC), now + day, summary(IN_THE_FUTURE=1)),
        # By its own clock, too, nothing has happened yet, or too long ago.
        (now + day + 6 * minute, now + day, summary(IN_THE_FUTURE=1)),
        (now - day - second, now + day, summary(TOO_OLD=1)),
        (now - day, now + day, summary(stored=1, corrected=1)),
    ):
        answer = await collect(studio, view(studio, occurredAt=at.isoformat(), sentAt=sent_at.isoformat()))
        assert answer.body == expected, (at, sent_at)

    times = sorted(event.occurred_at for event in await stored_events(studio))
    assert times == [now - 2 * day, now - minute, now, now, now]


async def test_an_id_of_another_time_than_the_clock_says_is_dropped(studio: Studio) -> None:
    now, hour = studio.clock.now, timedelta(hours=1)
    sent_at = (now + 3 * hour).isoformat()
    for made, is_taken in (
        (now + 3 * hour, True),
        (now - 45 * hour, True),
        (now - 46 * hour, False),
        (now + 4 * hour, False),
    ):
        sent = view(studio, id=str(uuid7(made)), occurredAt=sent_at, sentAt=sent_at)
        expected = summary(stored=1, corrected=1) if is_taken else summary(ID_OF_ANOTHER_TIME=1)
        assert (await collect(studio, sent)).body == expected


async def test_a_week_offline_is_a_setting_and_duplicates_are_known_as_long(studio: Studio) -> None:
    studio = with_services(studio, limits=Limits(offline_hours=168))
    now, second = studio.clock.now, timedelta(seconds=1)
    week = timedelta(days=7)
    event = view(studio, id=str(uuid7(now - week)))

    assert (await collect(studio, event)).body == summary(stored=1)
    assert (await collect(studio, event)).body == summary(duplicates=1)
    for id in (uuid7(now - week - second), uuid7(now - timedelta(days=30))):
        assert (await collect(studio, view(studio, id=str(id)))).body == summary(TOO_OLD=1)
    (stored,) = await stored_events(studio)
    assert stored.occurred_at == now - week
    assert await totals(studio) == {Action.VIEW: 1}


async def test_who_asks_not_to_be_tracked_is_dropped_where_a_setting_says_so(studio: Studio) -> None:
    lenient, strict = studio, with_services(studio, limits=Limits(honours_signals=True))
    for headers in ({"dnt": "1"}, {"sec_gpc": "1"}):
        assert (await collect(lenient, view(studio), **headers)).body == summary(stored=1)
        assert (await collect(strict, view(studio), **headers)).body == summary(OPTED_OUT=1)
    for headers in ({}, {"dnt": "0"}, {"sec_gpc": "0"}):
        assert (await collect(strict, view(studio), **headers)).body == summary(stored=1)
    assert await totals(studio) == {Action.VIEW: 5}


async def test_the_door_may_stand_elsewhere_too_and_the_script_knows(studio: Studio) -> None:
    app = create_app(Settings(collect_path="/shop/news"), studio.services)
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        for path in ("/shop/news", "/collect"):
            answer = await client.post(path, json=view(studio), headers={"user-agent": DESKTOP})
            assert (answer.status_code, answer.json()["stored"]) == (202, 1)
        script = (await client.get("/viewer.js")).text
    usual = (await studio.client.get("/viewer.js")).text
    assert usual.count('"collect"') == 1
    assert script == usual.replace('"collect"', '"shop/news"')


@pytest.mark.parametrize("path", ["collect", "/", "/a/", "/a b", '/"', "/graphql", "/readyz", "//x", "/.."])
def test_a_door_has_a_path_of_its_own(path: str) -> None:
    with pytest.raises(ValidationError, match="Give a path, such as"):
        Settings(collect_path=path)


async def test_a_late_event_lands_in_its_own_day(studio: Studio) -> None:
    await collect(studio, view(studio, occurredAt="2023-06-14T01:30:00+02:00"))

    (event,) = await stored_events(studio)
    assert event.occurred_at == datetime(2023, 6, 13, 23, 30, tzinfo=UTC)
    async with studio.services.database.writing() as session:
        assert list((await session.execute(select(col(DayTotal.day)))).scalars()) == [date(2023, 6, 13)]


async def test_signed_in_people_are_known_by_their_ids(studio: Studio) -> None:
    answer = await collect(studio, [view(studio), view(studio)], "stranger")

    assert answer.body == summary(stored=2)
    for event in await stored_events(studio):
        assert event.user_id == studio.people["stranger"].row.id
        assert event.visitor is None
    assert await studio.count("active_users") == 1


async def test_credentials_that_do_not_count_make_nobody(studio: Studio) -> None:
    answer = await collect(studio, view(studio), authorization="Bearer nonsense")

    assert answer.body == summary(stored=1)
    (event,) = await stored_events(studio)
    assert event.user_id is None
    assert event.visitor is not None


async def test_what_a_browser_says_of_the_person_is_ignored(studio: Studio) -> None:
    claims = {"visitor": "somebody else", "userId": studio.people["member"].id}

    answer = await collect(studio, [view(studio), view(studio, **claims), view(studio, userId="nonsense")])

    assert answer.body == summary(stored=3)
    events = await stored_events(studio)
    assert {event.user_id for event in events} == {None}
    assert len({event.visitor for event in events}) == 1


async def test_makers_views_of_what_is_theirs_are_dropped(studio: Studio) -> None:
    for maker in ("owner", "cocreator"):
        assert (await collect(studio, view(studio), maker)).body == summary(OWN_VIEW=1)

    assert await studio.count("events") == 0


async def test_ones_own_profile_and_works_are_ones_own(studio: Studio, subjects: Subjects) -> None:
    sent = [
        {"subject": subjects.profile, "action": "PROFILE_VIEW"},
        {"subject": subjects.work, "action": "PLAY"},
    ]

    assert (await collect(studio, sent, "stranger")).body == summary(OWN_VIEW=2)
    assert (await collect(studio, sent, "owner")).body == summary(stored=2)


async def test_an_organizations_people_count_on_its_assets(studio: Studio, subjects: Subjects) -> None:
    answer = await collect(studio, {"subject": subjects.asset, "action": "VIEW_3D"}, "admin")

    assert answer.body == summary(stored=1)


async def test_an_asset_counts_on_its_allowed_domains_alone(studio: Studio) -> None:
    listed = {"assetId": await add_asset(studio, domains=["shop.example", "xn--bcher-kva.example"])}

    def shown(domain: str | None) -> dict[str, Any]:
        return {"subject": listed, "action": "VIEW_3D", "domain": domain}

    allowed = await collect(
        studio, [shown("shop.example"), shown("https://SHOP.example:8443/x"), shown("Bücher.example")]
    )
    refused = await collect(
        studio, [shown("other.example"), shown("www.shop.example"), shown(None), shown("  ")]
    )

    assert allowed.body == summary(stored=3)
    assert refused.body == summary(DOMAIN_NOT_ALLOWED=4)


@pytest.fixture
async def lenient(database_url: str, clock: Clock) -> AsyncIterator[Studio]:
    """A studio whose makers' own views are counted."""
    services = services_for(database_url, clock, Limits(counts_own_views=True))
    transport = httpx.ASGITransport(app=create_app(Settings(), services))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield await open_studio(services, client, clock)
    await close_services(services)


async def test_a_setting_counts_makers_own_views(lenient: Studio) -> None:
    answer = await collect(lenient, view(lenient), "owner")

    assert answer.body == summary(stored=1)
    (event,) = await stored_events(lenient)
    assert event.user_id == lenient.people["owner"].row.id


async def test_a_full_buffer_asks_to_come_back(studio: Studio) -> None:
    await studio.services.buffer.close()

    answer = await collect(studio, view(studio))

    assert answer.status == 503
    assert answer.headers["retry-after"] == str(answer.body["retryAfter"]) == "5"
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.body["code"] == "UNAVAILABLE"
    assert await studio.count("events") == 0


def with_services(studio: Studio, **services: Any) -> Studio:
    return served(replace(studio, services=replace(studio.services, **services)))


def served(studio: Studio, address: str = "127.0.0.1") -> Studio:
    """As one sees it from that address."""
    app = create_app(Settings(), studio.services)
    transport = httpx.ASGITransport(app=app, client=(address, 1))
    return replace(studio, client=httpx.AsyncClient(transport=transport, base_url="http://test"))


def limited(studio: Studio, **rates: str) -> Studio:
    return with_services(studio, collect_limiter=CollectLimiter(CollectRates(**rates)))


async def test_an_address_sends_so_many_events_and_then_has_to_wait(studio: Studio) -> None:
    studio = limited(studio, address="5 per minute")
    event = view(studio, id=ID)

    taken = await collect(studio, [event, *[view(studio)] * 3])
    refused = await collect(studio, [event, view(studio)])

    assert (taken.status, taken.body) == (202, summary(stored=4))
    assert refused.status == 429
    assert refused.body == {
        "code": "THROTTLED",
        "message": "Without signing in, 5 events from one network in 60 s are the most. "
        "Send these again in 12 s.",
        "retryAfter": 12,
    }
    assert refused.headers["retry-after"] == "12"
    assert refused.headers["access-control-allow-origin"] == "*"
    assert refused.headers["access-control-expose-headers"] == "retry-after, x-request-id"
    assert await studio.count("events") == 4
    studio.clock.advance(seconds=12)
    again = await collect(studio, [event, view(studio)])
    assert (again.status, again.body) == (202, summary(stored=1, duplicates=1))


async def test_what_is_dropped_is_counted_too(studio: Studio) -> None:
    studio = limited(studio, address="3 per minute")

    answers = [
        await collect(studio, []),
        await collect(studio, {"subject": {"publicationId": "nonsense"}, "action": "VIEW"}),
        await collect(studio, view(studio), agent=BOT),
        await collect(studio, view(studio)),
    ]

    assert [answer.status for answer in answers] == [202, 202, 202, 429]
    assert await studio.count("events") == 0


async def test_a_network_of_ipv6_is_one_address_and_ipv4_is_ipv4_however_it_is_written(
    studio: Studio,
) -> None:
    studio = limited(studio, address="1 per minute")
    statuses = [
        (await collect(served(studio, address), view(studio))).status
        for address in (
            "2001:db8:0:1::1",
            "2001:db8:0:1:ffff:ffff:ffff:ffff",
            "2001:db8:0:2::1",
            "192.0.2.1",
            "::ffff:192.0.2.1",
            "192.0.2.2",
        )
    ]

    assert statuses == [202, 429, 202, 202, 429, 202]


async def test_a_subject_takes_so_many_events_from_all_strangers_together(
    studio: Studio, subjects: Subjects
) -> None:
    studio = limited(studio, subject="3 per minute")
    asset = {"subject": subjects.asset, "action": "VIEW_3D"}

    from_four = [
        (await collect(served(studio, f"192.0.2.{number}"), view(studio))).status for number in range(4)
    ]
    mixed = await collect(studio, [asset, asset, view(studio)])
    alone = await collect(studio, [asset] * 3)

    assert from_four == [202, 202, 202, 429]
    # Of what is refused, nothing is counted.
    assert (mixed.status, mixed.headers["retry-after"]) == (429, "20")
    assert "3 events about one subject in 60 s are the most" in mixed.body["message"]
    assert (alone.status, alone.body) == (202, summary(stored=3))
    assert await studio.count("events") == 6


async def test_who_is_signed_in_has_no_such_limit(studio: Studio) -> None:
    studio = limited(studio, address="1 per minute", subject="1 per minute")

    for _ in range(3):
        answer = await collect(studio, [view(studio)] * 2, "stranger")
        assert (answer.status, answer.body) == (202, summary(stored=2))
    assert (await collect(studio, view(studio), authorization="Bearer nonsense")).status == 202
    assert (await collect(studio, view(studio), authorization="Bearer nonsense")).status == 429


async def test_servers_sign_in_or_send_nothing(studio: Studio) -> None:
    answer = await studio.ask(RECORD, events=[view(studio)])

    assert answer.errors == [("UNAUTHENTICATED", "recordEvents")]
    assert await studio.count("events") == 0


async def test_more_events_at_once_than_the_limit_need_all_of_it_and_are_paid_off(studio: Studio) -> None:
    studio = limited(studio, address="10 per minute")

    assert (await collect(studio, [view(studio)] * 20)).status == 202
    refused = await collect(studio, view(studio))
    assert (refused.status, refused.headers["retry-after"]) == (429, "66")


async def test_a_browsers_id_is_of_the_time_at_which_it_is_sent(studio: Studio) -> None:
    now, minute = studio.clock.now, timedelta(minutes=1)
    random = "3d2c1f52-9b1c-4a70-8f06-0d1d5a7a3c11"
    for id, is_taken in (
        (uuid7(now - timedelta(days=2) + minute), True),
        (uuid7(now + 4 * minute), True),
        (uuid7(now - timedelta(days=2) - minute), False),
        (uuid7(now - timedelta(days=365)), False),
        (uuid7(now + 6 * minute), False),
        (uuid7(now + timedelta(days=365)), False),
        (UUID(random), False),
        (UUID("ffffffff-ffff-7fff-bfff-ffffffffffff"), False),
    ):
        answer = await collect(studio, view(studio, id=str(id), occurredAt=now.isoformat()))
        assert answer.body == (summary(stored=1) if is_taken else summary(ID_OF_ANOTHER_TIME=1))

    assert (await collect(studio, view(studio, id=random))).body == summary(ID_OF_ANOTHER_TIME=1)
    assert await studio.count("events") == 2


async def test_browsers_name_so_many_domains_of_a_day(studio: Studio) -> None:
    database, topics = studio.services.database, studio.services.topics
    studio = with_services(studio, buffer=Buffer(database, topics, caps=DomainCaps(2, 3)))

    for number in range(4):
        await collect(studio, view(studio, domain=f"{number}.example"))
    own = [view(studio, domain=f"{number}.example") for number in (0, 8, 9)]
    assert (await studio.ask(RECORD, "owner", events=own)).data == {"recordEvents": {"stored": 3}}

    asked = await studio.ask(BY_DOMAIN, "owner")
    shown = {point["domain"]: point["count"] for point in asked.data["publication"]["views"]["points"]}
    assert len(shown) == 4
    assert (shown["(other)"], sum(shown.values())) == (3, 7)
    assert asked.data["publication"]["others"] == {"points": [{"count": 3}]}
    await studio.services.buffer.close()


async def test_subjects_of_one_kind_are_looked_up_in_one_statement(studio: Studio) -> None:
    asset_ids = [await add_asset(studio) for _ in range(20)]
    sent = [{"subject": {"assetId": id}, "action": "VIEW_3D"} for id in asset_ids]
    await collect(studio, view(studio))

    with studio.statements() as statements:
        await collect(studio, sent[:1])
        for_one = len([text for text in statements if "FROM assets" in text])
        statements.clear()
        await collect(studio, sent[1:])
        for_nineteen = len([text for text in statements if "FROM assets" in text])

    assert (for_one, for_nineteen) == (1, 1)


async def test_the_settings_say_how_much_waits_and_whose_views_count(database_url: str) -> None:
    services = services_of(
        Settings(
            database_url=database_url,
            secret=SecretStr(SECRET),
            max_batch_events=7,
            max_waiting_events=1_000,
            count_own_views=True,
            max_offline_hours=168,
            honour_privacy_signals=True,
        )
    )

    assert services.buffer.sizes == Sizes(batch=7, capacity=1_000)
    assert services.limits.counts_own_views
    assert (services.limits.offline_hours, services.limits.honours_signals) == (168, True)
    await close_services(services)
