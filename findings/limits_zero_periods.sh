#!/usr/bin/env bash
# limits 5.8.0: a rate of "10 per 0 minutes" is read as 10 per 1 minute, and "0 per minute", which lets nobody do
# anything, is taken without a word. An operator who writes 0 for "no limit" gets a limit of a minute, or a door that is
# shut for everybody. Expected: an error for both. Seen: neither is one.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check limits==5.8.0 2> "$folder/log" || { cat "$folder/log" >&2; exit 1; }
seen=$("$folder/venv/bin/python" -c '
from limits import parse

for text in ("10 per 0 minutes", "0 per minute"):
    rate = parse(text)
    print(f"{text}: {rate.amount} in {rate.get_expiry()} s")
')
echo "$seen"
[ "$seen" = "10 per 0 minutes: 10 in 60 s
0 per minute: 0 in 60 s" ] || {
    echo "This has changed." >&2
    exit 1
}
