"""All access to the database. Import from here, never from its modules."""

from database.addresses import AddressError, for_programs, shown, url_of
from database.blobs import blobs_of
from database.bulk import Bulk, Upsert, bulk, in_bulk
from database.changes import change_rows
from database.channel import Channel, channel_of
from database.cluster import change_one_by_one
from database.database import Database
from database.deleting import delete_rows
from database.engine import PRAGMAS_BESIDE_OTHERS, PRAGMAS_FOR_MUCH
from database.erasing import erase_rows
from database.faults import Fault, fault_of
from database.given_rows import LastingRows
from database.hours import hour_of, later_of, until
from database.inserts import insert_into, table_of
from database.keys import within_key
from database.lists import (
    among,
    bucket_of,
    for_one,
    lateral_join,
    ordered_join,
    rows_of,
    seeking_join,
    spans,
    unlimited,
)
from database.packed import EXACT_BELOW, counts_by, counts_where, interleaved, packed, quick_sum
from database.partitions import drop_partitions, ensure_partitions, ensure_past_partitions, is_partition
from database.readers import most_connections
from database.searched import has_bytes
from database.segments import indexed_join, segment_of, segments_of
from database.sessions import NAME_SESSIONS, NEEDS_SESSIONS, are_lent_by_transaction
from database.statement import Lookup, Statement, made_of
from database.usage import Part, Usage, current_usage, metered

__all__ = [
    "EXACT_BELOW",
    "NAME_SESSIONS",
    "NEEDS_SESSIONS",
    "PRAGMAS_BESIDE_OTHERS",
    "PRAGMAS_FOR_MUCH",
    "AddressError",
    "Bulk",
    "Channel",
    "Database",
    "Fault",
    "LastingRows",
    "Lookup",
    "Part",
    "Statement",
    "Upsert",
    "Usage",
    "among",
    "are_lent_by_transaction",
    "blobs_of",
    "bucket_of",
    "bulk",
    "change_one_by_one",
    "change_rows",
    "channel_of",
    "counts_by",
    "counts_where",
    "current_usage",
    "delete_rows",
    "drop_partitions",
    "ensure_partitions",
    "ensure_past_partitions",
    "erase_rows",
    "fault_of",
    "for_one",
    "for_programs",
    "has_bytes",
    "hour_of",
    "in_bulk",
    "indexed_join",
    "insert_into",
    "interleaved",
    "is_partition",
    "later_of",
    "lateral_join",
    "made_of",
    "metered",
    "most_connections",
    "ordered_join",
    "packed",
    "quick_sum",
    "rows_of",
    "seeking_join",
    "segment_of",
    "segments_of",
    "shown",
    "spans",
    "table_of",
    "unlimited",
    "until",
    "url_of",
    "within_key",
]
