#!/usr/bin/env bash
# SQLite 3.39.4, 3.40.0 and 3.40.1, which Debian 12 has: in RETURNING, a column of text that is compared with a text is
# first made a number, if it looks like one, and so is the other text. In a SELECT of the same row it stays text. So
# UPDATE and DELETE say something else of a row than a SELECT does: a code '10' is before '9' as text, but not in
# RETURNING, and '10' equals '10.0' there. Expected: an expression has one value, wherever it stands. Seen: as above, up to
# 3.40.1; from 3.41.0 on, RETURNING says what SELECT says. CAST(code AS TEXT) in RETURNING is right in all of them.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
seen=""
for version in 3.39.4.0 3.40.1.0 3.41.0.0 3.54.1.0; do
    "$folder/venv/bin/pip" install --quiet --disable-pip-version-check --only-binary :all: "apsw==$version" 2> "$folder/log" ||
        { cat "$folder/log" >&2; exit 1; }
    seen+=$("$folder/venv/bin/python" -W error -c '
import apsw

database = apsw.Connection(":memory:")

def said(statement):
    ((*values,),) = database.execute(statement, ("9", "10.0"))
    return values

database.execute("CREATE TABLE bookings (id INTEGER PRIMARY KEY, code TEXT)")
database.execute("INSERT INTO bookings (code) VALUES (?)", ("10",))
asked, cast = "code < ?1, code = ?2", "CAST(code AS TEXT) < ?1, CAST(code AS TEXT) = ?2"
selected = said(f"SELECT {asked} FROM bookings")
updated = said(f"UPDATE bookings SET id = id RETURNING {asked}")
cast = said(f"UPDATE bookings SET id = id RETURNING {cast}")
deleted = said(f"DELETE FROM bookings RETURNING {asked}")
print(apsw.sqlitelibversion(), "select", selected, "update", updated, "delete", deleted, "cast", cast)
')$'\n'
done
printf '%s' "$seen"
[ "$seen" = "3.39.4 select [1, 0] update [0, 1] delete [0, 1] cast [1, 0]
3.40.1 select [1, 0] update [0, 1] delete [0, 1] cast [1, 0]
3.41.0 select [1, 0] update [1, 0] delete [1, 0] cast [1, 0]
3.54.1 select [1, 0] update [1, 0] delete [1, 0] cast [1, 0]
" ] || {
    echo "This has changed." >&2
    exit 1
}
