"""What breaks a limit of the code is named, with what to do about it."""

import subprocess
import sys
from pathlib import Path

import pytest

DECLARED = '[project]\ndependencies = ["httpx>=0.28,<1", "uvloop"]\n'


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A tree that breaks no limit: a folder with two modules, of which one imports the other."""
    (tmp_path / "pyproject.toml").write_text(DECLARED)
    folder = tmp_path / "src/shop"
    folder.mkdir(parents=True)
    (folder / "__init__.py").touch()
    (folder / "prices.py").write_text("import httpx\n\n\ndef price() -> type:\n    return httpx.Client\n")
    (folder / "carts.py").write_text(
        "from shop.prices import price\n\n\ndef cart() -> type:\n    return price()\n"
    )
    return tmp_path


def append(file: Path, text: str) -> None:
    file.write_text(file.read_text() + text)


def broken(tree: Path) -> list[str]:
    """What the command prints; it fails if it prints anything."""
    run = subprocess.run(
        [sys.executable, "-m", "bench.limits", "--tree", str(tree)], stdout=subprocess.PIPE, text=True
    )
    assert run.returncode == bool(run.stdout)
    return run.stdout.splitlines()


def test_a_tree_within_its_limits_passes(tree: Path) -> None:
    assert broken(tree) == []


@pytest.mark.parametrize(
    "circle",
    [
        "def late() -> None:\n    import shop.carts\n",
        "from typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n    from shop.carts import cart\n",
    ],
)
def test_a_circle_is_found_where_nothing_is_imported_at_the_start(tree: Path, circle: str) -> None:
    append(tree / "src/shop/prices.py", circle)

    (line,) = broken(tree)

    assert line.startswith(
        ("shop.carts imports shop.prices imports", "shop.prices imports shop.carts imports")
    )
    assert line.endswith("a circle. Move what both ends need into a module below them.")


def test_a_circle_through_a_folders_own_module_is_found(tree: Path) -> None:
    (tree / "src/shop/__init__.py").write_text("from shop.carts import cart\n\nCART = cart\n")
    append(tree / "src/shop/prices.py", "import shop\n")

    (line,) = broken(tree)

    assert line.count(" imports ") == 3


def test_a_module_has_at_most_300_lines(tree: Path) -> None:
    (tree / "src/shop/stock.py").write_text("A = 1\n" * 301)
    (tree / "src/shop/full.py").write_text("A = 1\n" * 300)

    assert broken(tree) == [
        "src/shop/stock.py has 301 lines, and a module has at most 300: it is about more than one thing. "
        "Part it."
    ]


def test_settings_and_migrations_may_grow(tree: Path) -> None:
    versions = tree / "src/server/migrations/versions"
    versions.mkdir(parents=True)
    (tree / "src/server/__init__.py").touch()
    (tree / "src/server/settings.py").write_text("A = 1\n" * 301)
    (versions / "0001_tables.py").write_text("A = 1\n" * 301)

    assert broken(tree) == []


def test_half_of_the_modules_have_at_most_100_lines(tree: Path) -> None:
    for name in ("stock", "orders", "people", "places"):
        (tree / f"src/shop/{name}.py").write_text("A = 1\n" * 101)

    assert broken(tree) == ["Half of the modules have more than 101 lines; at most 100 are wanted."]


def test_functions_are_short_without_their_docstrings(tree: Path) -> None:
    words = '    """Some\n\n    words."""\n'
    long, longer = (
        f"def {name}() -> None:\n" + words + "    print()\n" * lines for name, lines in (("a", 5), ("b", 15))
    )
    (tree / "src/shop/stock.py").write_text(long + longer + longer)

    assert broken(tree) == [
        "Half of the functions have more than 6 lines; at most 5 are wanted.",
        "One function in ten has more than 16 lines; at most 15 are wanted. The longest: "
        "src/shop/stock.py:29 b (16), src/shop/stock.py:10 b (16), src/shop/stock.py:1 a (6), "
        "src/shop/prices.py:4 price (2), src/shop/carts.py:4 cart (2).",
    ]


def test_what_is_imported_is_declared_and_what_is_declared_is_imported(tree: Path) -> None:
    (tree / "pyproject.toml").write_text(DECLARED.replace("httpx>=0.28,<1", "PyJWT[crypto] >=2"))

    assert broken(tree) == [
        "src imports httpx, but pyproject.toml does not declare httpx. Add it to [project].dependencies.",
        "pyproject.toml declares pyjwt, but src does not import it. "
        "Remove it, or say in NOT_IMPORTED of bench/limits.py why it is needed.",
    ]


def test_what_only_an_extra_brings_may_be_imported(tree: Path) -> None:
    extra = '[project.optional-dependencies]\nweb = ["httpx"]\n'
    (tree / "pyproject.toml").write_text(f'[project]\ndependencies = ["uvloop"]\n{extra}')

    assert broken(tree) == []
