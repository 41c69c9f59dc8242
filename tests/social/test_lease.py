"""One worker of all asks a network, and all together no more than the quota allows."""

import asyncio
from datetime import datetime, timedelta

import pytest

from database import Database
from models import Network
from resolvers.context import Services
from social.errors import LeaseLost, QuotaSpent
from social.lease import LASTS, Lease, NoLease, Quota
from tests.social.conftest import Told, Web
from tests.studio import Clock

X = Network.X


async def take(
    services: Services, calls: int = 1_000, window: timedelta = timedelta(hours=1)
) -> Lease | NoLease:
    return await Lease.take(services.database, X, Quota(calls, window), services.clock)


async def taken(services: Services, calls: int = 1_000) -> Lease:
    lease = await take(services, calls)
    assert isinstance(lease, Lease)
    return lease


async def spend_all(lease: Lease, cost: int = 1) -> int:
    """How much was spent in all until the quota allowed no more."""
    try:
        while True:
            await lease.spend(cost)
    except QuotaSpent:
        return lease.spent


async def test_of_two_workers_one_refreshes(told: Told, web: Web, database_url: str) -> None:
    told.clock.advance(hours=1)
    elsewhere = Database(database_url)
    workers = [
        web.refresher(told.studio.services),
        web.refresher(told.studio.services, database=elsewhere),
    ]

    outcomes = await asyncio.gather(*(worker.refresh() for worker in workers))

    assert web.calls() == [1, 1, 1, 1, 1]
    for pair in zip(*outcomes, strict=True):
        assert sorted(one.refreshed for one in pair) == [0, 2 if pair[0].network is Network.YOUTUBE else 1]
    assert await told.figures() == [30, 31, 230, 4546, 4547, 4564]
    await elsewhere.close()


async def test_of_many_at_once_one_gets_it(services: Services, database_url: str) -> None:
    others = [Database(database_url) for _ in range(5)]
    quota = Quota(10, timedelta(hours=1))

    leases = await asyncio.gather(*(Lease.take(other, X, quota, services.clock) for other in others))

    assert sum(isinstance(lease, Lease) for lease in leases) == 1
    assert [one for one in leases if isinstance(one, NoLease)] == [
        NoLease("another process is asking it")
    ] * 4
    for other in others:
        await other.close()


async def test_it_is_given_back(services: Services) -> None:
    await (await taken(services)).release()

    assert isinstance(await take(services), Lease)


async def test_that_of_a_dead_worker_expires(services: Services, clock: Clock) -> None:
    dead = await taken(services)

    clock.advance(seconds=LASTS.total_seconds() - 1)
    assert isinstance(await take(services), NoLease)
    clock.advance(seconds=1)
    alive = await taken(services)

    with pytest.raises(LeaseLost):
        await dead.spend(1)
    async with services.database.writing() as session:
        with pytest.raises(LeaseLost):
            await dead.hold(session)
    await dead.release()
    assert isinstance(await take(services), NoLease)
    await alive.spend(1)


async def test_that_of_a_worker_at_work_does_not_expire(services: Services, clock: Clock) -> None:
    lease = await taken(services)

    for _ in range(10):
        clock.advance(minutes=2)
        await lease.spend(1)
        assert isinstance(await take(services), NoLease)


async def test_the_quota_is_that_of_all_runs_together(services: Services, clock: Clock) -> None:
    first = await taken(services, 250)
    for _ in range(30):
        await first.spend(2)
    await first.release()
    clock.advance(minutes=30)

    second = await taken(services, 250)
    assert await spend_all(second) == 190
    await second.release()
    assert await spend_all(await taken(services, 250)) == 0


async def test_the_quota_is_whole_again_after_its_window(services: Services, clock: Clock) -> None:
    lease = await taken(services, 250)
    clock.advance(minutes=10)
    assert await spend_all(lease, 100) == 200
    clock.advance(minutes=49)
    with pytest.raises(QuotaSpent, match=r"^the quota is spent until 2023-06-15 13:00 UTC$"):
        await lease.spend(100)

    clock.advance(minutes=1)

    assert await spend_all(lease, 100) == 400


async def test_a_dead_worker_leaves_at_most_one_grant_unused(services: Services, clock: Clock) -> None:
    dead = await taken(services, 250)
    await dead.spend(1)
    clock.advance(minutes=5)

    assert await spend_all(await taken(services, 250)) == 150


async def test_what_a_network_said_binds_all_workers(services: Services, clock: Clock) -> None:
    until: datetime = clock.now + timedelta(minutes=20)
    await (await taken(services)).release(resumes_at=until)

    clock.advance(minutes=19)
    assert await take(services) == NoLease("it said not to ask before 2023-06-15 12:20 UTC")
    clock.advance(minutes=1)
    assert isinstance(await take(services), Lease)


async def test_what_a_worker_without_the_lease_was_told_is_not_stored(
    told: Told, web: Web, clock: Clock
) -> None:
    """It slept for too long in the middle of a call, and another one asks by now."""

    async def sleep(_: object) -> None:
        web.x.before_answer = None
        clock.advance(minutes=6)
        assert isinstance(await take(told.studio.services), Lease)
        web.x.known["gigpro"] = 1

    web.x.before_answer = sleep

    (outcome,) = await web.refresher(told.studio.services).refresh([X])

    assert (outcome.refreshed, outcome.stopped) == (0, "another process is asking it by now")
    assert (await told.figures())[3] is None
