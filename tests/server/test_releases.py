"""The schema compared with that of the last release, by the command that `make check` runs."""

from pathlib import Path

import pytest

from graph.schema import schema
from tests.commands import done, mistake, run
from tests.server.program import ROOT

NOW = schema.as_str()


def released(folder: Path, version: str, sdl: str) -> Path:
    file = folder / f"{version}.graphql"
    file.write_text(sdl)
    return file


def with_field(name: str, rest: str = "") -> str:
    """The schema as it was, with a field of publications that is there no more."""
    before = "type Publication implements Node @cacheControl(maxAge: 60) {\n"
    assert before in NOW
    return NOW.replace(before, f"{before}  {name}: String {rest}\n")


def test_without_a_release_there_is_nothing_to_compare_with(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("# Released schemas\n")
    (tmp_path / "next.graphql").write_text("type Query { a: Int }")

    assert done("schema", "--compare", str(tmp_path)) == f"No release in {tmp_path} to compare with.\n"


def test_the_schema_keeps_what_the_last_release_promised() -> None:
    """What `make check` says of the repository itself."""
    assert "breaking" not in done("schema", "--compare", str(ROOT / "releases"))


def test_an_unchanged_schema_breaks_nobody(tmp_path: Path) -> None:
    released(tmp_path, "1.0.0", NOW)

    assert done("schema", "--compare", str(tmp_path)) == "Nothing breaks clients of 1.0.0.\n"


def test_a_breaking_change_is_named_and_ends_with_1(tmp_path: Path) -> None:
    released(tmp_path, "1.0.0", with_field("motto"))

    result = run("schema", "--compare", str(tmp_path))
    assert result.exit_code == 1
    assert result.stdout == "breaking   Field Publication.motto was removed.\n"
    assert result.stderr == "Breaking changes since 1.0.0: 1. See docs/reference/schema.md.\n"


def test_what_was_announced_may_go(tmp_path: Path) -> None:
    reason = '@deprecated(reason: "Use `name`. Removed on 2023-06-01 or later.")'
    released(tmp_path, "1.0.0", with_field("motto", reason))

    assert done("schema", "--compare", str(tmp_path)) == (
        "safe       Publication.motto was removed, as was announced for 2023-06-01.\n"
        "Nothing breaks clients of 1.0.0.\n"
    )


def test_what_was_announced_for_later_may_not_go_yet(tmp_path: Path) -> None:
    reason = '@deprecated(reason: "Use `name`. Removed on 9999-06-01 or later.")'
    released(tmp_path, "1.0.0", with_field("motto", reason))

    result = run("schema", "--compare", str(tmp_path))
    assert (result.exit_code, result.stdout) == (1, "breaking   Field Publication.motto was removed.\n")


def test_a_field_that_more_people_see_is_named_and_breaks_nobody(tmp_path: Path) -> None:
    rule = "socialMetrics: SocialMetrics @auth(requires: [OWNER, CO_CREATOR])"
    assert rule in NOW
    released(tmp_path, "1.0.0", NOW.replace(rule, rule.replace("OWNER, ", "")))

    assert done("schema", "--compare", str(tmp_path)) == (
        "dangerous  Publication.socialMetrics is now shown to OWNER, too.\nNothing breaks clients of 1.0.0.\n"
    )


def test_the_newest_release_counts_by_its_version(tmp_path: Path) -> None:
    for version in ("0.9.0", "0.10.0", "0.2.11"):
        released(tmp_path, version, with_field("motto"))
    released(tmp_path, "0.10.1", NOW)

    assert done("schema", "--compare", str(tmp_path)) == "Nothing breaks clients of 0.10.1.\n"
    one = run("schema", "--compare", str(tmp_path / "0.9.0.graphql"))
    assert one.stderr == "Breaking changes since 0.9.0: 1. See docs/reference/schema.md.\n"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("# Notes", "Syntax Error: Unexpected <EOF>."),
        ("Notes", "Syntax Error: Unexpected Name 'Notes'."),
        ("type Query { a: Nothing }", "Query fields cannot be resolved. Unknown type: 'Nothing'."),
    ],
)
def test_what_is_no_schema_is_told(tmp_path: Path, text: str, why: str) -> None:
    file = released(tmp_path, "1.0.0", text)

    assert mistake("schema", "--compare", str(file)) == f"1.0.0 is no schema to compare with: {why}\n"


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    nowhere, binary = tmp_path / "nowhere", tmp_path / "binary"
    binary.write_bytes(b"\xff")

    assert mistake("schema", "--compare", str(nowhere)) == (
        f"{nowhere} is no schema to compare with: No such file or directory.\n"
    )
    assert mistake("schema", "--compare", str(binary)) == (
        f"{binary} is no schema to compare with: it is not UTF-8.\n"
    )
