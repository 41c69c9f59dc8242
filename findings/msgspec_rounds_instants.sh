#!/usr/bin/env bash
# msgspec 0.22.0: the digits of an RFC 3339 time beyond the microsecond are rounded, so that the last instant of a day, as
# .NET writes it with seven digits, is read as the first of the next day; Python's datetime.fromisoformat cuts them. An
# event then lands in the day, and the month, after the one in which it happened. Expected: the same instant from both.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check msgspec==0.22.0 2> "$folder/log" || { cat "$folder/log" >&2; exit 1; }
seen=$("$folder/venv/bin/python" -c '
from datetime import datetime

from msgspec import json

text = "2026-06-30T23:59:59.9999999Z"
read = json.decode(f"\"{text}\"", type=datetime)
print(f"msgspec: {read.isoformat()}")
print(f"Python: {datetime.fromisoformat(text).isoformat()}")
')
echo "$seen"
[ "$seen" = "msgspec: 2026-07-01T00:00:00+00:00
Python: 2026-06-30T23:59:59.999999+00:00" ] || {
    echo "This has changed." >&2
    exit 1
}
