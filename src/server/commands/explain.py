"""`viewgraph explain`: shows what a number is made of."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Annotated

import typer

from base.errors import BadUserInput
from database import metered
from resolvers.context import Context, Services
from resolvers.explain.explaining import explanations
from resolvers.explain.explanation import Explanation, Line
from server.commands.options import DatabaseUrl
from server.commands.run import run_with_services
from server.settings import settings_with

_HEADINGS = ("table", "from", "up to", "action", "rows", "count", "raw events")


SubjectName = Annotated[
    str, typer.Argument(metavar="SUBJECT", help="A global id, or the url of a publication.")
]
FigureName = Annotated[
    str, typer.Argument(metavar="FIGURE", help="Its name in the schema, such as totalLikes.")
]
Start = Annotated[
    str | None,
    typer.Option(
        "--from",
        metavar="TIME",
        help="The start of the range: a day, a local time or an instant. All time when absent.",
    ),
]
End = Annotated[str | None, typer.Option("--to", metavar="TIME", help="The end, which is included.")]
Zone = Annotated[
    str | None,
    typer.Option(
        metavar="ZONE", help="The time zone of --from and --to, such as Europe/Paris; UTC when absent."
    ),
]


def explain(
    subject: SubjectName,
    figure: FigureName,
    from_: Start = None,
    to: End = None,
    time_zone: Zone = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Show what a number is made of: the totals, the raw events, what was imported without events, and under
    which key servers keep it.
    """
    ends = _ends(from_, to)

    async def found(services: Services) -> list[Explanation]:
        with metered():
            context = Context(services, datetime.now(UTC))
            # Totals and events are read in one snapshot: otherwise they would differ while events come in.
            context.begin_snapshot()
            try:
                return await explanations(context, subject, figure, ends, time_zone)
            finally:
                context.end_snapshot()

    made = run_with_services(settings_with(database_url=database_url), found)
    typer.echo("\n\n".join("\n".join(_shown(one)) for one in made))
    if made[0].pruned_before:
        typer.echo(
            f"{made[0].tenant}: days before {made[0].pruned_before} were pruned, and their raw events cannot "
            "be compared.",
            err=True,
        )


def _ends(start: str | None, end: str | None) -> tuple[str, str] | None:
    if start is None and end is None:
        return None
    if start is None or end is None:
        raise BadUserInput("--from and --to go together.", argument="--from", reason="INVALID_RANGE")
    return start, end


def _shown(explanation: Explanation) -> Iterator[str]:
    yield f"{explanation.figure} of {explanation.words}: {_number(explanation.value)}"
    yield f"It is {explanation.formula}."
    yield f"The tenant is {explanation.tenant}, whose days are those of {explanation.time_zone}."
    if explanation.span:
        start, end = explanation.span
        yield f"The range is from {_time(start)} up to {_time(end)}, not included."
    yield ""
    rows = [_HEADINGS, *(_cells(line) for line in explanation.lines)]
    if explanation.sources:
        # Most figures have nothing imported in them, and no such column.
        imported = ["imported", *(f"{line.imported:,}" for line in explanation.lines)]
        rows = [(*row, cell) for row, cell in zip(rows, imported, strict=True)]
    yield from _table(rows)
    yield ""
    yield from _sentences(explanation)


def _sentences(explanation: Explanation) -> Iterator[str]:
    if any((line.counted or 0) < 0 for line in explanation.lines):
        yield "A count below 0 is of time that is not in the range: it is subtracted from a whole day."
    if explanation.given is not None:
        yield f"Told by the user, and in the figure: {explanation.given:,}."
    if explanation.taken_back is not None:
        yield f"Taken back: {explanation.taken_back:,}."
    if explanation.visitors:
        (estimate, lower, upper), signed_in = explanation.visitors
        yield f"Estimated: {estimate:,}, between {lower:,} and {upper:,}; signed in: {signed_in:,}."
    if people := explanation.people:
        yield f"Named by raw events: {people.users:,} signed in, {people.others:,} others."
    if sources := sorted(explanation.sources.items()):
        yield f"Imported without events: {', '.join(f'{count:,} by {name}' for name, count in sources)}."
    if explanation.agrees is not None:
        evidence = "raw events with imports" if sources else "raw events"
        yield (
            f"Totals and {evidence} agree."
            if explanation.agrees
            else f"Totals and {evidence} differ: see `viewgraph verify`."
        )
    yield _kept(explanation)


def _kept(explanation: Explanation) -> str:
    if explanation.version is None:
        return "No server keeps this figure: it is read for each request."
    publication_id, revision, events, _ = explanation.version
    return (
        f"Servers cache it for publication {publication_id} at revision {revision} and {events:,} events: "
        "that is its state now.\nA server does not use what it cached for another revision or number of "
        "events. This command does not see its memory."
    )


def _cells(line: Line) -> tuple[str, ...]:
    return (
        line.table,
        _end(line.start, line.table),
        _end(line.stop, line.table),
        line.action.name if line.action else "-",
        f"{line.rows:,}",
        "-" if line.counted is None else f"{line.counted:,}",
        "-" if line.events is None else f"{line.events:,}",
    )


def _end(end: date | datetime | None, table: str) -> str:
    if end is None:
        return "-"
    if isinstance(end, datetime):
        return _time(end)
    return f"{end:%Y-%m}" if table == "month_totals" else f"{end}"


def _time(instant: datetime) -> str:
    return instant.isoformat().replace("+00:00", "Z")


def _number(value: float) -> str:
    return f"{value:,}"


def _table(rows: list[tuple[str, ...]]) -> Iterator[str]:
    """The lines of the table. Columns of numbers are aligned to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = [
            cell.rjust(width) if place >= _HEADINGS.index("rows") else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        yield "  ".join(cells).rstrip()
