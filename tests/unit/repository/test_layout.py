"""The tree shows the architecture: folders that a reader takes in at a glance, on few levels of imports."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.support.paths import ROOT

PRODUCT = ("streams", "producers", "dashboards")
FOLDERS = sorted({path.parent.relative_to(ROOT) for top in PRODUCT for path in (ROOT / top).rglob("*.py")})


def _entries(folder: Path) -> list[str]:
    return [
        path.stem
        for path in (ROOT / folder).iterdir()
        if (path.is_dir() or path.suffix == ".py") and not path.name.startswith("__")
    ]


def _imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{name.name}" for name in node.names)


def _levels(package: str) -> int:
    """Return on how many levels the entries of a package import each other; RecursionError where there is a cycle."""
    folder = ROOT / package.replace(".", "/")
    entries = _entries(folder.relative_to(ROOT))

    @cache
    def level(entry: str) -> int:
        paths = [folder / f"{entry}.py"] if (folder / f"{entry}.py").exists() else (folder / entry).rglob("*.py")
        below = {name.removeprefix(f"{package}.").partition(".")[0] for path in paths for name in _imported(path)}
        return 1 + max((level(other) for other in below & set(entries) - {entry}), default=0)

    return max(map(level, entries))


@pytest.mark.parametrize("folder", FOLDERS, ids=str)
def test_a_folder_of_the_product_has_at_most_a_dozen_entries(folder: Path) -> None:
    assert len(_entries(folder)) <= 12


def test_the_domain_has_at_most_eight_levels_of_imports() -> None:
    assert 2 <= _levels("streams.domain") <= 8


@pytest.mark.parametrize("package", sorted(str(folder).replace("/", ".") for folder in FOLDERS))
def test_a_package_says_what_it_is_where_to_start_and_what_it_imports(package: str) -> None:
    said = (ROOT / package.replace(".", "/") / "__init__.py").read_text(encoding="utf-8")

    lines = (ast.get_docstring(ast.parse(said)) or "").splitlines()

    assert [line.split()[0] for line in lines[2:]] == ["Start", "Imports"]


@pytest.mark.parametrize("package", sorted(str(folder).replace("/", ".") for folder in FOLDERS))
def test_a_package_sends_its_reader_to_what_exists(package: str) -> None:
    folder = ROOT / package.replace(".", "/")
    start = (ast.get_docstring(ast.parse((folder / "__init__.py").read_text(encoding="utf-8"))) or "").splitlines()[2]

    named = re.findall(r"[\w/-]+\.(?:py|md)|\w+/(?!\w)", start)

    assert named
    assert [name for name in named if not (folder / name).exists() and not (ROOT / name).exists()] == []


def _test_imports() -> Iterator[tuple[str, str]]:
    """Yield what the modules of tests import of each other, both from `tests/` on."""
    for path in sorted((ROOT / "tests").rglob("*.py")):
        importer = str(path.relative_to(ROOT / "tests"))
        yield from ((importer, name.removeprefix("tests.")) for name in _imported(path) if name.startswith("tests."))


def test_helpers_of_tests_need_no_folder_but_their_own() -> None:
    outside = [
        pair for pair in _test_imports() if pair[0].startswith("support/") and not pair[1].startswith("support.")
    ]

    assert outside == []


def test_no_test_imports_a_module_of_tests() -> None:
    imported = [pair for pair in _test_imports() if re.search(r"\.(test_\w+|conftest)\.", f".{pair[1]}.")]

    assert imported == []
