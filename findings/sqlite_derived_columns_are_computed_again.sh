#!/usr/bin/env bash
# SQLite 3.40.1 and 3.54.1: a column that a subquery of json_each computes is computed again for each row that is joined with it
# or compared with it, and not once for each element of the list, also if its function is deterministic. A list of two
# names, compared with 200 rows, calls the function 400 times. Expected: twice. With LIMIT -1 in the subquery, which
# takes nothing away, it is called twice, and so it is where the name is only sought in an index. Seen: as below.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
seen=""
for version in 3.40.1.0 3.54.1.0; do
    "$folder/venv/bin/pip" install --quiet --disable-pip-version-check --only-binary :all: "apsw==$version" 2> "$folder/log" ||
        { cat "$folder/log" >&2; exit 1; }
    seen+=$("$folder/venv/bin/python" -W error -c '
import apsw

calls = 0


def named(value):
    global calls
    calls += 1
    return value.upper()


database = apsw.Connection(":memory:")
add = getattr(database, "create_scalar_function", None) or database.createscalarfunction
add("named", named, 1, deterministic=True)
database.execute("CREATE TABLE visits (tenant INT, day INT, visitor TEXT, PRIMARY KEY (tenant, day, visitor)) WITHOUT ROWID")
database.execute("CREATE TABLE views (visitor TEXT, day INT)")
database.execute("CREATE INDEX views_visitor ON views (visitor)")
for day in range(50):
    for visitor in "ABCD":
        database.execute("INSERT INTO visits VALUES (1, ?, ?)", (day, visitor))
        database.execute("INSERT INTO views VALUES (?, ?)", (visitor, day))


def called(limit, table):
    global calls
    calls = 0
    given = f"(SELECT named(value) AS name FROM json_each(?){limit}) AS given"
    joined = f"SELECT count(*) FROM {given} CROSS JOIN {table} AS t ON t.visitor = given.name"
    ((rows,),) = database.execute(joined + (" AND t.tenant = 1" if table == "visits" else ""), ("[\"a\", \"b\"]",))
    assert rows == 100
    return calls


cases = [(limit, table) for table in ("views", "visits") for limit in ("", " LIMIT -1")]
((version,),) = database.execute("SELECT sqlite_version()")
print(version, end="; ")
print(*(f"{table}{limit}: {called(limit, table)}" for limit, table in cases), sep="; ")
')$'\n'
done
printf '%s' "$seen"
wanted="3.40.1; views: 2; views LIMIT -1: 2; visits: 400; visits LIMIT -1: 2
3.54.1; views: 2; views LIMIT -1: 2; visits: 400; visits LIMIT -1: 2
"
[ "$seen" = "$wanted" ] || { echo "This has changed." >&2; exit 1; }
