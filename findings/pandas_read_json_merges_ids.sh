#!/usr/bin/env bash
# pandas 3.1.1: read_json makes numbers of texts whose characters are digits, although JSON tells texts from numbers. In
# the events of Google Analytics 4, as BigQuery writes them, user_pseudo_id is such a text, with more digits than a float
# has. Two persons become one, without a word. Expected: the texts of the file, and two persons. Seen: one float.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pandas==3.1.1 2> "$folder/log" || { cat "$folder/log" >&2; exit 1; }
cat > "$folder/events.json" <<'JSON'
{"event_name":"page_view","user_pseudo_id":"987654321.1772405990"}
{"event_name":"page_view","user_pseudo_id":"987654321.1772405991"}
JSON
seen=$("$folder/venv/bin/python" -c '
import sys

import pandas

file = sys.argv[1]
for name, ids in (
    ("read_json", pandas.read_json(file, lines=True)["user_pseudo_id"]),
    ("read_json with dtype=False", pandas.read_json(file, lines=True, dtype=False)["user_pseudo_id"]),
):
    print(f"{name}: {ids.nunique()} of type {ids.dtype}")
' "$folder/events.json")
echo "$seen"
[ "$seen" = "read_json: 1 of type float64
read_json with dtype=False: 2 of type str" ] || {
    echo "This has changed." >&2
    exit 1
}
