# SPDX-License-Identifier: Apache-2.0
"""Every built-in plugin can be switched off and on while the host runs, and leaves nothing behind."""

import ast
from collections.abc import Mapping
from typing import Any, NamedTuple

import pytest
from trio.testing import wait_all_tasks_blocked

import podium.core
from podium.core import ROLES
from podium.core.plugins.discovery import Installed
from tests.builtin.conftest import StartHost
from tests.builtin.host import BuiltinHost, tasks_of
from tests.builtin.shipped import ROOT, shipped


class Traces(NamedTuple):
    """What a plugin has in a running host."""

    tasks: list[str]
    operations: set[str]
    routes: set[str]
    hooks: set[str]
    metrics: set[str]
    panels: set[str]
    events: set[str]
    serves: bool
    running: bool


NOTHING = Traces([], set(), set(), set(), set(), set(), set(), False, False)


async def traces(host: BuiltinHost, name: str) -> Traces:
    await wait_all_tasks_blocked()  # tasks of a plugin begin a moment after it has started
    offered = [each.operation for each in host.services.registry if each.owner == name]
    page, _ = host.plugins.metrics.page()
    metrics = {line.split()[2] for line in page.decode().splitlines() if line.startswith("# TYPE ")}
    return Traces(
        tasks=tasks_of(name),
        operations={operation.name for operation in offered},
        routes={f"{operation.route.method} {operation.route.path}" for operation in offered},
        hooks={hook for hook, plugins in host.plugins.order().items() if name in plugins},
        metrics={metric for metric in metrics if metric.startswith(f"podium_{name}_")},
        panels={panel.name for role in ROLES for panel in host.panels.for_role(role) if panel.plugin == name},
        events={event.kind.__name__ for owner, event in host.pages.events if owner == name},
        serves=name in host.pages._served,
        running=name in host.plugins.running(),
    )


def dependents(name: str, found: Mapping[str, Installed]) -> list[str]:
    """The plugins that cannot run without this one, those first that nobody else of them requires."""
    direct = [each for each, installed in found.items() if name in installed.load().requires]
    return [deeper for each in direct for deeper in (*dependents(each, found), each)]


@pytest.mark.parametrize("name", shipped())
async def test_a_plugin_that_is_disabled_leaves_nothing_behind_and_comes_back_whole(
    name: str, builtins: Mapping[str, Installed], start_host: StartHost
) -> None:
    if name not in builtins:
        pytest.skip(f"{name} is off in this run")
    async with start_host() as host:
        whole = await traces(host, name)
        assert whole.running
        assert whole.hooks or whole.operations or whole.tasks
        others = list(dict.fromkeys(dependents(name, builtins)))
        for _ in range(2):
            for each in (*others, name):
                await host.plugins.disable(each)
            assert await traces(host, name) == NOTHING
            for each in (name, *reversed(others)):
                await host.plugins.enable(each)
            assert await traces(host, name) == whole


@pytest.mark.parametrize("name", shipped())
def test_a_built_in_plugin_uses_nothing_that_strangers_cannot(name: str) -> None:
    package = ".".join(shipped()[name].entry_point.module.split(".")[:3])  # its plugin may be in a module of it
    folder = ROOT.joinpath(*package.split(".")[1:])
    imports = [each for file in folder.rglob("*.py") for each in podium_imports(ast.parse(file.read_text()))]
    assert imports
    foreign = {(module, names) for module, names in imports if not f"{module}.".startswith(f"{package}.")}
    assert {module for module, _ in foreign} <= {"podium.core"}
    assert {each for _, names in foreign for each in names} <= set(podium.core.__all__)


def podium_imports(tree: ast.AST) -> list[tuple[str, tuple[str, ...]]]:
    """Modules of Podium and the names taken from them."""
    found: list[tuple[str, tuple[str, ...]]] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "podium":
            found.append((node.module or "", tuple(alias.name for alias in node.names)))
        elif isinstance(node, ast.Import):
            found += [(alias.name, ()) for alias in node.names if alias.name.split(".")[0] == "podium"]
    return found


async def test_a_class_goes_on_while_all_plugins_are_switched_off_and_on(
    host: BuiltinHost, builtins: Mapping[str, Any]
) -> None:
    ann = await host.rooms.join("algebra", "ann", "Ann", "instructor")
    names = list(host.plugins.running())
    for name in reversed(names):
        await host.plugins.disable(name)
    await host.rooms.join("algebra", "ben", "Ben")
    for name in names:
        await host.plugins.enable(name)
    assert set(names) == set(builtins)
    assert ann.left_reason is None
    assert len(host.rooms.participants("algebra")) == 2
