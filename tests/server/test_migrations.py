"""Migrations on both engines: up, down to nothing, up again, and never apart from the models."""

import re
import shutil
from asyncio import TaskGroup
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import column, insert, inspect, select, table, text
from sqlmodel import SQLModel

from base.attendance import hours_of, users_in
from base.ids import uuid7
from base.zones import rules_of
from database import Database, ensure_partitions, is_partition, table_of
from ingest.fold_claims import FOR_EVER
from models import (
    Action,
    Attendance,
    DeletedKind,
    Deletion,
    Event,
    Experience,
    ExperienceTotal,
    FoldedHours,
    Follow,
    FollowTotal,
    LinkedVisit,
    MonthTotal,
    Publication,
    SubjectTotal,
    Tenant,
    User,
    VisitorLink,
    ZoneRules,
)
from server import migrations
from server.failures import Failure
from server.revisions import SCRIPTS, current_revision, known_revisions, require_current

NEWEST = known_revisions()[-1]


async def tables(url: str) -> set[str]:
    database = Database(url)
    async with database.engine.connect() as connection:
        names = await connection.run_sync(lambda sync: set(inspect(sync).get_table_names()))
    await database.close()
    return names


async def run(url: str, *statements: str) -> None:
    database = Database(url)
    async with database.writing() as session:
        for statement in statements:
            await session.execute(text(statement))
    await database.close()


async def everything_in(url: str) -> set[str]:
    """Tables, indexes, sequences, views and triggers, and types of our own."""
    listing = (
        "SELECT name FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'"
        if url.startswith("sqlite")
        else "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace "
        "UNION SELECT typname FROM pg_type WHERE typnamespace = 'public'::regnamespace AND typtype <> 'c' "
        "AND typelem = 0"
    )
    database = Database(url)
    async with database.engine.connect() as connection:
        names = set((await connection.execute(text(listing))).scalars())
    await database.close()
    return names


async def test_up_makes_every_table_of_the_models_and_no_other(empty_url: str) -> None:
    # As several machines do that start at the same time.
    async with TaskGroup() as group:
        for _ in range(3):
            group.create_task(migrations.upgrade(empty_url))

    assert {name for name in await tables(empty_url) if not is_partition(name)} == {
        *SQLModel.metadata.tables,
        "alembic_version",
    }
    assert await migrations.differences(empty_url) is None


async def test_down_to_base_leaves_nothing_but_the_empty_book_of_revisions(empty_url: str) -> None:
    await migrations.upgrade(empty_url)
    await migrations.downgrade(empty_url, "base")

    book = (
        {"alembic_version"} if empty_url.startswith("sqlite") else {"alembic_version", "alembic_version_pkc"}
    )
    assert await everything_in(empty_url) == book


async def test_up_again_makes_the_same_tables(empty_url: str) -> None:
    await migrations.upgrade(empty_url)
    first = await everything_in(empty_url)
    await migrations.downgrade(empty_url, "base")
    await migrations.upgrade(empty_url)

    assert await everything_in(empty_url) == first
    assert await migrations.differences(empty_url) is None


async def test_events_are_found_by_names_in_weeks_or_in_segments(empty_url: str) -> None:
    weeks, segments = {"ix_events_visitor", "ix_events_named"}, {"ix_events_segment"}
    if not empty_url.startswith("sqlite"):
        segments = weeks
    await migrations.upgrade(empty_url)
    assert await everything_in(empty_url) & (weeks | segments) == segments
    await migrations.downgrade(empty_url, "0020")
    assert await everything_in(empty_url) & (weeks | segments) == weeks
    await migrations.upgrade(empty_url)
    assert await everything_in(empty_url) & (weeks | segments) == segments
    assert await migrations.differences(empty_url) is None


async def test_up_twice_loses_nothing(empty_url: str) -> None:
    await migrations.upgrade(empty_url)
    await run(empty_url, "INSERT INTO domains (name) VALUES ('example.com')")
    await migrations.upgrade(empty_url)

    database = Database(empty_url)
    async with database.engine.connect() as connection:
        kept = (await connection.execute(text("SELECT name FROM domains"))).scalars().all()
    await database.close()
    assert kept == ["example.com"]


async def test_a_table_that_differs_from_its_model_is_told(empty_url: str) -> None:
    await migrations.upgrade(empty_url)
    await run(empty_url, "ALTER TABLE works DROP COLUMN refreshed_at")

    told = await migrations.differences(empty_url)
    assert told is not None
    assert "add_column" in told
    assert "refreshed_at" in told


async def test_the_migrations_of_a_new_database_make_what_the_models_need() -> None:
    assert await migrations.differences_when_new() is None


async def test_a_migrated_database_is_current(database_url: str) -> None:
    await require_current(database_url)


async def test_tables_that_are_missing_are_asked_for(empty_url: str) -> None:
    await migrations.upgrade(empty_url)
    await migrations.downgrade(empty_url, "base")

    with pytest.raises(Failure) as refused:
        await require_current(empty_url)
    assert (
        str(refused.value) == "The tables of the database are not up to date: run `viewgraph migrate` first."
    )


async def test_a_database_that_a_newer_program_migrated_is_left_alone(database_url: str) -> None:
    await run(database_url, "UPDATE alembic_version SET version_num = '9999'")

    for step in (require_current, migrations.upgrade):
        with pytest.raises(Failure) as refused:
            await step(database_url)
        assert str(refused.value) == (
            "A newer Viewgraph has migrated the database to revision 9999. Use that version, or run "
            f"`viewgraph migrate --down-to {NEWEST}` with it."
        )


async def test_a_missing_file_is_not_made_by_looking_at_it(tmp_path: Path) -> None:
    file = tmp_path / "missing.sqlite3"

    with pytest.raises(Failure) as refused:
        await require_current(f"sqlite:///{file}")
    assert str(refused.value) == f"There is no database {file} yet: run `viewgraph migrate` first."
    assert not file.exists()


async def test_a_revision_that_nobody_knows_is_told_and_changes_nothing(database_url: str) -> None:
    with pytest.raises(Failure) as refused:
        await migrations.downgrade(database_url, "nope")

    assert str(refused.value) == "The migration cannot be done: Can't locate revision identified by 'nope'."
    await require_current(database_url)


async def test_a_migration_that_fails_leaves_nothing_behind(empty_url: str) -> None:
    """Both engines change tables within a transaction."""
    await run(empty_url, "CREATE TABLE workspaces (id INTEGER PRIMARY KEY)")
    before = await everything_in(empty_url)

    with pytest.raises(Failure) as refused:
        await migrations.upgrade(empty_url)
    assert "workspaces" in str(refused.value)
    assert "already exists" in str(refused.value)
    assert await everything_in(empty_url) == before


async def test_each_revision_is_a_transaction_of_its_own(empty_url: str) -> None:
    """One for all would lock nearly every table, and never get that from servers that write."""
    await migrations.upgrade(empty_url)
    await migrations.downgrade(empty_url, "0014")
    await run(empty_url, "CREATE TABLE hour_totals (id INTEGER PRIMARY KEY)")

    with pytest.raises(Failure, match=r"hour_totals.* already exists"):
        await migrations.upgrade(empty_url)
    assert await current_revision(empty_url) == "0015"

    await run(empty_url, "DROP TABLE hour_totals")
    await migrations.upgrade(empty_url)
    await require_current(empty_url)
    assert await migrations.differences(empty_url) is None


async def test_what_changed_in_the_models_is_written_as_the_next_migration(tmp_path: Path) -> None:
    scripts = tmp_path / "migrations"
    shutil.copytree(SCRIPTS, scripts, ignore=shutil.ignore_patterns("__pycache__"))
    (first,) = scripts.glob("versions/0001_*.py")
    making = re.compile(r'    op\.create_index\("ix_day_totals_day".*\n')
    first.write_text(making.sub("", first.read_text()))

    written = await migrations.write_next("index the days", scripts)

    assert written == scripts / f"versions/{int(NEWEST) + 1:04}_index_the_days.py"
    text = written.read_text()
    assert text.startswith('"""index the days."""\n')
    assert f"down_revision = '{NEWEST}'\n" in text
    assert "op.create_index('ix_day_totals_day', 'day_totals', ['tenant_id', 'day'], unique=False)" in text
    assert "op.drop_index('ix_day_totals_day', table_name='day_totals')" in text


async def test_the_newest_revision_is_found_as_alembic_finds_it() -> None:
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    scripts = ScriptDirectory.from_config(config)

    assert known_revisions()[-1] == scripts.get_current_head()
    assert set(known_revisions()) == {script.revision for script in scripts.walk_revisions()}


async def fill(url: str, *rows: SQLModel) -> None:
    database = Database(url)
    async with database.writing() as session:
        for row in rows:
            known, values = table_of(type(row)), row.model_dump(exclude_none=True)
            # Older tables lack columns that would have values by default.
            older = table(known.name, *(column(name, known.c[name].type) for name in values))
            await session.execute(insert(older).values(values))
    await database.close()


async def test_totals_of_all_time_are_filled_from_what_is_there(empty_url: str) -> None:
    at = datetime(2023, 6, 10, 10, tzinfo=UTC)
    await migrations.upgrade(empty_url)
    await migrations.downgrade(empty_url, "0005")
    may, june = date(2023, 5, 1), date(2023, 6, 1)
    names = dict(enumerate(("ada", "bo", "cy"), 1))
    await fill(
        empty_url,
        *(Tenant(id=id) for id in names),
        *(
            User(id=id, public_id=uuid4(), tenant_id=id, email=name, username=name, created_at=at)
            for id, name in names.items()
        ),
        *(
            Follow(follower_id=one, followed_id=other, created_at=at)
            for one, other in ((1, 2), (2, 1), (3, 1))
        ),
        Publication(id=5, public_id=uuid4(), owner_id=1, name="Five", custom_url="five", created_at=at),
        *(
            Experience(public_id=uuid4(), publication_id=5, type=type, title="Title", published_at=at)
            for type in (1, 3, 3)
        ),
        *(
            MonthTotal(
                tenant_id=tenant, subject_id=5, action=action, month=month, device=1, domain_id=0, count=count
            )
            for tenant, action, month, count in (
                (1, 1, may, 2),
                (1, 1, june, 3),
                (1, 2, june, 0),
                (2, 1, june, 2**53 - 1),
                (2, 1, may, 2**53 - 1),
            )
        ),
    )

    await migrations.upgrade(empty_url)

    database = Database(empty_url)
    async with database.engine.connect() as connection:
        found = {
            model: sorted(map(tuple, (await connection.execute(select(table_of(model)))).all()))
            for model in (SubjectTotal, FollowTotal, ExperienceTotal)
        }
    await database.close()
    assert found == {
        SubjectTotal: [(1, 5, 1, 5), (2, 5, 1, 2**53 - 1)],
        FollowTotal: [(1, 2, 1), (2, 1, 1), (3, 0, 1)],
        ExperienceTotal: [(5, 1, 1), (5, 3, 2)],
    }


async def test_visits_of_people_who_are_known_by_now_are_filled_by_the_days_of_each_tenant(
    empty_url: str,
) -> None:
    late = datetime(2023, 6, 10, 3, tzinfo=UTC)
    await migrations.upgrade(empty_url)
    await migrations.downgrade(empty_url, "0017")
    known, other = b"k" * 16, b"o" * 16

    def event(tenant: int, action: Action, visitor: bytes, at: datetime, user: int | None = None) -> Event:
        return Event(
            tenant_id=tenant,
            id=uuid7(at),
            subject_id=5,
            action=int(action),
            device=1,
            domain_id=0,
            occurred_at=at,
            user_id=user,
            visitor=visitor,
        )

    rules = rules_of("America/New_York")
    await fill(
        empty_url,
        Tenant(id=1),
        Tenant(id=2, time_zone="America/New_York"),
        Tenant(id=3, time_zone=rules.name, zone_rules=rules.key),
        Tenant(id=4),
        ZoneRules(key=rules.key, file=rules.file, version="2023c"),
        *(VisitorLink(tenant_id=tenant, visitor=known, user_id=8) for tenant in (1, 2, 3)),
        *(
            event(tenant, action, visitor, late + timedelta(hours=hour))
            for tenant in (1, 2, 3, 4)
            for hour in (0, 1, 24)
            for action in (Action.VIEW, Action.UNLIKE, Action.INTERACTION)
            for visitor in (known, other)
        ),
        event(1, Action.PLAY, known, late, 8),
    )

    await migrations.upgrade(empty_url)

    database = Database(empty_url)
    async with database.engine.connect() as connection:
        found = set(map(tuple, await connection.execute(select(table_of(LinkedVisit)))))
    await database.close()
    assert found == {
        (tenant, kind, 5, date(2023, 6, day), known)
        for tenant, days in ((1, (10, 11)), (2, (9, 10)), (3, (9, 10)))
        for kind in (1, 2)
        for day in days
    }


async def test_what_is_buried_does_not_come_back(empty_url: str) -> None:
    at = datetime(2023, 6, 10, 10, tzinfo=UTC)
    await migrations.upgrade(empty_url)
    await fill(
        empty_url,
        Deletion(
            kind=int(DeletedKind.ASSET), public_id=uuid4(), object_id=1, owner_tenant_id=1, requested_at=at
        ),
    )
    before = await everything_in(empty_url)

    with pytest.raises(Failure, match="viewgraph deletions --finish"):
        await migrations.downgrade(empty_url, "0011")
    assert await everything_in(empty_url) == before
    await require_current(empty_url)

    await run(empty_url, "UPDATE deletions SET finished_at = requested_at")
    await migrations.downgrade(empty_url, "0011")
    assert "deletions" not in await tables(empty_url)


async def test_accounts_of_before_get_what_their_names_look_like_and_keep_their_names(empty_url: str) -> None:
    at = datetime(2023, 6, 10, 10, tzinfo=UTC)
    await migrations.upgrade(empty_url)
    await migrations.downgrade(empty_url, "0010")
    # The third looks like the first, and the last has an A of Greek.
    names = dict(enumerate(("Mary", "bo", "rnary", "\N{GREEK CAPITAL LETTER ALPHA}da"), 1))
    await fill(
        empty_url,
        *(Tenant(id=id) for id in names),
        *(
            User(id=id, public_id=uuid4(), tenant_id=id, email=f"{id}@e.x", username=name, created_at=at)
            for id, name in names.items()
        ),
    )

    await migrations.upgrade(empty_url)

    users = table_of(User).c
    database = Database(empty_url)
    async with database.engine.connect() as connection:
        found = await connection.execute(select(users.username, users.username_skeleton).order_by(users.id))
        rows = [tuple(row) for row in found]
    await database.close()
    assert rows == [
        ("Mary", "rnary"),
        ("bo", "bo"),
        ("rnary", "rnary\x1f3"),
        ("\N{GREEK CAPITAL LETTER ALPHA}da", "ada"),
    ]


async def test_days_are_folded_anew_so_that_their_people_are_known(empty_url: str) -> None:
    """In New York, 2023-06-05 begins at 4:00 in UTC."""
    await migrations.upgrade(empty_url)
    await migrations.downgrade(empty_url, "0017")
    before, zone = date(2023, 6, 10), "America/New_York"
    came = (
        *((2, 7, 1, datetime(2023, 6, 5, hour, tzinfo=UTC)) for hour in (4, 9, 9)),
        (2, 8, 20, datetime(2023, 6, 5, 23, tzinfo=UTC)),
        (2, 8, 7, datetime(2023, 6, 5, 22, tzinfo=UTC)),
        (2, None, 1, datetime(2023, 6, 5, 22, tzinfo=UTC)),
        (2, 7, 1, datetime(2023, 6, 6, tzinfo=UTC)),
        (1, 7, 1, datetime(2023, 6, 5, tzinfo=UTC)),
    )
    database = Database(empty_url)
    await ensure_partitions(database, datetime(2023, 6, 1, tzinfo=UTC))
    await database.close()
    await fill(
        empty_url,
        Tenant(id=1, hours_before=before),
        Tenant(id=2, hours_before=before, time_zone=zone, pruned_before=date(2023, 6, 5)),
        Tenant(id=3),
        *(FoldedHours(tenant_id=id, before=before) for id in (1, 2)),
        *(
            Event(
                tenant_id=tenant, id=uuid7(at), subject_id=5, action=action, device=1, domain_id=0,
                occurred_at=at, user_id=user,
            )
            for tenant, user, action, at in came
        ),
    )  # fmt: skip

    await migrations.upgrade(empty_url)

    tenants = table_of(Tenant).c
    database = Database(empty_url)
    async with database.engine.connect() as connection:
        states = select(tenants.id, tenants.hours_before, tenants.folding_since).order_by(tenants.id)
        assert list(map(tuple, await connection.execute(states))) == [
            (1, None, FOR_EVER),
            (2, date(2023, 6, 6), FOR_EVER),
            (3, None, FOR_EVER),
        ]
        folded = await connection.execute(select(table_of(FoldedHours)))
        assert list(map(tuple, folded)) == [(2, date(2023, 6, 6))]
        rows = sorted(map(tuple, await connection.execute(select(table_of(Attendance)))))
    await database.close()
    hours = {7: [4, 9], 8: [23]}
    assert [
        (*key, {user_id: hours_of(people, user_id) for user_id in users_in(people)}) for *key, people in rows
    ] == [
        (2, 0, 0, date(2023, 6, 5), hours),
        (2, 1, 5, date(2023, 6, 5), {7: [4, 9]}),
        (2, 2, 5, date(2023, 6, 5), {8: [23]}),
    ]
