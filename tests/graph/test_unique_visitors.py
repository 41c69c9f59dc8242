from collections.abc import Iterable
from datetime import datetime, timedelta
from random import Random
from typing import Any

from base.ids import uuid7
from base.sketches import EMPTY, added, estimate
from ingest.events import NewEvent
from ingest.prune import prune
from models import Action
from tests.studio import START, Studio

UNIQUE = """query($range: DateRange) { publication(url: "ai-research-studio") { metrics(range: $range) {
  uniqueVisitors { estimate lower upper signedIn }
  previous { uniqueVisitors { estimate signedIn } }
} } }"""
DAY = timedelta(days=1)


async def see(studio: Studio, seen: Iterable[tuple[str, int | None, bytes | None]]) -> None:
    """Views of the publication: when, by which user, by which visitor."""
    tenant = studio.people["owner"].row.tenant_id
    events = []
    for at, user_id, visitor in seen:
        instant = datetime.fromisoformat(at)
        view = NewEvent(tenant, uuid7(instant), 1, Action.VIEW, instant, user_id=user_id, visitor=visitor)
        events.append(view)
    await studio.services.buffer.add(events)


async def unique(studio: Studio, range: tuple[str, str] | None = None) -> Any:
    given = {"start": range[0], "end": range[1]} if range else None
    answer = await studio.ask(UNIQUE, "owner", range=given)
    return answer.data["publication"]["metrics"]


def exactly(visitors: int, signed_in: int) -> dict[str, int]:
    return {"estimate": visitors, "lower": visitors, "upper": visitors, "signedIn": signed_in}


async def test_nobody_came(studio: Studio) -> None:
    assert await unique(studio) == {"uniqueVisitors": exactly(0, 0), "previous": None}


async def test_everybody_counts_once_however_often_they_come(studio: Studio) -> None:
    await see(
        studio,
        [
            ("2023-06-01T10:00:00Z", 2, None),
            ("2023-06-01T11:00:00Z", 2, b"the browser of 2"),
            ("2023-06-01T12:00:00Z", None, b"one"),
            ("2023-06-08T12:00:00Z", None, b"one"),
            ("2023-06-08T12:00:00Z", None, b"another"),
            ("2023-06-08T12:00:00Z", None, None),
            ("2023-06-08T13:00:00Z", 3, None),
            ("2023-06-09T00:00:00Z", 2, None),
        ],
    )

    assert await unique(studio) == {"uniqueVisitors": exactly(4, 2), "previous": None}
    assert await unique(studio, ("2023-06-08", "2023-06-08")) == {
        "uniqueVisitors": exactly(3, 1),
        "previous": {"uniqueVisitors": {"estimate": 0, "signedIn": 0}},
    }
    assert await unique(studio, ("2023-06-05", "2023-06-08")) == {
        "uniqueVisitors": exactly(3, 1),
        "previous": {"uniqueVisitors": {"estimate": 2, "signedIn": 1}},
    }
    assert (await unique(studio, ("2023-06-08", "2023-06-30")))["uniqueVisitors"] == exactly(4, 2)


async def test_a_range_without_a_view_has_no_visitor(studio: Studio) -> None:
    """The day of New York lasts from 04:00 to 04:00 in UTC."""
    async with studio.services.database.writing() as session:
        await (await session.connection()).exec_driver_sql(
            "UPDATE tenants SET time_zone = 'America/New_York'"
        )
    await see(
        studio,
        [
            ("2023-06-07T03:59:59Z", 2, None),
            ("2023-06-07T10:00:00Z", 3, None),
            ("2023-06-08T03:59:59Z", None, b"one"),
            ("2023-06-08T04:00:00Z", None, b"another"),
        ],
    )

    async def came(start: str, end: str) -> Any:
        return (await unique(studio, (start, end)))["uniqueVisitors"]

    assert await came("2023-06-07T12:00:00Z", "2023-06-07T12:59:59Z") == exactly(0, 0)
    assert await came("2023-06-07T10:00:00Z", "2023-06-07T10:59:59Z") == exactly(1, 1)
    assert await came("2023-06-07T04:00:00Z", "2023-06-08T03:59:59Z") == exactly(2, 1)
    assert await came("2023-06-07", "2023-06-07") == exactly(2, 2)
    assert await came("2023-06-06T12:00:00Z", "2023-06-09T12:00:00Z") == exactly(4, 2)
    # It reaches to now, but begins within a day.
    assert await came("2023-06-07T10:00:01Z", "2023-06-15") == exactly(2, 0)


async def test_taking_back_is_no_visit(studio: Studio) -> None:
    await see(studio, [("2023-06-01T10:00:00Z", 2, None)])
    tenant = studio.people["owner"].row.tenant_id
    unlike = NewEvent(tenant, uuid7(START), 1, Action.UNLIKE, START - 3 * DAY, user_id=5)
    await studio.services.buffer.add([unlike])

    assert (await unique(studio))["uniqueVisitors"] == exactly(1, 1)
    assert (await unique(studio, ("2023-06-01", "2023-06-13")))["uniqueVisitors"] == exactly(1, 1)


async def test_ten_thousand_visitors_are_within_the_bounds(studio: Studio) -> None:
    random = Random(6)  # noqa: S311
    people = [random.randbytes(16) for _ in range(10_000)]
    days = [f"2023-05-{day:02}T12:00:00Z" for day in range(1, 31)]
    seen = [(random.choice(days), None, visitor) for visitor in people]
    seen += [(random.choice(days), None, random.choice(people)) for _ in range(5_000)]
    for start in range(0, len(seen), 5_000):
        await see(studio, seen[start : start + 5_000])

    found = (await unique(studio, ("2023-05-01", "2023-05-31")))["uniqueVisitors"]

    assert found["lower"] <= 10_000 <= found["upper"]
    assert found["lower"] < found["estimate"] < found["upper"]
    assert found["upper"] - found["lower"] < 1_000
    by_day = [added(EMPTY, [visitor.hex() for at, _, visitor in seen if at == day]) for day in reversed(days)]
    assert estimate(by_day)._asdict() == {name: found[name] for name in ("estimate", "lower", "upper")}


async def test_the_order_in_which_sketches_are_merged_does_not_matter() -> None:
    random = Random(7)  # noqa: S311
    sketches = [added(EMPTY, [str(random.randrange(9_000)) for _ in range(400)]) for _ in range(30)]
    first = estimate(sketches)

    for _ in range(20):
        random.shuffle(sketches)
        assert estimate(sketches) == first


async def test_uniques_of_all_time_outlive_their_raw_events(studio: Studio) -> None:
    await see(studio, [("2023-05-01T10:00:00Z", 2, None), ("2023-05-02T10:00:00Z", None, b"one")])

    await prune(studio.services.database, [studio.people["owner"].row.tenant_id], START, keep=30 * DAY)

    assert await studio.count("events") == 0
    assert (await unique(studio))["uniqueVisitors"] == exactly(2, 1)


async def test_fifty_publications_cost_as_many_statements_as_one(studio: Studio) -> None:
    query = """query($n: Int) { user(by: {username: "owner"}) { publications(first: $n) { edges { node {
      metrics { uniqueVisitors { estimate } } } } } } }"""
    await see(studio, [("2023-06-01T10:00:00Z", 2, None)])

    async def statements(number: int) -> list[str]:
        with studio.statements() as seen:
            await studio.ask(query, "owner", n=number)
        studio.clock.advance(hours=2)
        return seen

    alone = await statements(1)
    for number in range(9):
        await studio.add_publication(f"number-{number}", "owner")
    assert len(await statements(10)) == len(alone)
