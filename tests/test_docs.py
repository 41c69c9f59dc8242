"""What the documents say is what the program does: names both ways, links, examples, commands."""

import ast
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from graphql import parse, validate
from typer.main import get_command

from base.errors import ExpectedError
from figures.reference import figures_page
from graph.schema import schema
from ingest.admission import Reason
from server.commands.cli import app
from server.http.errors import Code
from server.settings_reference import settings_page
from tests.server.program import ROOT, Program

DOCUMENTS = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "CHANGELOG.md",
    *sorted((ROOT / "docs").rglob("*.md")),
]
README, ERRORS, COMMANDS = (
    (ROOT / name).read_text()
    for name in ("README.md", "docs/reference/errors.md", "docs/reference/commands.md")
)
EXAMPLES = sorted((ROOT / "examples" / "clients").glob("*/README.md"))
each_document = pytest.mark.parametrize(
    "document", [*DOCUMENTS, *EXAMPLES], ids=lambda file: str(file.relative_to(ROOT))
)

# Where packages come from is each machine's own affair, and so is where things lie on it. Units of systemd
# say where they expect the program and its data.
HOSTS = r"pypi|pythonhosted|npmjs|unpkg|jsdelivr|anaconda|docker\.io|ghcr\.io|quay\.io|registry\."
PATHS = r"/(?:root|home|Users|work|tmp|var(?!/lib/viewgraph)|opt(?!/viewgraph)|usr)/"


def sections(text: str, level: int) -> dict[str, str]:
    """What stands under each heading of a level, up to the next heading of that level or above."""
    parts = re.split(rf"^(#{{1,{level}}}) (.+)$", text, flags=re.MULTILINE)
    triples = zip(parts[1::3], parts[2::3], parts[3::3], strict=True)
    return {title: body for hashes, title, body in triples if len(hashes) == level}


def first_column(text: str) -> list[str]:
    """Of the tables in a text, without their heads."""
    rows = re.findall(r"^\| (.+?) \|", text, flags=re.MULTILINE)
    rulers = {place for place, row in enumerate(rows) if row == "---"}
    return [row.strip("`") for place, row in enumerate(rows) if not {place, place + 1} & rulers]


def blocks(text: str, language: str) -> list[str]:
    """Code of a language; indented under an item of a list, too."""
    found = re.findall(rf"^( *)```{language}\n(.*?)^\1```$", text, flags=re.MULTILINE | re.DOTALL)
    return [re.sub(rf"^{indent}", "", code, flags=re.MULTILINE) for indent, code in found]


# Settings, errors, commands, targets: all that exist, and no other


def test_the_page_of_settings_is_current() -> None:
    assert (ROOT / "docs/reference/settings.md").read_text() == settings_page(), "run make docs"


def test_the_page_of_figures_is_current() -> None:
    assert (ROOT / "docs/reference/figures.md").read_text() == figures_page(), "run make docs"


def test_every_error_code_is_documented_and_no_other() -> None:
    raised = {error.code for error in ExpectedError.__subclasses__()}

    assert set(sections(ERRORS, 3)) == raised | set(Code)
    for code, section in sections(ERRORS, 3).items():
        (example,) = blocks(section, "json")
        assert json.loads(example)["code"] == code


def test_every_reason_is_documented_and_no_other() -> None:
    bad_input = sections(ERRORS, 3)["BAD_USER_INPUT"]
    dropped = sections(ERRORS, 2)["Events that are dropped"]

    assert sorted(first_column(bad_input)) == sorted(set(reasons()))
    assert sorted(first_column(dropped)) == sorted(set(reasons_of_dropping()))


def test_the_schema_names_the_reasons_of_dropping() -> None:
    description = schema.as_str().partition("Why it was dropped: ")[2].partition('"""')[0]

    assert set(re.findall(r"[A-Z_]{2,}", description)) == set(reasons_of_dropping())


def nodes() -> Iterator[ast.AST]:
    for file in sorted((ROOT / "src").rglob("*.py")):
        yield from ast.walk(ast.parse(file.read_text()))


def reasons() -> Iterator[str]:
    """Texts that are given as `reason`, by name or as a part of an error's extensions."""
    for node in nodes():
        if isinstance(node, ast.keyword) and node.arg == "reason" and isinstance(node.value, ast.Constant):
            yield str(node.value.value)
        if isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                if (
                    isinstance(key, ast.Constant)
                    and key.value == "reason"
                    and isinstance(value, ast.Constant)
                ):
                    yield str(value.value)


def reasons_of_dropping() -> Iterator[str]:
    return (reason.value for reason in Reason)


def test_every_command_and_option_is_documented_and_no_other() -> None:
    documented = {
        title.removeprefix("viewgraph "): set(first_column(section))
        for title, section in sections(COMMANDS, 2).items()
        if title.startswith("viewgraph ")
    }

    assert documented == dict(commands(get_command(app)))


def commands(command: Any, name: str = "") -> Iterator[tuple[str, set[str]]]:
    """Each by its words, with its options and arguments as `--help` shows them."""
    if hasattr(command, "commands"):
        for part, inner in command.commands.items():
            yield from commands(inner, f"{name} {part}".strip())
        return
    yield (
        name,
        {
            parameter.opts[0]
            if parameter.param_type_name == "option"
            else parameter.metavar or parameter.name.upper()
            for parameter in command.params
            if parameter.name != "help"
        },
    )


def test_every_target_of_the_makefile_is_documented_and_no_other() -> None:
    targets = re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(), flags=re.MULTILINE)
    contributing = sections((ROOT / "CONTRIBUTING.md").read_text(), 2)

    assert sorted(first_column(contributing["Make targets"])) == sorted(
        f"make {target}" for target in targets
    )
    for document in (*DOCUMENTS, *EXAMPLES):
        named = re.findall(r"\bmake ([a-z-]+)\b(?=[`\n]| [A-Z_]+=)", document.read_text())
        assert set(named) <= set(targets), document


def test_every_variable_that_a_document_names_is_a_setting() -> None:
    of_tests = {"VIEWGRAPH_TEST_POSTGRES", "VIEWGRAPH_TEST_TIMES"}
    known = set(re.findall(r"VIEWGRAPH_[A-Z_]+", settings_page())) | of_tests

    named = {
        name
        for document in (*DOCUMENTS, *EXAMPLES)
        for name in re.findall(r"VIEWGRAPH_[A-Z_]+", document.read_text())
    }
    assert named <= known


PAGES = sorted((ROOT / "docs").rglob("*.md"))
INDEX = ROOT / "docs" / "README.md"
KINDS = {"Tutorial": "tutorial", "How to": "how-to", "Reference": "reference", "Reasons": "decisions"}


def test_the_index_names_every_page() -> None:
    linked = {(INDEX.parent / link).resolve() for link in links(INDEX.read_text())}

    assert linked == {*PAGES, ROOT / "CONTRIBUTING.md", ROOT / "schema.graphql"} - {INDEX}


def test_every_page_stands_with_its_kind() -> None:
    index = sections(INDEX.read_text(), 2)

    for title, folder in KINDS.items():
        named = {(INDEX.parent / link).resolve() for link in links(index[title])}
        assert named & set(PAGES) == set((INDEX.parent / folder).glob("*.md")), title


def test_the_readme_leads_on() -> None:
    linked = set(links(sections(README, 2)["Where to go next"]))

    assert linked >= {"docs/README.md", "docs/tutorial/first-page.md", "CONTRIBUTING.md", "CHANGELOG.md"}


@pytest.mark.parametrize("page", PAGES, ids=lambda file: str(file.relative_to(ROOT)))
def test_every_page_says_for_whom_it_is(page: Path) -> None:
    """In one sentence, right below its title."""
    title, blank, whom, below = page.read_text().split("\n")[:4]

    assert (title[:2], blank, below) == ("# ", "", "")
    assert re.fullmatch(r"\*For [^.]+\.\*", whom), whom


def links(text: str) -> list[str]:
    """Where they lead, without what stands behind `#`; those to other sites left out."""
    return [link.partition("#")[0] for link in re.findall(r"\]\(((?!https?:)[^)#][^)]*)\)", text)]


# Links, hosts, examples


@each_document
def test_links_lead_somewhere(document: Path) -> None:
    for link in re.findall(r"\]\(([^)]+)\)", document.read_text()):
        if link.startswith("http"):
            continue
        name, _, anchor = link.partition("#")
        target = document.parent / name if name else document
        assert target.exists(), link
        assert not anchor or anchor in anchors(target.read_text()), link


def anchors(text: str) -> set[str]:
    """By which the headings of a page are linked to."""
    prose = re.sub(r"^( *)```.*?^\1```$", "", text, flags=re.MULTILINE | re.DOTALL)
    titles = re.findall(r"^#+ (.+)$", prose, flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@each_document
def test_no_document_names_a_registry_or_a_path_of_one_machine(document: Path) -> None:
    assert re.findall(rf"{HOSTS}|{PATHS}", document.read_text()) == []


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock", "pyproject.toml", "Makefile"])
def test_no_list_of_packages_names_a_registry(name: str) -> None:
    assert re.findall(rf"https?://|{HOSTS}", (ROOT / name).read_text()) == []


@each_document
def test_examples_are_whole_and_fit_the_schema(document: Path) -> None:
    text = document.read_text()
    for code in blocks(text, "graphql"):
        assert validate(schema._schema, parse(code)) == []
    for code in blocks(text, "json"):
        json.loads(code)
    for line in "".join(blocks(text, "ndjson")).splitlines():
        json.loads(line)
    for code in blocks(text, "python"):
        ast.parse(code if code.startswith(("async", "def")) else f"class Type:\n{indented(code)}")
    fences = re.findall(r"^ *```(\w*)$", text, flags=re.MULTILINE)
    assert set(fences[::2]) <= {
        "graphql",
        "html",
        "http",
        "js",
        "json",
        "markdown",
        "ndjson",
        "python",
        "sh",
        "sql",
    }


def indented(code: str) -> str:
    return "".join(f"    {line}" for line in code.splitlines(keepends=True))


def test_every_decision_has_its_number_and_a_reason() -> None:
    pages = sorted((ROOT / "docs/decisions").glob("*.md"))

    assert [int(page.name[:4]) for page in pages] == list(range(1, len(pages) + 1))
    for page in pages:
        text = page.read_text()
        assert re.match(rf"# {int(page.name[:4])}\. \S", text), page
        assert list(sections(text, 2)) == ["Why", "What follows"], page


@each_document
def test_files_that_a_document_names_are_there(document: Path) -> None:
    named = re.findall(r"`((?:[a-z_]+/)+[a-z_]+\.(?:py|md|graphql))`", document.read_text())

    for name in named:
        assert any((base / name).exists() for base in (ROOT, ROOT / "src")), name


# The README, followed by a newcomer

VARYING = {"createdAt", "generatedAt", "totalViews", "monthlyActiveUsers"}


def test_the_readme_has_the_two_commands() -> None:
    assert blocks(README, "sh")[0].split("\n") == ["make demo", "make test", ""]
    recipe = (ROOT / "Makefile").read_text().partition("\ndemo:")[2].partition("\n\n")[0]
    assert recipe.splitlines()[1].strip() == "@$(BIN)/viewgraph demo --port $(PORT)"


def test_the_first_query_answers_as_the_readme_shows(demo: Program) -> None:
    query, login = blocks(README, "graphql")
    headers, printed, _ = (json.loads(block) for block in blocks(README, "json"))

    before = demo.post(query)
    token = demo.post(login)["data"]["login"]["accessToken"]
    shown = {name: value.replace("PUT-THE-TOKEN-HERE", token) for name, value in headers.items()}
    after = demo.post(query, shown)
    stranger = demo.post(login.replace("owner@", "stranger@"))["data"]["login"]["accessToken"]
    denied = demo.post(query, {"Authorization": f"Bearer {stranger}"})

    protected = {"experienceCounts": None, "metrics": None, "socialMetrics": None}
    public = after["data"]["publication"] | protected
    assert before["data"]["publication"] == denied["data"]["publication"] == public
    assert codes(before) == ["UNAUTHENTICATED"] * 3
    assert codes(denied) == ["FORBIDDEN"] * 3
    assert "errors" not in after
    assert without_varying(after) == without_varying(printed)
    assert shape(after) == shape(printed)
    counted = after["data"]["publication"]["metrics"]
    assert counted["totalViews"] > 365
    assert 1 <= counted["monthlyActiveUsers"] <= 20


@pytest.mark.skipif(not shutil.which("curl"), reason="this machine has no curl")
def test_the_shell_commands_answer_as_the_readme_shows(demo: Program) -> None:
    commands = "\n".join(block for block in blocks(README, "sh") if "curl" in block)
    assert commands.count("http://127.0.0.1:8000/graphql") == 2

    done = subprocess.run(
        ["/bin/sh", "-euc", commands.replace("http://127.0.0.1:8000", demo.address)],
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == json.loads(blocks(README, "json")[-1])


def codes(body: Any) -> list[str]:
    return [error["extensions"]["code"] for error in body["errors"]]


def without_varying(value: Any) -> Any:
    """Without what depends on the day on which the demo was made."""
    if isinstance(value, dict):
        return {name: without_varying(inner) for name, inner in value.items() if name not in VARYING}
    return value


def shape(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: shape(inner) for name, inner in value.items()}
    return type(value)
