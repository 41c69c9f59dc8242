"""What commands that import files share: options, what they reject, and texts that a file brought."""

from collections.abc import Callable
from pathlib import Path
from typing import IO, Annotated
from zoneinfo import ZoneInfo

import typer

from base import calendar
from ingest.file_times import Dates, Epoch
from ingest.rejected_lines import rejected_line_in_json
from resolvers.rejects import Reject, Rejects
from server.failures import Failure

TimeZone = Annotated[
    str | None,
    typer.Option(
        metavar="ZONE",
        help="The zone of times without an offset, such as Europe/Paris. When absent, such lines are "
        "rejected.",
    ),
]
EpochOption = Annotated[
    Epoch | None,
    typer.Option(
        help="What times that are numbers count: seconds (s), ms, us or ns since 1970 in UTC, or Excel's "
        "days in --time-zone. When absent, such lines are rejected."
    ),
]
DatesOption = Annotated[
    Dates | None,
    typer.Option(
        help="What is first in dates such as 3/4/2025. When absent, lines with such dates are rejected."
    ),
]
RejectsPath = Annotated[
    Path | None,
    typer.Option(
        dir_okay=False,
        help="Where to write every rejected line with its content, as NDJSON. Once mended, this file can "
        "be imported.",
    ),
]
As = Annotated[
    str | None,
    typer.Option("--as", metavar="EMAIL", help="Only what this account may report; all when absent."),
]
Strict = Annotated[bool, typer.Option("--strict", help="Exit with 1 when a line was rejected.")]


def require_another(path: Path, rejects: Path | None) -> None:
    if rejects and rejects.exists() and rejects.samefile(path):
        raise Failure("--rejects names the file that is imported, which would be lost: name another one.")


def zone_named(name: str | None) -> ZoneInfo | None:
    try:
        return calendar.time_zone(name) if name else None
    except calendar.UnknownTimeZone as error:
        raise Failure(f"--time-zone: {error}.") from None


def printable(text: str) -> str:
    """A file must not send commands to a terminal."""
    return "".join(
        character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text
    )


def rejects_into(sink: IO[bytes] | None, name: str) -> Callable[[Reject], None]:
    """What writes rejected lines, if there is a file for them. `name`: what they are, such as `total`."""

    def keep(reject: Reject) -> None:
        if sink:
            line, reason, detail, content, file = reject
            sink.write(rejected_line_in_json(line, reason, detail, content, name=name, file=file) + b"\n")

    return keep


def reject_words(tally: Rejects, rejects: Path | None) -> list[str]:
    """Lines that say how many lines were rejected for which reason, and show the first ones."""
    rejected = tally.rejected.total()
    words = [
        f"  rejected    {rejected:>12,}",
        *(f"    {count:>12,}  {reason}" for reason, count in tally.rejected.most_common()),
        *(
            f"  {_place(reject)}: {reject.reason} {printable(reject.detail)}".rstrip()
            for reject in tally.first_rejects
        ),
    ]
    if more := rejected - len(tally.first_rejects):
        words.append(f"  and {more:,} more: {f'all are in {rejects}' if rejects else 'see --rejects'}")
    return words


def _place(reject: Reject) -> str:
    line = f"line {reject.line}"
    return f"{printable(reject.file)}, {line}" if reject.file else line
