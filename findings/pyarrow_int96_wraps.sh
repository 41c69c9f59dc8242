#!/usr/bin/env bash
# pyarrow 26.0.1: a Parquet timestamp of 96 bits (INT96) after April 2262 is read as another time, without an error: the year
# 2500 becomes 1915. pyarrow itself writes such a file, from timestamps in microseconds, with an option for Spark and Impala. By
# default it reads INT96 as nanoseconds since 1970 in 64 bits, which overflow. With coerce_int96_timestamp_unit="us" it is right.
# Expected: the same time from both, or an error.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pyarrow==26.0.1 2> "$folder/log" || { cat "$folder/log" >&2; exit 1; }
seen=$("$folder/venv/bin/python" -c '
import sys
from datetime import datetime

import pyarrow
from pyarrow import parquet

file = sys.argv[1]
times = pyarrow.array([datetime(2500, 1, 1)], pyarrow.timestamp("us"))
parquet.write_table(pyarrow.table({"at": times}), file, use_deprecated_int96_timestamps=True, store_schema=False)
for unit in ("ns", "us"):
    read = parquet.read_table(file, coerce_int96_timestamp_unit=unit)
    print(unit, read["at"].cast(pyarrow.timestamp("us"), safe=False)[0])
print("by default", parquet.read_table(file)["at"].type)
' "$folder/times.parquet")
echo "$seen"
[ "$seen" = "ns 1915-06-14 00:25:26.290449
us 2500-01-01 00:00:00
by default timestamp[ns]" ] || {
    echo "This has changed." >&2
    exit 1
}
