"""How events leave a page: together, again if need be, and none lost when it closes."""

import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing

import orjson
import pytest
import pytest_asyncio

from tests.browser.conftest import Open, Tab, World
from tests.browser.live import LiveServer, Refusal
from tests.browser.sites import HELD, HURRY, Site, snippet

pytestmark = pytest.mark.asyncio(loop_scope="session")

Visit = Callable[..., Awaitable[Tab]]


@pytest_asyncio.fixture(loop_scope="session")
async def visited(live: LiveServer, world: World, site: Site, opened: Open) -> Visit:
    """A page that reports by hand, with timers that hurry unless told otherwise."""
    html = snippet(live.url, f"data-asset={world.chair} data-domain=a.example")

    async def visit(before: str = HURRY, *, anew: bool = False) -> Tab:
        return await opened(site.show(before + html), anew=anew)

    return visit


def _views(count: int) -> str:
    return f"for (let i = 0; i < {count}; i++) viewgraph.view3d()"


async def test_what_happens_within_two_seconds_goes_out_together(live: LiveServer, visited: Visit) -> None:
    tab = await visited(HELD)
    await tab.run(_views(1))
    await tab.run(_views(2))
    assert await tab.run("timers.map(({ wait }) => wait)") == [2000]
    await tab.run("timers[0].act()")
    await live.holds(3)
    (sent,) = live.sent
    assert len(sent.events) == 3
    assert sent.headers["content-type"] == "text/plain;charset=UTF-8"


async def test_twenty_go_out_at_once_and_one_request_after_the_other(
    live: LiveServer, visited: Visit
) -> None:
    tab = await visited()
    assert await tab.run(f"{_views(45)}; waits.slice(0, 2)") == [2000, 0]
    stored = await live.holds(45)
    assert [len(sent.events) for sent in live.sent] == [20, 20, 5]
    assert sorted(str(event.id) for event in stored) == sorted(id for sent in live.sent for id in sent.ids)
    assert tab.complaints == []


async def test_a_refused_batch_is_sent_again_with_its_ids_after_growing_pauses(
    live: LiveServer, visited: Visit
) -> None:
    live.refusals.extend([Refusal(503), Refusal(500), Refusal(429), Refusal(502)])
    tab = await visited()
    await tab.run(_views(3))
    stored = await live.holds(3)
    assert len(live.sent) == 5
    assert {tuple(sent.ids) for sent in live.sent} == {tuple(live.sent[0].ids)}
    assert sorted(live.sent[0].ids) == [str(event.id) for event in stored]
    gathering, first, *rest = await tab.run("waits")
    assert gathering == 2000
    assert 500 <= first < 1500
    assert rest == [first * 2, first * 4, first * 8]


async def test_what_happens_while_a_batch_is_on_its_way_goes_with_the_next(
    live: LiveServer, visited: Visit
) -> None:
    tab = await visited(HELD)
    await tab.run(_views(3))
    assert await tab.run(f"timers[0].act(); {_views(2)}; timers.length") == 1
    await tab.page.wait_for_function("timers.length === 2")
    await tab.run("timers[1].act()")
    assert len(await live.holds(5)) == 5
    assert [len(sent.events) for sent in live.sent] == [3, 2]


async def test_what_happens_during_a_pause_waits_for_its_end(live: LiveServer, visited: Visit) -> None:
    live.refusals.append(Refusal(503, {"retry-after": "20"}))
    tab = await visited(HELD)
    for number, views in enumerate((1, 30, 0)):
        await tab.run(_views(views))
        await tab.page.wait_for_function(f"timers.length === {number + 1}")
        await tab.run(f"timers[{number}].act()")
        await live.got(number + 1)
    await live.holds(31)
    assert [len(sent.events) for sent in live.sent] == [1, 20, 11]
    assert await tab.run("timers.map(({ wait }) => wait)") == [2000, 20_000, 2000]


async def test_a_retry_after_that_is_no_number_of_seconds_is_passed_over(
    live: LiveServer, visited: Visit
) -> None:
    answers = ("Wed, 21 Oct 2065 07:28:00 GMT", "soon", "-5")
    live.refusals.extend(Refusal(503, {"retry-after": answer}) for answer in answers)
    tab = await visited()
    await tab.run(_views(1))
    await live.holds(1)
    gathering, first, *rest = await tab.run("waits")
    assert gathering == 2000
    assert 500 <= first < 1500
    assert rest == [first * 2, first * 4]


async def test_no_pause_is_over_ten_minutes(live: LiveServer, visited: Visit) -> None:
    live.refusals.append(Refusal(503, {"retry-after": "99999999"}))
    tab = await visited()
    await tab.run(_views(1))
    await live.got(1)
    await tab.page.wait_for_function("waits.length === 2")
    assert (await tab.run("waits"))[1] == 600_000


async def test_events_whose_answer_was_lost_count_once(
    live: LiveServer, world: World, visited: Visit
) -> None:
    live.refusals.extend([Refusal(503, stores=True), Refusal(504, stores=True)])
    tab = await visited()
    await tab.run(_views(5))
    await live.got(3)
    await tab.run(_views(1))
    stored = await live.holds(6)
    assert [len(sent.events) for sent in live.sent] == [5, 5, 5, 1]
    assert len(stored) == 6
    with closing(sqlite3.connect(world.database)) as connection:
        assert connection.execute("SELECT sum(count) FROM day_totals").fetchone() == (6,)


async def test_events_of_a_time_without_a_server_count_once_when_it_is_back(
    live: LiveServer, visited: Visit
) -> None:
    tab = await visited()
    bodies: list[str | None] = []
    tab.page.on("request", lambda request: bodies.append(request.post_data))
    live.stop()
    await tab.run(_views(4))
    await tab.page.wait_for_function("waits.length > 3")
    assert live.sent == []
    live.start()
    assert len(await live.holds(4)) == 4
    assert len(live.sent) == 1
    assert len(bodies) >= 3
    assert len({tuple(event["id"] for event in orjson.loads(body or "")) for body in bodies}) == 1
    assert len({event["sentAt"] for body in bodies for event in orjson.loads(body or "")}) == len(bodies)


async def test_what_the_server_finds_wrong_is_given_up(live: LiveServer, visited: Visit) -> None:
    live.refusals.append(Refusal(400))
    tab = await visited()
    await tab.run(_views(2))
    await live.got(1)
    await tab.run(_views(1))
    (stored,) = await live.holds(1)
    refused, taken = live.sent
    assert taken.ids == [str(stored.id)]
    assert stored.id not in refused.ids


async def test_no_more_than_200_wait(live: LiveServer, visited: Visit) -> None:
    tab = await visited()
    live.stop()
    await tab.run(_views(250))
    live.start()
    await live.holds(200)
    await tab.run(_views(1))
    assert len(await live.holds(201)) == 201
    assert [len(sent.events) for sent in live.sent] == [20] * 10 + [1]


async def test_leaving_at_once_loses_nothing(live: LiveServer, visited: Visit) -> None:
    tab = await visited(HELD)
    await tab.run(_views(3))
    await tab.leave()
    stored = await live.holds(3)
    (sent,) = live.sent
    assert sorted(sent.ids) == [str(event.id) for event in stored]
    assert sent.headers["content-type"] == "text/plain;charset=UTF-8"
    assert sent.headers["sec-fetch-mode"] == "no-cors"
    assert tab.complaints == []


async def test_closing_the_tab_loses_nothing(live: LiveServer, visited: Visit) -> None:
    tab = await visited(HELD, anew=True)
    await tab.run(_views(3))
    await tab.page.close(run_before_unload=True)
    assert len(await live.holds(3)) == 3


async def test_all_that_waits_fits_into_one_beacon(live: LiveServer, visited: Visit) -> None:
    tab = await visited(HELD)
    await tab.run(_views(250))
    await tab.leave()
    assert len(await live.holds(200)) == 200
    (sent,) = live.sent
    assert int(sent.headers["content-length"]) < 64 * 1024


async def test_where_beacons_are_refused_leaving_still_loses_nothing(
    live: LiveServer, visited: Visit
) -> None:
    tab = await visited(HELD + "<script>Navigator.prototype.sendBeacon = () => false</script>")
    await tab.run(_views(3))
    await tab.leave()
    assert len(await live.holds(3)) == 3
    assert [sent.headers["sec-fetch-mode"] for sent in live.sent] == ["cors"]


async def test_a_page_that_was_only_hidden_makes_sure_and_counts_once(
    live: LiveServer, visited: Visit
) -> None:
    tab = await visited(HELD)
    hide = "document.dispatchEvent(new Event('visibilitychange'))"
    await tab.run(
        f"{_views(2)}; {hide}; {_views(1)}; Object.defineProperty(document, 'hidden', {{ value: true }})"
    )
    await tab.run(f"{hide}; {hide}")
    assert len(await live.holds(3)) == 3
    async with tab.page.expect_event("requestfinished", lambda request: request.resource_type == "fetch"):
        await tab.run("timers[0].act()")
    address = tab.page.url
    await tab.leave()
    await tab.page.goto(address)
    await tab.run(_views(1))
    await tab.leave()
    assert len(await live.holds(4)) == 4
    beacon, request, another = live.sent
    assert beacon.headers["sec-fetch-mode"] == "no-cors"
    assert request.headers["sec-fetch-mode"] == "cors"
    assert beacon.ids == request.ids
    assert len(another.ids) == 1
