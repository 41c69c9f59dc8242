"""What was destroyed is in no file of the database: neither in tables nor in logs."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from secrets import token_bytes

import pytest
from sqlalchemy import make_url, select, text

from ingest.visitors import Salts, VisitorKeys
from models import VisitorSalt
from resolvers.context import Services
from tests.studio import Clock, Studio

_PIECE = 1 << 20


async def seeds_kept(services: Services) -> dict[date, bytes]:
    async with services.database.writing() as session:
        return {row.day: row.salt for row in (await session.execute(select(VisitorSalt))).scalars()}


async def files_of(services: Services, database_url: str, engine: str) -> list[Path]:
    """On PostgreSQL all of the server's, its log of changes included."""
    if engine == "sqlite":
        path = make_url(database_url).database
        assert path
        return listed(Path(path).parent, Path(path).name)
    async with services.database.engine.connect() as connection:
        if (await connection.execute(text("SHOW is_superuser"))).scalar_one() != "on":
            pytest.skip("only a superuser can make the server write its files")
        folder = (await connection.execute(text("SHOW data_directory"))).scalar_one()
        await connection.rollback()
    await at_once(services, "CHECKPOINT")
    return listed(Path(folder))


def listed(folder: Path, prefix: str = "") -> list[Path]:
    if not folder.is_dir():
        pytest.skip("the server's files are on another machine")
    return [file for file in folder.rglob(f"{prefix}*") if file.is_file()]


async def at_once(services: Services, statement: str) -> None:
    """In no transaction."""
    async with services.database.engine.connect() as connection:
        driver = (await connection.get_raw_connection()).driver_connection
        assert driver
        await driver.execute(statement)


def found(files: list[Path], secrets: list[bytes]) -> set[bytes]:
    """Those that stand in one of the files, as they are or in hexadecimal digits."""
    return {secret for file in files for piece in pieces(file) for secret in secrets if is_in(piece, secret)}


def is_in(piece: bytes, secret: bytes) -> bool:
    return secret in piece or secret.hex().encode() in piece


def pieces(file: Path) -> Iterator[bytes]:
    """Each begins with the end of the one before."""
    try:
        with file.open("rb") as stream:
            before = b""
            while piece := stream.read(_PIECE):
                yield before + piece
                before = piece[-64:]
    except FileNotFoundError:
        # The server goes on meanwhile.
        return


async def test_a_destroyed_salt_is_in_no_file(
    studio: Studio, database_url: str, engine: str, clock: Clock
) -> None:
    services = studio.services
    salts = (await services.salts.at(clock.now)).by_day
    seeds = await seeds_kept(services)
    if engine == "postgresql":
        # Which writes it to a file, as the server does when it needs the room.
        await at_once(services, "VACUUM FULL visitor_salts")
    assert found(await files_of(services, database_url, engine), [*seeds.values()]) == {*seeds.values()}
    clock.advance(days=2)
    later = (await services.salts.at(clock.now)).by_day

    await services.salts.destroy_old(clock.now)

    kept = await seeds_kept(services)
    destroyed = [seed for day, seed in seeds.items() if day not in kept]
    assert [day.isoformat() for day in kept] == ["2023-06-16", "2023-06-17", "2023-06-18"]
    assert len(destroyed) == 2
    secrets = [*destroyed, *salts.values(), *later.values()]
    assert found(await files_of(services, database_url, engine), secrets) == set()


@pytest.mark.parametrize("engine", ["postgresql"])
async def test_what_is_only_deleted_would_be_found(
    studio: Studio, database_url: str, engine: str, clock: Clock
) -> None:
    services = studio.services
    secret = await insert_and_delete(services)
    await services.salts.at(clock.now)
    seeds = list((await seeds_kept(services)).values())

    log = [file for file in await files_of(services, database_url, engine) if "pg_wal" in file.parts]

    assert found(log, [secret, *seeds]) == {secret}


async def insert_and_delete(services: Services) -> bytes:
    """What becomes of a secret that is deleted and no more."""
    secret = token_bytes(32)
    async with services.database.writing() as session:
        await session.execute(text("CREATE TABLE others (secret bytea)"))
        await session.execute(text("INSERT INTO others VALUES (:secret)"), {"secret": secret})
    async with services.database.writing() as session:
        await session.execute(text("DELETE FROM others"))
    return secret


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_a_log_that_somebody_still_reads_is_emptied_later(
    studio: Studio, database_url: str, engine: str, clock: Clock
) -> None:
    """Also by another worker, which destroys nothing itself."""
    services = studio.services
    await services.salts.at(clock.now)
    seeds = list((await seeds_kept(services)).values())
    later = clock.now + timedelta(days=9)
    async with services.database.snapshot() as connection:
        await connection.execute(select(VisitorSalt))
        await services.salts.destroy_old(later)
        assert await seeds_kept(services) == {}
        assert found(await files_of(services, database_url, engine), seeds)

    await Salts(services.database, VisitorKeys([b"k"])).destroy_old(later)

    assert found(await files_of(services, database_url, engine), seeds) == set()
