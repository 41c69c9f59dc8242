"""The one door to the database. Import from here, never from its modules."""

from database.bulk import Bulk, bulk
from database.database import Database
from database.inserts import insert_into, table_of
from database.lists import among, bucket_of, ordered_join, rows_of, spans
from database.statement import Statement

__all__ = [
    "Bulk",
    "Database",
    "Statement",
    "among",
    "bucket_of",
    "bulk",
    "insert_into",
    "ordered_join",
    "rows_of",
    "spans",
    "table_of",
]
