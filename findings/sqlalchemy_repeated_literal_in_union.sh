#!/usr/bin/env bash
# SQLAlchemy 2.1.9: if the first SELECT of a union has one literal twice, the subquery of the union has two columns of one
# name. Both of them read the first one: the values in the last column of the other SELECTs are lost, without an error or a
# warning. Expected: the second column reads the second value, or an error says that it cannot be named. Seen: the union
# itself gives (7, 0, 1) and (8, 1, 0), and its subquery (7, 0, 0) and (8, 1, 1). With a literal of its own for each column
# it is right.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check sqlalchemy==2.1.9 2> "$folder/log" || { cat "$folder/log" >&2; exit 1; }
seen=$("$folder/venv/bin/python" -W error -c '
from sqlalchemy import create_engine, literal, select, union_all

def rows(connection, zeros):
    first = select(literal(7), *zeros).where(literal(1) == literal(0))
    union = union_all(first, select(literal(7), literal(0), literal(1)), select(literal(8), literal(1), literal(0)))
    return connection.execute(union).all(), connection.execute(select(*union.subquery().c)).all()

zero = literal(0)
with create_engine("sqlite://").connect() as connection:
    for name, zeros in ("one literal twice", (zero, zero)), ("two literals", (literal(0), literal(0))):
        print(name, *rows(connection, zeros), sep=": ")
')
echo "$seen"
[ "$seen" = "one literal twice: [(7, 0, 1), (8, 1, 0)]: [(7, 0, 0), (8, 1, 1)]
two literals: [(7, 0, 1), (8, 1, 0)]: [(7, 0, 1), (8, 1, 0)]" ] || {
    echo "This has changed." >&2
    exit 1
}
