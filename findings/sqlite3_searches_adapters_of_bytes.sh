#!/usr/bin/env bash
# Python's sqlite3 (3.11.7): a parameter that is bytes or None takes some ten times as long as a number, because
# the driver looks for an adapter of its type, for its __adapt__ and its __conform__, and formats the messages of the
# AttributeErrors that it then drops. It looks for none of int, float, str and bytearray. Expected: None takes no longer
# than a number. Seen: at least four times as long, and less than half of that after an adapter was registered that
# gives back the value.
set -euo pipefail
python3 - <<'PYTHON'
import sqlite3
import sys
from time import process_time

COUNT = 256
connection = sqlite3.connect(":memory:")
connection.execute("CREATE TABLE t (a)")
text = f"SELECT 1 FROM t WHERE a IN ({', '.join('?' * COUNT)})"


def nanoseconds(value: object) -> float:
    values = [value] * COUNT
    best = 1.0
    for _ in range(7):
        began = process_time()
        for _ in range(40):
            connection.execute(text, values).fetchall()
        best = min(best, process_time() - began)
    return best / 40 / COUNT * 1e9


number, none, id_, text_ = map(nanoseconds, (7, None, b"0123456789abcdef", "0123456789abcdef"))
sqlite3.register_adapter(type(None), {}.get)
sqlite3.register_adapter(bytes, bytes.__bytes__)
adapted_none, adapted_id = map(nanoseconds, (None, b"0123456789abcdef"))
print(f"a parameter takes: number {number:.0f} ns, text {text_:.0f}, None {none:.0f}, bytes {id_:.0f}")
print(f"with adapters that do nothing: None {adapted_none:.0f}, bytes {adapted_id:.0f}")
if none < 4 * number or id_ < 2 * text_ or adapted_none > none / 2:
    sys.exit("This has changed.")
PYTHON
