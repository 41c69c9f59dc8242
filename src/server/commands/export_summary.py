"""What `viewgraph import-export` says at its end."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

from exports.drafts import Inventory, Suggestion
from exports.mapping import What
from resolvers.export_import import ExportImport
from resolvers.rejects import Rejects
from server.commands.files import printable, reject_words

_SHOWN: Final = 10


def summary_of_draft(inventory: Inventory, table: Path, suggested: Mapping[What, Suggestion]) -> str:
    counts = inventory.counts
    return printed(
        [
            f"Nothing is stored yet. What was found is in {table}.",
            f"found        {len(counts):,} paths and events, {counts.total():,} counts",
            f"recognised   {len(suggested):,}: the path ends like the `customUrl` of a publication",
            *unusable_and_notes(inventory),
            "Fill in `subject` and `action` for what you want to bring, and run the same command again.",
        ]
    )


def unusable_and_notes(inventory: Inventory) -> Iterator[str]:
    if len(inventory.hosts) > 1:
        sites = ", ".join(host for host, _ in inventory.hosts.most_common(_SHOWN))
        yield f"sites        {len(inventory.hosts):,}: {sites}; --domain takes one of them alone"
    if inventory.unusable:
        yield f"unusable     {inventory.unusable:,} lines, such as"
    for place, reason in ((one.place, one.reason) for one in inventory.first_unusable):
        yield f"  {place.file}, line {place.line}: {reason}"
    yield from (f"- {note}" for note in inventory.notes)


def summary_of(work: ExportImport, table: Path, rejects: Path | None) -> str:
    lines = [
        f"By {table}" + (", of which nothing is stored: --dry-run" if work.is_dry else ""),
        *_events(work),
        *_totals(work),
        *_left(work, table),
        *(f"- {note}" for note in work.notes),
    ]
    if rejects:
        lines.append(f"All that is not stored is in {rejects}.")
    return printed(lines)


def printed(lines: Iterable[str]) -> str:
    return "\n  ".join(map(printable, lines))


def _events(work: ExportImport) -> Iterator[str]:
    tally = work.events
    if tally.lines:
        yield f"events: {tally.stored:,} stored, {tally.duplicates:,} stored before"
        yield from _rejected(tally)


def _totals(work: ExportImport) -> Iterator[str]:
    tally = work.totals
    if tally.lines:
        yield (
            f"totals of days: {tally.new:,} new, {tally.changed:,} changed, {tally.removed:,} removed, "
            f"{tally.same:,} stored before; {tally.difference:+,} in all"
        )
        yield f"  as days of {', '.join(sorted(work.zones))}, the reporting time zone"
        yield from _rejected(tally)


def _rejected(tally: Rejects) -> Iterator[str]:
    if tally.rejected:
        yield from (line.removeprefix("  ") for line in reject_words(tally, None))


def _left(work: ExportImport, table: Path) -> Iterator[str]:
    if work.unmapped:
        yield f"not in the table: {len(work.unmapped):,} paths and events, {work.unmapped.total():,} counts"
        for what, count in work.unmapped.most_common(_SHOWN):
            yield f"  {count:,} of {what}"
    if work.ignored:
        yield f"left out by the table: {work.ignored:,} counts"
    if work.bots:
        yield f"bots and programs: {work.bots:,} events, left out"
    if work.unused:
        lines = ", ".join(str(rule.line) for rule in work.unused)
        yield f"{table} has lines that match nothing: {lines}"
