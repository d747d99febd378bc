# SPDX-License-Identifier: Apache-2.0
"""What podium.core exports: every name is there, lists agree, and nothing heavy is imported before it is used."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import podium.core


@pytest.mark.parametrize("name", podium.core.__all__)
def test_an_exported_name_exists(name: str) -> None:
    assert getattr(podium.core, name) is not None


def test_type_checkers_see_the_same_names() -> None:
    tree = ast.parse(Path(str(podium.core.__file__)).read_text())
    (block,) = [node for node in tree.body if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"]
    seen = {
        (node.module, alias.name) for node in block.body if isinstance(node, ast.ImportFrom) for alias in node.names
    }
    assert seen == {(module, name) for name, module in podium.core._MODULES.items()}
    assert sorted(name for _, name in seen) == sorted(podium.core.__all__)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Classroom'"):
        _ = podium.core.Classroom  # type: ignore[attr-defined]  # that it is not there is the point


def test_asking_for_errors_and_events_starts_no_media_stack() -> None:
    heavy = "{'numpy', 'OpenSSL', 'trio', 'podium.core._fastpath'}"
    code = f"import sys; from podium.core import PodiumError, Joined, Shown; print({heavy} & set(sys.modules))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "set()"
