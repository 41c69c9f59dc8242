"""All access to the database. Import from here, never from its modules."""

from database.bulk import Bulk, bulk, in_bulk
from database.changes import change_rows
from database.channel import Channel, channel_of
from database.database import Database
from database.erasing import erase_rows
from database.faults import Fault, fault_of
from database.inserts import insert_into, table_of
from database.lists import among, bucket_of, ordered_join, packed, rows_of, spans
from database.partitions import drop_partitions, ensure_partitions, ensure_past_partitions, is_partition
from database.statement import Statement
from database.usage import Usage, current_usage, metered

__all__ = [
    "Bulk",
    "Channel",
    "Database",
    "Fault",
    "Statement",
    "Usage",
    "among",
    "bucket_of",
    "bulk",
    "change_rows",
    "channel_of",
    "current_usage",
    "drop_partitions",
    "ensure_partitions",
    "ensure_past_partitions",
    "erase_rows",
    "fault_of",
    "in_bulk",
    "insert_into",
    "is_partition",
    "metered",
    "ordered_join",
    "packed",
    "rows_of",
    "spans",
    "table_of",
]
