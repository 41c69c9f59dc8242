"""What `viewgraph import-export` says at its end."""

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from exports.drafts import Suggestion
from exports.mapping import What
from resolvers.export_import import ExportImport
from server.commands.import_ import printable

_SHOWN: Final = 10


def summary_of_draft(table: Path, counts: Counter[What], suggested: Mapping[What, Suggestion]) -> str:
    return (
        f"nothing is stored yet. {table} now has the {len(counts):,} pages and events that were found, with "
        f"{counts.total():,} counts. {len(suggested):,} of them are the pages of publications here. Fill in "
        f"`subject` and `action` of what you want to bring, and run the same command again."
    )


def summary_of(work: ExportImport, table: Path, rejects: Path | None) -> str:
    lines = [*_events(work), *_left(work, table), *_notes(work)]
    if rejects:
        lines.append(f"All that is not stored is in {rejects}.")
    return "\n  ".join(printable(line) for line in (f"by {table}", *lines))


def _events(work: ExportImport) -> Iterator[str]:
    tally = work.events
    yield f"events      {tally.stored:,} stored, {tally.duplicates:,} duplicates"
    yield f"rejected    {tally.rejected.total():,}"
    for reject in tally.first_rejects:
        yield f"  {reject.file} line {reject.line}: {reject.reason} {reject.detail}".rstrip()


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


def _notes(work: ExportImport) -> Iterator[str]:
    for text, count in work.notes.items():
        yield f"- {f'{count:,} ' if count else ''}{text}"
