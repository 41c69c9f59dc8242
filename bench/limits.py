"""Holds a tree of the project to its limits: no circle of imports, short modules and functions, dependencies.

python -m bench.limits

Prints what breaks a limit, one a line, with what to do about it, and exits with 1 if anything does. A circle
of folders, and an import that goes up, are found by import-linter.
"""

import ast
import re
import sys
import tomllib
from argparse import ArgumentParser
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from importlib.metadata import packages_distributions
from pathlib import Path
from statistics import median, quantiles

import grimp

ROOT = Path(__file__).parents[1]
LONGEST_MODULE = 300
MEDIAN_MODULE = 100
MEDIAN_FUNCTION = 5
P90_FUNCTION = 15
UNLIMITED = ("server/settings.py", "server/migrations/versions/")
"""Lists that only ever grow: one entry a setting, one file a change of the tables."""
NOT_IMPORTED = {
    "uvloop": "uvicorn takes it for its event loop where it is installed",
}
"""Dependencies without an import in src, and why they are needed."""
NEWER_MODULES = {"compression"}
"""Of Python's own library, but of later versions than the oldest that the project runs on."""


def broken(tree: Path) -> Iterator[str]:
    """A sentence for each limit that the tree breaks."""
    source = tree / "src"
    folders = sorted(file.parent.name for file in source.glob("*/__init__.py"))
    sys.path.insert(0, str(source))
    graph = grimp.build_graph(*folders, include_external_packages=True, cache_dir=None)
    yield from circles(graph)
    yield from long_modules(source)
    yield from long_functions(source)
    outside = {name for name in graph.modules if graph.is_module_squashed(name)}
    yield from undeclared(tree / "pyproject.toml", outside - sys.stdlib_module_names - NEWER_MODULES)


def circles(graph: grimp.ImportGraph) -> Iterator[str]:
    """One at a time. Imports inside functions and under TYPE_CHECKING are seen too."""
    imports = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    try:
        TopologicalSorter(imports).prepare()
    except CycleError as error:
        imported: list[str] = error.args[1]
        way = " imports ".join(reversed(imported))
        yield f"{way}: a circle. Move what both ends need into a module below them."


def long_modules(source: Path) -> Iterator[str]:
    lengths = {
        file.relative_to(source).as_posix(): len(file.read_text().splitlines())
        for file in sorted(source.rglob("*.py"))
    }
    limited = {name: lines for name, lines in lengths.items() if not name.startswith(UNLIMITED)}
    for name, lines in limited.items():
        if lines > LONGEST_MODULE:
            yield (
                f"src/{name} has {lines} lines, and a module has at most {LONGEST_MODULE}: "
                "it is about more than one thing. Part it."
            )
    if (middle := median(limited.values())) > MEDIAN_MODULE:
        yield f"Half of the modules have more than {middle:g} lines; at most {MEDIAN_MODULE} are wanted."


def long_functions(source: Path) -> Iterator[str]:
    lengths = {
        f"src/{file.relative_to(source)}:{node.lineno} {node.name}": length(node)
        for file in sorted(source.rglob("*.py"))
        if not file.relative_to(source).as_posix().startswith(UNLIMITED)
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    if (middle := median(lengths.values())) > MEDIAN_FUNCTION:
        yield f"Half of the functions have more than {middle:g} lines; at most {MEDIAN_FUNCTION} are wanted."
    if (p90 := quantiles(lengths.values(), n=10, method="inclusive")[-1]) > P90_FUNCTION:
        longest = sorted(lengths, key=lambda name: lengths[name])[-5:]
        yield (
            f"One function in ten has more than {p90:g} lines; at most {P90_FUNCTION} are wanted. "
            f"The longest: {', '.join(f'{name} ({lengths[name]})' for name in reversed(longest))}."
        )


def length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines from `def` to the end, without the docstring: nobody shall save words there."""
    first = function.body[0]
    words = _lines(first) if ast.get_docstring(function) is not None else 0
    return _lines(function) - words


def _lines(node: ast.stmt) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def undeclared(pyproject: Path, imported: set[str]) -> Iterator[str]:
    """What is imported from outside and not declared, and what is declared and not imported."""
    project = tomllib.loads(pyproject.read_text())["project"]
    extras = [line for lines in project.get("optional-dependencies", {}).values() for line in lines]
    required = {_named(line) for line in project["dependencies"]}
    bringing = packages_distributions()
    brought = {name: {_named(one) for one in bringing.get(name, ())} for name in imported}
    for name, packages in sorted(brought.items()):
        if not packages & (required | {_named(line) for line in extras}):
            package = " or ".join(sorted(packages)) or name
            yield (
                f"src imports {name}, but pyproject.toml does not declare {package}. "
                "Add it to [project].dependencies."
            )
    for package in sorted(required - set().union(*brought.values()) - NOT_IMPORTED.keys()):
        yield (
            f"pyproject.toml declares {package}, but src does not import it. "
            "Remove it, or say in NOT_IMPORTED of bench/limits.py why it is needed."
        )


def _named(requirement: str) -> str:
    """The name of a package as registries compare it."""
    return re.sub(r"[-_.]+", "-", re.split(r"[\s\[<>=!~;]", requirement)[0]).lower()


def main() -> None:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--tree", type=Path, default=ROOT, help="a tree of the project; this one")
    found = list(broken(parser.parse_args().tree.resolve()))
    print(*found, sep="\n", end="\n" if found else "")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
