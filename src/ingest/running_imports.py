"""Imports that still run: none of them brings events once it is being undone."""

from typing import Final

from sqlalchemy import BigInteger, bindparam, select

from base.errors import Conflict
from database import Bulk, Statement, table_of
from models import EventImport

_IMPORTS: Final = table_of(EventImport).c
_IS_BEING_UNDONE: Final = Statement(
    select(_IMPORTS.undo_started_at)
    .where(_IMPORTS.id == bindparam("id", type_=BigInteger()))
    .with_for_update(read=True, key_share=True),
    lambda undo_started_at: bool(undo_started_at),
)


async def require_no_undo(bulk: Bulk, id: int) -> None:
    """Call it in the transaction that stores events of the import. An undo that begins waits for the end of
    the transaction, because it locks the same row alone. Raises CONFLICT if an undo has begun.
    """
    found: list[bool] = await bulk.fetch(_IS_BEING_UNDONE, id=id)
    if any(found):
        raise Conflict(
            f"Import {id} was undone while it ran, so that it stores no more events. Import the file again: "
            "that is another import."
        )
