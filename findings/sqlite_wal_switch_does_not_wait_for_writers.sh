#!/usr/bin/env bash
# SQLite 3.40.1 and 3.54.1: PRAGMA journal_mode = WAL waits as long as busy_timeout says for a connection that reads the
# file, and for one that has it alone (BEGIN EXCLUSIVE), but not at all for one that is about to write (BEGIN IMMEDIATE): it
# ends at once with SQLITE_BUSY. Expected: it waits for each of them, as BEGIN IMMEDIATE does. So of two programs that open
# a new file with this pragma and begin to write, one may fail, although both have set busy_timeout before: the order of the two
# pragmas, which is the usual advice, changes nothing. Seen: with a timeout of 400 ms, whether at least 300 ms were waited.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
seen=""
for version in 3.40.1.0 3.54.1.0; do
    "$folder/venv/bin/pip" install --quiet --disable-pip-version-check --only-binary :all: "apsw==$version" 2> "$folder/log" ||
        { cat "$folder/log" >&2; exit 1; }
    seen+=$("$folder/venv/bin/python" -W error - "$folder/$version.sqlite3" <<'PYTHON'
import sys
from time import monotonic

import apsw

holder = apsw.Connection(sys.argv[1])
holder.execute("CREATE TABLE views (day INT)")


def waited(held, asked):
    holder.execute(held)
    if held == "BEGIN":
        holder.execute("SELECT * FROM views").fetchall()
    other = apsw.Connection(sys.argv[1])
    other.setbusytimeout(400)
    began = monotonic()
    try:
        other.execute(asked)
        end = "done"
    except apsw.BusyError:
        end = "busy"
    seconds = monotonic() - began
    other.close()
    holder.execute("ROLLBACK")
    return f"{end} {'later' if seconds > 0.3 else 'at once'}"


((version,),) = holder.execute("SELECT sqlite_version()")
switch = "PRAGMA journal_mode = WAL"
cases = [("BEGIN", switch), ("BEGIN EXCLUSIVE", switch), ("BEGIN IMMEDIATE", "BEGIN IMMEDIATE"), ("BEGIN IMMEDIATE", switch)]
print(version, *(f"{asked}, beside {held}: {waited(held, asked)}" for held, asked in cases), sep="; ")
PYTHON
)$'\n'
done
printf '%s' "$seen"
wanted=""
for version in 3.40.1 3.54.1; do
    wanted+="$version; PRAGMA journal_mode = WAL, beside BEGIN: busy later; PRAGMA journal_mode = WAL, beside BEGIN EXCLUSIVE: busy later"
    wanted+="; BEGIN IMMEDIATE, beside BEGIN IMMEDIATE: busy later; PRAGMA journal_mode = WAL, beside BEGIN IMMEDIATE: busy at once"$'\n'
done
[ "$seen" = "$wanted" ] || { echo "This has changed." >&2; exit 1; }
