"""The one door to the database. Import from here, never from its modules."""

from database.bulk import Bulk, bulk, in_bulk
from database.database import Database
from database.inserts import insert_into, table_of
from database.partitions import drop_partitions, ensure_partitions, is_partition
from database.statement import Statement, among, span_parameters, spans

__all__ = [
    "Bulk",
    "Database",
    "Statement",
    "among",
    "bulk",
    "drop_partitions",
    "ensure_partitions",
    "in_bulk",
    "insert_into",
    "is_partition",
    "span_parameters",
    "spans",
    "table_of",
]
