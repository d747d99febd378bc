# SPDX-License-Identifier: Apache-2.0
"""Every hook has a page that says what is true, an example that works, a method of the facade and a test."""

import inspect
import re
from pathlib import Path
from typing import Any

import pytest

import podium.core
from podium.core.plugins.facade import Hooks
from podium.core.plugins.hooks import HOOKS
from podium.core.plugins.plugin import Plugin

PAGES = Path(__file__).parents[2] / "docs" / "plugins" / "hooks"
BLOCK = re.compile(r"```python\n(.*?)```", re.DOTALL)


@pytest.mark.parametrize("name", HOOKS)
def test_a_hook_has_a_page_with_its_signature_contract_and_deadline(name: str) -> None:
    page, hook = (PAGES / f"{name}.md").read_text(), HOOKS[name]
    assert page.startswith(f"# {name}\n\n{hook.documentation}\n")
    assert f"```python\n{hook.signature}\n```" in page
    assert f"- Contract: [{hook.contract}](../hooks.md#{hook.contract})\n- Deadline: {hook.deadline:g} s\n" in page


def test_there_is_no_page_of_a_hook_that_is_gone() -> None:
    assert {page.stem for page in PAGES.glob("*.md")} == set(HOOKS)


@pytest.mark.parametrize("name", HOOKS)
def test_the_example_on_a_page_can_be_used_as_it_is(name: str) -> None:
    plugin = Plugin("example", version="1.0")
    names: dict[str, Any] = {each: getattr(podium.core, each) for each in podium.core.__all__}
    example = BLOCK.findall((PAGES / f"{name}.md").read_text())[-1]
    exec(compile(example, f"{name}.md", "exec"), {**names, "plugin": plugin, "Literal": __import__("typing").Literal})
    assert list(plugin.hooks) == [name]


@pytest.mark.parametrize("name", HOOKS)
def test_the_facade_has_a_method_with_the_parameters_of_the_hook(name: str) -> None:
    method = inspect.signature(getattr(Hooks, name))
    declared = inspect.signature(HOOKS[name].function)
    assert [each for each in method.parameters if each != "self"] == list(HOOKS[name].parameters[1:])
    for each in HOOKS[name].parameters[1:]:
        assert method.parameters[each].annotation == declared.parameters[each].annotation


@pytest.mark.parametrize("name", HOOKS)
def test_a_test_implements_the_hook(name: str) -> None:
    tests = "".join(file.read_text() for file in Path(__file__).parent.glob("test_*.py"))
    assert re.search(rf"async def {name}\(", tests)
