"""However long a file is, a small part of it is in memory at a time."""

import json
from pathlib import Path

from exports.export import Export
from exports.found import Event
from exports.parts import parts_of
from exports.programs import PROGRAMS
from tests.memory import traced


def test_items_of_a_list_are_read_across_the_ends_of_chunks(tmp_path: Path) -> None:
    """A visit has 0.7 MB and a chunk 1 MB. Chunks end within texts, escapes and umlauts."""
    filling = 'ü"\\\n]},{' * 60_000
    action = {"type": "action", "url": "https://a.example/ü", "timestamp": 1772366400, "filling": filling}
    visits = [{"idVisit": n, "actionDetails": [{**action, "pageId": n}]} for n in range(1, 21)]
    file = tmp_path / "visits.json"
    file.write_text(json.dumps(visits, ensure_ascii=False, indent=1))

    with traced() as memory:
        found = [one for one in PROGRAMS["matomo"].read(Export(parts_of([file]))) if isinstance(one, Event)]
        highest = memory.highest

    assert [(event.id, event.path) for event in found] == [(str(n), "/ü") for n in range(1, 21)]
    assert highest < 12_000_000 < file.stat().st_size


def test_lines_of_a_log_are_read_one_by_one(tmp_path: Path) -> None:
    line = '203.0.113.{} - - [01/Mar/2026:12:00:{:02} +0000] "GET /a{} HTTP/1.1" 200 1 "-" "Firefox{}"\n'
    file = tmp_path / "access.log"
    file.write_text("".join(line.format(n % 250, n % 60, n % 100, "x" * 4_000) for n in range(2_000)))

    with traced() as memory:
        events = sum(isinstance(one, Event) for one in PROGRAMS["access-log"].read(Export(parts_of([file]))))
        highest = memory.highest

    assert events == 2_000
    assert highest < 4_000_000 < file.stat().st_size
