"""The one door to the database. Import from here, never from its modules."""

from database.bulk import Bulk, bulk
from database.database import Database
from database.inserts import insert_into, table_of
from database.statement import Statement, among, span_parameters, spans

__all__ = [
    "Bulk",
    "Database",
    "Statement",
    "among",
    "bulk",
    "insert_into",
    "span_parameters",
    "spans",
    "table_of",
]
