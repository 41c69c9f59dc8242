"""A studio into which the history of other programs is brought, by the command that users type."""

import csv
from asyncio import to_thread
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from typer.testing import CliRunner, Result

from server.commands.cli import app
from server.settings import PREFIX
from tests.studio import SECRET, Studio

FILES = Path(__file__).parent / "files"
URL = "teapot"
"""The `customUrl` of the owner's publication."""
_OF_PUBLICATION = """query($range: DateRange!, $zone: TimeZone) { publication(url: "teapot") {
  views(range: $range, interval: DAY, timeZone: $zone, groupBy: [DEVICE, DOMAIN]) {
    points { dateInterval deviceCategory domain count } }
  metrics(range: $range, timeZone: $zone) { totalShares uniqueVisitors { estimate } } } }"""
_OF_ASSET = """query($range: DateRange!, $zone: TimeZone, $id: ID!) { asset(id: $id) {
  metrics(range: $range, timeZone: $zone) {
    views(viewType: VIEW_AR, actionTypes: [CLICK], interval: DAY, groupBy: [DEVICE, DOMAIN]) {
      points { dateInterval deviceCategory domain count } } } } }"""

Points = list[tuple[str, str | None, str | None, int]]
"""Day, device, site and count."""
Rule = tuple[str, str, str, str]
"""Path, event, subject and action."""


class Figures(NamedTuple):
    views: Points
    """Of the publication `teapot`."""
    ar_clicks: Points
    """Of the asset."""
    shares: int
    visitors: int


@dataclass
class History:
    studio: Studio
    database_url: str
    folder: Path
    asset: str
    """The global id of an asset."""
    table: Path = field(init=False)

    def __post_init__(self) -> None:
        self.table = self.folder / "table.csv"

    async def command(self, *words: object) -> Result:
        given = [*map(str, words), "--database-url", self.database_url]
        environment = {f"{PREFIX}SECRET": SECRET}
        return await to_thread(lambda: CliRunner().invoke(app, given, env=environment))

    async def told(self, *words: object, exit_code: int = 0) -> str:
        """What the command says."""
        result = await self.command(*words)
        assert result.exit_code == exit_code, (result.output, result.exception)
        return result.output

    async def draft(self, program: str, *words: object) -> list[tuple[str, ...]]:
        """The rows of the table that the command writes for the user."""
        self.table.unlink(missing_ok=True)
        await self.told("import-export", program, *words, "--table", self.table)
        with self.table.open(encoding="utf-8-sig", newline="") as stream:
            header, *rows = map(tuple, csv.reader(stream))
        assert header == ("path", "event", "subject", "action", "count")
        return rows

    def map(self, *rules: Rule) -> None:
        """Writes the table."""
        with self.table.open("w", encoding="utf-8", newline="") as stream:
            csv.writer(stream).writerows([("path", "event", "subject", "action"), *rules])

    async def bring(self, program: str, *words: object) -> str:
        """By the table that was written. Returns what the command says at its end."""
        result = await self.command("import-export", program, *words, "--table", self.table)
        assert result.exit_code == 0, (result.output, result.exception)
        return str(result.stdout)

    async def figures(self, start: str = "2026-02-01", end: str = "2026-03-31", zone: str = "UTC") -> Figures:
        """Asked by GraphQL, as an account that may see both."""
        self.studio.clock.to_now()
        given = {"range": {"start": start, "end": end}, "zone": zone}
        publication = (await self.studio.ask(_OF_PUBLICATION, "owner", **given)).data["publication"]
        asset = (await self.studio.ask(_OF_ASSET, "admin", id=self.asset, **given)).data["asset"]
        metrics = publication["metrics"]
        return Figures(
            _points(publication["views"]),
            _points(asset["metrics"]["views"]),
            metrics["totalShares"],
            metrics["uniqueVisitors"]["estimate"],
        )

    async def verified(self) -> None:
        """No total differs from what it is made of."""
        result = await self.command("verify")
        assert (result.exit_code, result.stdout, result.stderr) == (0, "", "No total differs.\n")


def _points(series: dict[str, Any]) -> Points:
    return [
        (point["dateInterval"], point["deviceCategory"], point["domain"], point["count"])
        for point in series["points"]
    ]


def lines(output: str) -> list[str]:
    return [line.strip() for line in output.splitlines()]
