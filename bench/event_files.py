"""Makes what imports are measured with: a database with a catalog, and the same events as NDJSON and Parquet.

python -m bench.event_files FOLDER EVENTS
"""

import sys
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any, Final

import msgspec
import pyarrow  # type: ignore[import-untyped, unused-ignore]
from pyarrow.parquet import ParquetWriter  # type: ignore[import-untyped, unused-ignore]

from bench import generate

BASE: Final = "base.sqlite3"
_ROWS: Final = 65_536
"""How many rows of Parquet are made at once."""
_TEXTS: Final = (
    "id", "assetId", "publicationId", "action", "deviceCategory", "domain", "visitor", "viewId",
)  # fmt: skip


def main() -> None:
    folder, events = Path(sys.argv[1]), int(sys.argv[2])
    generate.prepare(f"sqlite:///{folder / BASE}")
    for count in (1, events):
        ndjson = folder / f"{count}.ndjson"
        generate.write(ndjson, count)
        write_parquet(ndjson, ndjson.with_suffix(".parquet"))


def write_parquet(ndjson: Path, parquet: Path) -> None:
    """With the columns that the documents name."""
    text = pyarrow.string()
    schema = pyarrow.schema(
        [*((name, text) for name in _TEXTS), ("occurredAt", pyarrow.timestamp("us", tz="UTC"))]
    )
    decode = msgspec.json.Decoder(dict[str, Any]).decode
    with ndjson.open("rb") as lines, ParquetWriter(parquet, schema) as writer:
        while some := [decode(line) for line in islice(lines, _ROWS)]:
            for event in some:
                event |= event.pop("subject")
                event["occurredAt"] = datetime.fromisoformat(event["occurredAt"])
            writer.write_table(pyarrow.Table.from_pylist(some, schema))


if __name__ == "__main__":
    main()
