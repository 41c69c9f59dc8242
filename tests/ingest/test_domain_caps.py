"""How many domains of one subject and day are told apart, whoever reports and in whatever order."""

from asyncio import gather
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from datetime import timedelta
from random import Random
from typing import Any

import pytest

from base.ids import uuid7
from database import Database, table_of
from ingest.batch_writer import StoreResult
from ingest.buffer import Buffer
from ingest.domain_caps import DomainCaps
from ingest.domains import OTHER, InvalidDomain, normal_domain
from ingest.events import NewEvent
from ingest.folding import fold
from ingest.prune import prune
from ingest.rebuild import rebuild
from ingest.topics import Topics
from ingest.unused_domains import drop_unused_domains
from ingest.verify import Verification
from models import Action, Device, Domain, EngagedView, Event, HourTotal, Tenant
from resolvers.context import Services
from tests.ingest.brute import stored
from tests.studio import START

CAPS = DomainCaps(of_strangers=3, of_all=5)
DAY = timedelta(days=1)
FIRST, STOP = (START - 10 * DAY).date(), (START + 2 * DAY).date()


@pytest.fixture
async def tenant(services: Services) -> int:
    async with services.database.writing() as session:
        row = Tenant()
        session.add(row)
    return row.id


@pytest.fixture
async def buffer(services: Services) -> AsyncIterator[Buffer]:
    buffer = Buffer(services.database, services.topics, caps=CAPS)
    yield buffer
    await buffer.close()


def told(
    tenant: int, domain: str | None, *, subject: int = 1, believed: bool = False, **given: Any
) -> NewEvent:
    event = NewEvent(tenant, uuid7(START), subject, Action.VIEW, START, Device.DESKTOP, domain)
    return event._replace(is_believed=believed, **given)


def sites(names: Iterable[int]) -> list[str]:
    return [f"{name}.example" for name in names]


async def by_domain(database: Database, tenant: int, subject: int = 1) -> Counter[str]:
    found: Counter[str] = Counter()
    for (of, action, _, _, name), count in (await stored(database, tenant)).days.items():
        if of == subject and action != Action.ENGAGED_VIEW:
            found[name] += count
    return found


async def names_kept(database: Database) -> set[str]:
    async with database.snapshot() as connection:
        domains = table_of(Domain)
        return set((await connection.execute(domains.select().with_only_columns(domains.c.name))).scalars())


async def is_right(database: Database, tenant: int) -> bool:
    verification = Verification(database, tenant, "them", FIRST, STOP)
    return [line async for line in verification.rows()] == []


async def test_strangers_name_so_many_domains_a_day_and_the_rest_counts_as_other(
    services: Services, buffer: Buffer, tenant: int
) -> None:
    for name in sites(range(6)):
        assert await buffer.add([told(tenant, name)]) == [StoreResult.NEW]
    await buffer.add([told(tenant, "0.example"), told(tenant, "5.example"), told(tenant, None)])

    assert await by_domain(services.database, tenant) == {
        "0.example": 2, "1.example": 1, "2.example": 1, OTHER: 4, "": 1,
    }  # fmt: skip
    assert await names_kept(services.database) == {*sites(range(3)), OTHER}
    assert await is_right(services.database, tenant)


async def test_who_is_believed_names_more_and_nobody_names_more_than_that(
    services: Services, buffer: Buffer, tenant: int
) -> None:
    await buffer.add([told(tenant, name) for name in sites(range(3))])
    await buffer.add([told(tenant, name, believed=True) for name in sites(range(10, 14))])
    # What is told apart already is told apart for everybody.
    await buffer.add([told(tenant, name) for name in sites(range(10, 14))])

    counted = await by_domain(services.database, tenant)
    assert sorted(counted.values()) == [1, 1, 1, 2, 2, 4]
    assert counted[OTHER] == 4
    assert await is_right(services.database, tenant)


async def test_each_subject_and_each_day_has_its_own(services: Services, buffer: Buffer, tenant: int) -> None:
    batch = [
        told(tenant, name, subject=subject, occurred_at=START - back * DAY)
        for subject in (1, 2)
        for back in (0, 1)
        for name in sites(range(10 * back, 10 * back + 5))
    ]
    # Of another kind, with the same number.
    batch += [told(tenant, name, action=Action.PROFILE_VIEW) for name in sites(range(20, 23))]
    await buffer.add(batch)

    days = (await stored(services.database, tenant)).days
    told_apart = Counter((of, action, day) for of, action, day, _, name in days if name != OTHER)
    others = Counter({key[:3]: n for key, n in days.items() if key[4] == OTHER})
    assert sorted(told_apart.values()) == [3] * 5
    assert sorted(others.values()) == [2] * 4


async def test_actions_and_devices_of_a_subject_share_their_domains(
    services: Services, buffer: Buffer, tenant: int
) -> None:
    for number, (action, device) in enumerate(
        (action, device)
        for action in (Action.VIEW_3D, Action.AR_CLICK, Action.INTERACTION)
        for device in (Device.MOBILE, Device.TABLET)
    ):
        await buffer.add([told(tenant, f"{number}.example", action=action, device=device)])
        await buffer.add([told(tenant, "0.example", action=action, device=device)])

    assert await by_domain(services.database, tenant) == {
        "0.example": 7, "1.example": 1, "2.example": 1, OTHER: 3,
    }  # fmt: skip


async def test_an_event_that_is_sent_again_takes_no_domains_place(
    services: Services, buffer: Buffer, tenant: int
) -> None:
    first = told(tenant, "0.example")
    await buffer.add([first])
    again = [first._replace(domain=name) for name in sites(range(1, 9))]

    assert await buffer.add(again) == [StoreResult.KNOWN] * 8
    for event in again:
        assert await buffer.add([event]) == [StoreResult.KNOWN]
    assert await buffer.add([told(tenant, name) for name in sites(range(20, 22))]) == [StoreResult.NEW] * 2

    assert await by_domain(services.database, tenant) == dict.fromkeys(
        ["0.example", "20.example", "21.example"], 1
    )
    assert len(await names_kept(services.database)) == 3


@pytest.mark.parametrize("seed", range(3))
async def test_whatever_the_order_of_batches_totals_are_those_of_the_events(
    services: Services, tenant: int, seed: int
) -> None:
    random = Random(seed)  # noqa: S311
    views = [uuid7(START) for _ in range(5)]
    events = [
        told(
            tenant,
            random.choice(sites(range(12))),
            subject=random.randint(1, 2),
            believed=random.random() < 0.4,
            action=random.choice((Action.VIEW_3D, Action.INTERACTION)),
            device=random.choice(list(Device)),
            occurred_at=START - random.random() * 3 * DAY,
            view_id=random.choice(views),
        )
        for _ in range(300)
    ]
    events += random.sample(events, 50)
    random.shuffle(events)
    # Three workers, who know nothing of each other.
    workers = [Buffer(services.database, Topics(), caps=CAPS) for _ in range(3)]
    batches = [events[start : start + 7] for start in range(0, len(events), 7)]
    fates = await gather(*(workers[n % 3].add(batch) for n, batch in enumerate(batches)))
    for worker in workers:
        await worker.close()

    assert Counter(fate for batch in fates for fate in batch) == {StoreResult.NEW: 300, StoreResult.KNOWN: 50}
    before = await stored(services.database, tenant)
    assert sum(n for key, n in before.days.items() if key[1] != Action.ENGAGED_VIEW) == 300
    named = {(subject, day, name) for subject, _, day, _, name in before.days if name != OTHER}
    told_apart = Counter((subject, day) for subject, day, _ in named)
    assert max(told_apart.values()) == CAPS.of_all
    assert await is_right(services.database, tenant)
    async with services.database.writing() as session:
        for table in ("day_totals", "month_totals", "subject_totals"):
            await session.execute(table_of(Domain).metadata.tables[table].update().values(count=77))
    await rebuild(services.database, tenant, FIRST, STOP)
    assert await stored(services.database, tenant) == before

    await prune(services.database, [tenant], START, keep=DAY)
    assert await is_right(services.database, tenant)
    kept = await stored(services.database, tenant)
    assert (kept.days, kept.months) == (before.days, before.months)


async def test_no_worker_adds_a_domain_beside_the_last_one_that_another_adds(
    services: Services, tenant: int
) -> None:
    workers = [Buffer(services.database, Topics(), caps=CAPS) for _ in range(4)]
    for round in range(5):
        events = [told(tenant, f"{n}.example", subject=round) for n in range(16)]
        await gather(*(workers[n % 4].add([event]) for n, event in enumerate(events)))
        counted = await by_domain(services.database, tenant, round)
        assert (len(counted), counted[OTHER]) == (CAPS.of_strangers + 1, 13)
    for worker in workers:
        await worker.close()


async def test_a_domain_that_is_known_costs_one_statement(
    services: Services, buffer: Buffer, tenant: int
) -> None:
    async def statements(*events: NewEvent) -> int:
        seen: list[str] = []
        with services.database.observed(seen.append):
            await buffer.add(events)
        return len([text for text in seen if "SAVEPOINT" not in text and "RELEASE" not in text])

    await buffer.add([told(tenant, name) for name in sites(range(2))])
    without = await statements(told(tenant, None))
    known = await statements(told(tenant, "0.example"))
    many = await statements(*(told(tenant, name) for name in sites(range(2)) * 4))
    new = await statements(told(tenant, "new.example"))

    # The ids of its domains, and which totals there are.
    assert (known - without, many - without) == (2, 2)
    # Besides, the tenant's lock, how many domains there are, which of its events are stored, and its own.
    assert new - without == 6


async def test_no_host_is_called_other() -> None:
    for spelling in (OTHER, f"https://{OTHER}/", f" {OTHER} "):
        with pytest.raises(InvalidDomain):
            normal_domain(spelling)


async def test_domains_under_which_nothing_is_counted_go_a_day_after_they_were_found(
    services: Services, buffer: Buffer, tenant: int
) -> None:
    database = services.database
    async with database.writing() as session:
        session.add_all(Domain(name=name) for name in ("unused.example", "again.example"))
    await buffer.add([told(tenant, "used.example")])

    assert await drop_unused_domains(database, START) == 0
    assert await drop_unused_domains(database, START + timedelta(hours=19)) == 0
    assert len(await names_kept(database)) == 3
    await buffer.add([told(tenant, "again.example")])

    assert await drop_unused_domains(database, START + DAY) == 1
    assert await names_kept(database) == {"used.example", "again.example"}
    assert await drop_unused_domains(database, START + 3 * DAY) == 0
    assert await by_domain(database, tenant) == {"used.example": 1, "again.example": 1}


async def test_a_domain_goes_that_a_writer_took_up_while_it_was_looked_for(
    services: Services, buffer: Buffer, tenant: int
) -> None:
    """Whoever counts under it beside the one that drops it: it stays, or is made anew."""
    database = services.database
    for round in range(10):
        name = f"{round}.example"
        async with database.writing() as session:
            session.add(Domain(name=name, unused_since=START - 2 * DAY))
        _, (fate,) = await gather(
            drop_unused_domains(database, START), buffer.add([told(tenant, name, subject=round)])
        )
        assert fate is StoreResult.NEW
        assert await by_domain(database, tenant, round) == {name: 1}


@pytest.mark.parametrize("model", [Event, EngagedView, HourTotal])
async def test_a_domain_stays_while_anything_refers_to_it(
    services: Services, buffer: Buffer, tenant: int, model: type[Event | EngagedView | HourTotal]
) -> None:
    """Also where its totals are wrong: they can be mended."""
    database = services.database
    await buffer.add([told(tenant, "used.example", action=Action.INTERACTION, view_id=uuid7(START))])
    await fold(database, tenant, lambda: START + 2 * DAY, (START + DAY).date())
    async with database.writing() as session:
        tables = table_of(Domain).metadata.tables
        names = {"day_totals", "month_totals", "hour_totals", "events", "engaged_views"}
        for name in names - {table_of(model).name}:
            await session.execute(tables[name].delete())

    seen: list[str] = []
    with database.observed(seen.append):
        await drop_unused_domains(database, START)
    # There is no quick way to find a domain in these.
    assert any("hour_totals" in statement for statement in seen) == (model is HourTotal)
    assert await drop_unused_domains(database, START + DAY) == 0
    assert await names_kept(database) == {"used.example"}
