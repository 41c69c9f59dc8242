"""In which partitions events stand."""

from sqlalchemy import text

from database import Database

_NAMES = text("SELECT relname FROM pg_class WHERE relispartition AND relkind = 'r' ORDER BY relname")


async def partitions_with_events(database: Database) -> dict[str, int]:
    """How many events each partition has, if it has any; in the order of the names."""
    async with database.snapshot() as connection:
        counts = {
            name: await connection.scalar(text(f"SELECT count(*) FROM {name}"))  # noqa: S608
            for name in await connection.scalars(_NAMES)
        }
    return {name: count for name, count in counts.items() if count}
