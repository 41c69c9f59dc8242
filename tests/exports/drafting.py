"""What readers find in an export, as the draft of a user's table has it."""

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from typer.testing import CliRunner

from server.commands.cli import app
from server.settings import PREFIX
from tests.studio import SECRET

FILES = Path(__file__).parent / "files"


class Draft(NamedTuple):
    counts: dict[tuple[str, str], int]
    """By path and event."""
    unusable: int
    notes: list[str]


class Drafting(NamedTuple):
    """A database that nothing is written to, and a folder for files."""

    url: str
    folder: Path

    def file(self, text: str | bytes, name: str) -> Path:
        """Texts are written as they stand, with their ends of lines."""
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        return file

    def draft(self, program: str, *paths: Path) -> Draft:
        """A new one."""
        table = self.folder / "table.csv"
        table.unlink(missing_ok=True)
        words = ["import-export", program, *paths, "--table", table, "--database-url", self.url]
        result = CliRunner().invoke(app, [*map(str, words)], env={f"{PREFIX}SECRET": SECRET})
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        lines = [line.strip() for line in result.output.splitlines()]
        unusable = sum(int(line.split()[1]) for line in lines if line.startswith("unusable"))
        notes = [line.removeprefix("- ") for line in lines if line.startswith("- ")]
        if not table.exists():
            assert result.exit_code == 1
            return Draft({}, 0, notes or lines)
        with table.open(encoding="utf-8-sig", newline="") as stream:
            counts = {(row["path"], row["event"]): int(row["count"]) for row in csv.DictReader(stream)}
        return Draft(counts, unusable, notes)

    def totals(self, program: str, **files: str) -> Mapping[tuple[str, str], int]:
        """Of files of these texts, about which there is nothing to say."""
        draft = self.draft(program, *(self.file(text, f"{name}.csv") for name, text in files.items()))
        assert (draft.unusable, draft.notes) == (0, [])
        return draft.counts
