#!/usr/bin/env bash
# pyarrow 26.0.1: whoever sets the memory pool of a process by set_memory_pool(system_memory_pool()) still takes memory from the pool
# before, mimalloc, for what a Parquet file is read into and unpacked into. Only the environment variable
# ARROW_DEFAULT_MEMORY_POOL, read when pyarrow is loaded, keeps a reader off it. A program that has to stay small sets that first:
# the other pool kept 25 MB. Expected: after set_memory_pool, nothing more comes from mimalloc. Seen: more than a quarter of
# the bytes for a file of 200,000 rows still do.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pyarrow==26.0.1 2> "$folder/log" ||
    { cat "$folder/log" >&2; exit 1; }
cat > "$folder/write.py" << 'END'
import pyarrow
from pyarrow import parquet

table = pyarrow.table({"number": list(range(200_000)), "text": [str(number) for number in range(200_000)]})
parquet.write_table(table, "rows.parquet")
END
cat > "$folder/read.py" << 'END'
import pyarrow
from pyarrow import parquet

first, system = pyarrow.default_memory_pool(), pyarrow.system_memory_pool()
pyarrow.set_memory_pool(system)
before = pyarrow.mimalloc_memory_pool().total_bytes_allocated()
rows = sum(batch.num_rows for batch in parquet.ParquetFile("rows.parquet").iter_batches())
taken = pyarrow.mimalloc_memory_pool().total_bytes_allocated() - before
words = "more than a megabyte" if taken > 1_000_000 else f"{taken} bytes"
print(f"pyarrow {pyarrow.__version__}, {first.backend_name} at first, {rows} rows: {words} from mimalloc")
END
cd "$folder"
venv/bin/python write.py
seen=$(venv/bin/python read.py; ARROW_DEFAULT_MEMORY_POOL=system venv/bin/python read.py)
echo "$seen"
wanted="pyarrow 26.0.1, mimalloc at first, 200000 rows: more than a megabyte from mimalloc
pyarrow 26.0.1, system at first, 200000 rows: 0 bytes from mimalloc"
[ "$seen" = "$wanted" ] || { echo "This has changed." >&2; exit 1; }
