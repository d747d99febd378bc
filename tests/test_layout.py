# SPDX-License-Identifier: Apache-2.0
"""The house rules that no unit sees: which tree may import which, how the trees are named, what is shipped."""

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
TREES = ("core", "plugins", "hosts")
CYTHON_IMPORT = re.compile(r"^\s*(?:from|c?import)\s+(podium[\w.]*)", re.MULTILINE)


def python_imports(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield node.module


def imports(tree: str) -> Iterator[tuple[Path, str]]:
    """Every absolute import of a tree, those inside functions and in Cython included, which import-linter misses."""
    for file in (ROOT / tree).rglob("*"):
        if file.suffix in (".py", ".pyi"):
            yield from ((file, name) for name in python_imports(file))
        elif file.suffix in (".pyx", ".pxd"):
            yield from ((file, name) for name in CYTHON_IMPORT.findall(file.read_text()))


@pytest.mark.parametrize(
    ("tree", "forbidden"),
    [
        ("core", ("podium.plugins", "podium.hosts")),
        ("plugins", ("podium.hosts",)),
        ("hosts", ("podium.plugins",)),
    ],
)
def test_imports_run_one_way(tree: str, forbidden: tuple[str, ...]) -> None:
    prefixes = tuple(f"{name}." for name in forbidden)
    assert [(file, name) for file, name in imports(tree) if f"{name}.".startswith(prefixes)] == []


def test_the_search_for_imports_finds_some() -> None:
    assert any(file.suffix == ".py" for file, _name in imports("hosts"))
    assert any(file.suffix == ".pyx" for file, _name in imports("core"))


def test_nothing_but_a_bots_own_thread_imports_asyncio() -> None:
    asyncio_users = {
        file.parent.name for tree in TREES for file, name in imports(tree) if name.split(".")[0] == "asyncio"
    }
    assert asyncio_users == {"bots"}


@pytest.mark.parametrize("tree", TREES)
def test_a_tree_refuses_its_short_name(tree: str) -> None:
    result = subprocess.run(
        [sys.executable, "-c", f"import {tree}"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert result.returncode == 1
    assert f"import this package as podium.{tree}" in result.stderr


@pytest.mark.parametrize("tree", TREES)
def test_a_tree_is_typed(tree: str) -> None:
    assert (ROOT / tree / "py.typed").is_file()
    assert (ROOT / "typings" / "podium" / tree).resolve() == ROOT / tree


def test_the_installed_version_is_the_one_written_down() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert version("podium") == project["version"]
    assert f"## [{project['version']}]" in (ROOT / "CHANGELOG.md").read_text()


def test_every_source_file_names_its_license() -> None:
    sources = [file for tree in (*TREES, "tests", "bench") for file in (ROOT / tree).rglob("*") if is_source(file)]
    assert sources
    assert [file for file in sources if "SPDX-License-Identifier: Apache-2.0" not in file.read_text()[:200]] == []


def is_source(file: Path) -> bool:
    return file.suffix in {".py", ".pyi", ".pyx", ".pxd", ".js", ".css"} and file.stat().st_size > 0
