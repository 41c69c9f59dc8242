"""Many rows at once, written by the driver itself inside a session's transaction.

SQLAlchemy's insert takes several times as long with its lists as the database does. So SQLAlchemy only gives
the table's columns and their types. A statement takes rows by the hundred: on PostgreSQL each column as one
array, on SQLite as a list of values. SQLite's driver could also repeat a statement row by row. But after each
single one its thread has to wait for its turn, up to 5 ms while others are busy.
"""

from database.bulk.transactions import Work, bulk, committed, in_bulk
from database.bulk.writer import Bulk

__all__ = ["Bulk", "Work", "bulk", "committed", "in_bulk"]
