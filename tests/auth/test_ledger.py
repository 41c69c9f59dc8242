"""What several workers let one caller have, through one database."""

import pytest
from sqlalchemy import text

from auth.ledger import Ledger, SharedTokenBuckets, forget_full
from base.token_buckets import Rate, remaining
from resolvers.context import Services
from tests.studio import SECRET, Clock

ADDRESS = "192.0.2.1"
RATE = Rate(100, 100)


class Workers:
    """Two, with buckets of 100 that fill in 100 seconds."""

    def __init__(self, services: Services, clock: Clock, *, share: float = 0.1) -> None:
        self.services, self.clock = services, clock
        self.ledgers = [Ledger(services.database, SECRET.encode(), clock) for _ in range(2)]
        self.buckets: list[SharedTokenBuckets[str]] = [
            SharedTokenBuckets(RATE, ledger, "test", share=share) for ledger in self.ledgers
        ]

    @property
    def now(self) -> float:
        return self.clock.now.timestamp()

    async def take(self, worker: int, cost: int, times: int = 1, key: str = ADDRESS) -> list[float]:
        """And what is to be told is told."""
        waits = [self.buckets[worker].take(key, cost, self.now) for _ in range(times)]
        await self.settled()
        return waits

    async def settled(self) -> None:
        for buckets in self.buckets:
            if buckets._reporting:
                await buckets._reporting

    def levels(self, key: str = ADDRESS) -> list[tuple[int, float]]:
        """What is left, and in how many seconds all of it is there."""
        full = [buckets.full_in(key, self.now) for buckets in self.buckets]
        return [(remaining(RATE, full_in), full_in) for full_in in full]

    async def rows(self) -> list[int]:
        """When buckets are full, in seconds from now."""
        async with self.services.database.engine.connect() as connection:
            found = await connection.exec_driver_sql("SELECT full_from FROM rate_buckets ORDER BY full_from")
            return [round(row[0] / 1e6 - self.now) for row in found]


@pytest.fixture
def workers(services: Services, clock: Clock) -> Workers:
    return Workers(services, clock)


async def test_what_one_worker_gave_another_does_not_give_again(workers: Workers) -> None:
    assert await workers.take(0, 10, 6) == [0] * 6
    assert await workers.take(1, 10) == [0]
    assert workers.levels() == [(40, 60), (30, 70)]

    assert await workers.take(1, 10, 4) == [0, 0, 0, 10]
    assert await workers.rows() == [100]
    assert await workers.take(0, 40) == [0]
    assert await workers.rows() == [140]
    # What was given twice is owed by both.
    assert workers.levels() == [(0, 140), (0, 100)]
    workers.clock.advance(seconds=60)
    assert await workers.take(1, 10) == [0]
    assert workers.levels() == [(20, 80), (10, 90)]


async def test_a_caller_who_takes_little_writes_nothing(workers: Workers) -> None:
    statements: list[str] = []
    with workers.services.database.observed(statements.append):
        for _ in range(50):
            assert await workers.take(0, 1) == [0]
            workers.clock.advance(seconds=1)

    assert statements == []
    assert await workers.rows() == []


async def test_many_callers_are_told_in_one_statement(workers: Workers) -> None:
    statements: list[str] = []
    with workers.services.database.observed(statements.append):
        for host in range(100):
            workers.buckets[0].take(f"192.0.2.{host}", 20, workers.now)
        await workers.settled()

    assert [said for said in statements if not said.startswith("BEGIN")] == [statements[-1]]
    assert statements[-1].startswith("INSERT INTO rate_buckets")
    assert await workers.rows() == [20] * 100


async def test_no_address_stands_in_the_database(workers: Workers) -> None:
    await workers.take(0, 50)

    async with workers.services.database.engine.connect() as connection:
        (key,) = (await connection.exec_driver_sql("SELECT key FROM rate_buckets")).scalars()

    assert len(key) == 16
    assert key != Ledger(workers.services.database, b"another secret", workers.clock).key(f"test:{ADDRESS}")


async def test_rows_that_say_nothing_any_more_go(workers: Workers) -> None:
    await workers.take(0, 20, key="a")
    await workers.take(0, 50, key="b")
    workers.clock.advance(seconds=20)

    await forget_full(workers.services.database, workers.clock.now)

    assert await workers.rows() == [30]


async def test_while_the_database_fails_each_worker_counts_alone(
    workers: Workers, caplog: pytest.LogCaptureFixture
) -> None:
    async with workers.services.database.writing() as session:
        await session.execute(text("DROP TABLE rate_buckets"))

    assert await workers.take(0, 50, 3) == [0, 0, 50]
    assert await workers.take(1, 100) == [0]

    assert workers.levels() == [(0, 100), (0, 100)]
    warned = "Limits are each worker's own for a while: "
    assert [record.getMessage().startswith(warned) for record in caplog.records] == [True, True]


async def test_what_came_back_meanwhile_is_not_counted(workers: Workers) -> None:
    await workers.take(0, 9)
    workers.clock.advance(seconds=50)
    await workers.take(0, 9)
    assert await workers.rows() == []

    await workers.take(0, 1)

    assert await workers.rows() == [10]


async def test_what_is_given_back_is_given_back_everywhere(services: Services, clock: Clock) -> None:
    workers = Workers(services, clock, share=0)
    await workers.take(0, 1, 3)
    workers.buckets[0].give_back(ADDRESS, 1, workers.now)
    await workers.settled()

    assert await workers.rows() == [2]
    await workers.take(1, 1)
    assert workers.levels() == [(98, 2), (97, 3)]
