"""Many rows at once, written by the driver itself inside a session's transaction.

With lists, SQLAlchemy's insert takes several times as long as the database does. So SQLAlchemy only gives the
table's columns and their types. A statement takes hundreds of rows: on PostgreSQL each column is one array,
on SQLite the rows are a list of values. SQLite's driver could also repeat a statement row by row. But after
each row its thread would have to wait for its turn, up to 5 ms while others are busy.
"""

from database.bulk.transactions import Work, bulk, committed, in_bulk
from database.bulk.writer import Bulk, Upsert

__all__ = ["Bulk", "Upsert", "Work", "bulk", "committed", "in_bulk"]
