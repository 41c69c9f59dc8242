"""All numbers of one answer are of one moment, whatever comes in while it is made."""

from asyncio import TaskGroup, gather
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from server.services import close_services
from tests.conftest import client_of
from tests.draws import scaled
from tests.events import RECORD, record, view
from tests.live.acts import URL
from tests.live.served import served
from tests.studio import Studio, services_for

OTHER = "another-studio"
FIRST, LAST = datetime(2023, 4, 28, tzinfo=UTC), datetime(2023, 6, 15, tzinfo=UTC)
DEVICES = ("MOBILE", "DESKTOP")
ASKED = 3
"""Times that a page is asked for while events come in."""


class Seen(NamedTuple):
    url: str
    at: datetime
    device: str


class Field(NamedTuple):
    url: str
    days: tuple[date, date] | None
    """Both are included; None for all time."""
    zone: str = "UTC"
    interval: str | None = None
    """Of a series; None for a figure."""
    by_device: bool = False

    def text(self, alias: str) -> str:
        bounds = f'{{start: "{self.days[0]}", end: "{self.days[1]}"}}' if self.days else None
        if self.interval is None:
            given = f"(range: {bounds})" if bounds else ""
            return f"{alias}: metrics{given} {{ totalViews generatedAt uniqueVisitors {{ signedIn }} }}"
        by = ", groupBy: [DEVICE]" if self.by_device else ""
        return (
            f'{alias}: views(range: {bounds}, interval: {self.interval}, timeZone: "{self.zone}"{by}) '
            "{ count points { deviceCategory count } }"
        )

    def counted(self, events: list[Seen]) -> dict[str | None, int]:
        """By device where it is asked for."""
        found: dict[str | None, int] = {}
        for event in events:
            day = event.at.astimezone(ZoneInfo(self.zone)).date()
            if event.url == self.url and (not self.days or self.days[0] <= day <= self.days[1]):
                by = event.device if self.by_device else None
                found[by] = found.get(by, 0) + 1
        return found

    def shown(self, answer: Any) -> dict[str | None, int]:
        if self.interval is None:
            return {None: answer["totalViews"]} if answer["totalViews"] else {}
        found: dict[str | None, int] = {}
        for point in answer["points"]:
            found[point["deviceCategory"]] = found.get(point["deviceCategory"], 0) + point["count"]
        assert sum(found.values()) == answer["count"]
        return found


urls = st.sampled_from((URL, OTHER))
instants = st.datetimes(FIRST.replace(tzinfo=None), LAST.replace(tzinfo=None)).map(
    lambda at: at.replace(tzinfo=UTC)
)
seen = st.tuples(urls, instants, st.sampled_from(DEVICES)).map(lambda one: Seen(*one))
batches = st.lists(st.lists(seen, min_size=1, max_size=4), min_size=3, max_size=6)
days = st.tuples(st.dates(FIRST.date(), LAST.date()), st.integers(0, 40)).map(
    lambda pair: (pair[0], pair[0] + timedelta(days=pair[1]))
)
zones = st.sampled_from(("UTC", "Asia/Kolkata", "America/New_York", "Pacific/Apia"))
figures = st.tuples(urls, st.none() | days).map(lambda one: Field(*one))
series = st.tuples(urls, days, zones, st.sampled_from(("DAY", "WEEK", "MONTH")), st.booleans()).map(
    lambda one: Field(*one)
)
pages = st.lists(figures | series, min_size=2, max_size=7)


def asked(page: list[Field]) -> str:
    fields = dict.fromkeys((URL, OTHER), "")
    for number, field in enumerate(page):
        fields[field.url] += f" {field.text(f'f{number}')}"
    return " ".join(
        f'p{number}: publication(url: "{url}") {{ name {text} }}'
        for number, (url, text) in enumerate(fields.items())
    )


class Stream:
    """Batches as they come in, each in one transaction."""

    def __init__(self, studio: Studio, ids: dict[str, str]) -> None:
        self._studio = studio
        self._ids = ids
        self.sent: list[list[Seen]] = []
        self.stored = 0

    async def write(self, batch: list[Seen]) -> None:
        self.sent.append(batch)
        events = [
            {
                "subject": {"publicationId": self._ids[one.url]},
                "action": "VIEW",
                "occurredAt": one.at.isoformat(),
                "deviceCategory": one.device,
            }
            for one in batch
        ]
        answer = await self._studio.ask(RECORD, "owner", events=events)
        assert answer.data["recordEvents"]["stored"] == len(batch)
        self.stored += 1

    def moments(self, first: int) -> Iterator[list[Seen]]:
        """All events of each moment since so many batches were stored."""
        for count in range(first, len(self.sent) + 1):
            yield [event for batch in self.sent[:count] for event in batch]


@settings(
    max_examples=scaled(12),
    # What comes in between is another time at another place: a smaller example would rarely be found.
    phases=[Phase.generate],
    # Every example goes on in the one database of the test.
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data())
async def test_all_numbers_of_an_answer_agree_with_one_set_of_events(
    studio: Studio, data: st.DataObject
) -> None:
    coming, page = data.draw(batches), data.draw(pages)
    stream = await _stream(studio)

    async def ask() -> None:
        for _ in range(ASKED):
            before = stream.stored
            answer = await studio.ask(f"{{ {asked(page)} }}", "owner")
            found = {**answer.data["p0"], **answer.data["p1"]}
            shown = [field.shown(found[f"f{number}"]) for number, field in enumerate(page)]
            possible = [[field.counted(events) for field in page] for events in stream.moments(before)]
            assert shown in possible
            for url in (URL, OTHER):
                said = [
                    found[f"f{number}"]["generatedAt"]
                    for number, field in enumerate(page)
                    if field.url == url and field.interval is None
                ]
                assert len(set(said)) <= 1

    async def write() -> None:
        for batch in coming:
            await stream.write(batch)
            studio.clock.advance(seconds=1)

    async with TaskGroup() as group:
        for doing in (ask(), write(), ask()):
            group.create_task(doing)


_streams: dict[int, Stream] = {}


async def _stream(studio: Studio) -> Stream:
    """The test's own, in all of its examples."""
    known = _streams.get(id(studio))
    if known is None:
        _streams.clear()
        known = Stream(studio, {URL: studio.publication, OTHER: await studio.add_publication(OTHER, "owner")})
        _streams[id(studio)] = known
    return known


PAGE = """{ publication(url: "ai-research-studio") {
  metrics { totalViews generatedAt uniqueVisitors { estimate } }
  today: metrics(range: {start: "2023-06-15", end: "2023-06-15"}) { totalViews generatedAt }
  views(range: {start: "2023-06-15", end: "2023-06-15"}, interval: DAY) { count }
} }"""
WATCHED = """subscription { publicationMetricsChanged(url: "ai-research-studio") {
  metrics { totalViews generatedAt }
  today: metrics(range: {start: "2023-06-15", end: "2023-06-15"}) { totalViews generatedAt }
  views(range: {start: "2023-06-15", end: "2023-06-15"}, interval: DAY) { count }
} }"""


def numbers(publication: Any) -> tuple[int, int, int]:
    """Of all time, of today, and of today's series. All that is said of the figures is said of one moment."""
    metrics, today = publication["metrics"], publication["today"]
    assert metrics["generatedAt"] == today["generatedAt"]
    return metrics["totalViews"], today["totalViews"], publication["views"]["count"]


@asynccontextmanager
async def elsewhere(studio: Studio, database_url: str) -> AsyncIterator[Studio]:
    """The same studio, reached by way of another process that nobody tells anything."""
    services = services_for(database_url, studio.clock)
    async with client_of(services) as client:
        yield replace(studio, services=services, client=client)
    await close_services(services)


async def test_what_a_subscription_has_shown_is_never_taken_back(studio: Studio, database_url: str) -> None:
    async with (
        elsewhere(studio, database_url) as other,
        served(studio.services) as server,
        server.socket(studio.token("owner")) as socket,
    ):
        await socket.subscribe(WATCHED)
        assert numbers((await socket.next())["data"]["publicationMetricsChanged"]) == (0, 0, 0)
        for count in range(1, 4):
            for reached in (studio, other):
                # What is shown now is kept there.
                await reached.ask(PAGE, "owner")
            await record(studio, [view("2023-06-15T11:00:00")])
            shown = numbers((await socket.next())["data"]["publicationMetricsChanged"])
            assert shown == (count, count, count)
            for reached in (studio, other):
                answer = await reached.ask(PAGE, "owner")
                assert numbers(answer.data["publication"]) == shown
            studio.clock.advance(minutes=1)


TWO_LIKES = """mutation($p: ID!, $q: ID!) {
  first: likePublication(publicationId: $p) { publication { metrics { totalLikes } owner { username } } }
  second: likePublication(publicationId: $q) { publication { metrics { totalLikes } } }
  third: sharePublication(publicationId: $p) { publication { metrics { totalLikes totalShares } } }
}"""


async def test_mutations_read_what_they_and_others_have_written(studio: Studio) -> None:
    other = await studio.add_publication(OTHER, "owner")

    async def like() -> None:
        assert (await studio.ask(LIKE, "stranger", p=other)).data

    answer, _ = await gather(studio.ask(TWO_LIKES, "owner", p=studio.publication, q=other), like())

    shown = {name: payload["publication"]["metrics"] for name, payload in answer.data.items()}
    assert shown["first"] == {"totalLikes": 1}
    assert shown["second"] in ({"totalLikes": 1}, {"totalLikes": 2})
    assert shown["third"] == {"totalLikes": 1, "totalShares": 1}


LIKE = "mutation($p: ID!) { likePublication(publicationId: $p) { publication { id } } }"


@pytest.mark.parametrize("ending", ["well", "badly"])
async def test_what_was_lent_to_an_answer_is_given_back(studio: Studio, ending: str) -> None:
    """Many times more answers than there are connections."""
    query = PAGE if ending == "well" else PAGE.replace("today", 'views(range: {start: "x"})')
    for _ in range(5):
        answers = await gather(*(studio.ask(query, "owner") for _ in range(20)))
        assert [bool(answer.errors) for answer in answers] == [ending == "badly"] * 20
    with studio.statements() as statements:
        assert (await studio.ask(PAGE, "owner")).data
    assert statements
