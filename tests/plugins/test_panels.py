# SPDX-License-Identifier: Apache-2.0
"""Panels: declared, listed for the roles they are for, and gone with their plugin, of which every room is told."""

from pathlib import Path
from typing import Any

import pytest

from podium.core import PanelsChanged, Plugin, PluginError
from podium.core.identity import CALLER_ROLES, Caller
from podium.core.operations import Dispatcher, OperationError, Registry
from podium.core.plugins.panels import PanelInfo, PanelList, PanelOffer
from tests.plugins.stand_ins import FakeRooms, running

TOLD = ("tell", "math", PanelsChanged(), None)


def attendance() -> Plugin:
    plugin = Plugin("attendance", version="1.0", static="podium_attendance")
    plugin.panel("sheet", title="Attendance", module="panel.js", roles=("instructor", "assistant"))
    plugin.panel("mine", title="My attendance", module="own/mine.js", eager=True)
    return plugin


async def listed(dispatcher: Dispatcher, role: Any) -> list[str]:
    answer = await dispatcher.call("ListPanels", {"session_id": "math"}, Caller(role=role, session_id="math"))
    assert isinstance(answer, PanelList)
    return [panel.name for panel in answer.panels]


async def test_panels_are_listed_for_their_roles_while_their_plugin_runs(tmp_path: Path) -> None:
    dispatcher, rooms = Dispatcher(Registry()), FakeRooms()
    async with running(tmp_path, attendance(), Plugin("quiet", version="1.0")) as manager:
        manager.watch(PanelOffer(dispatcher.registry, rooms))
        assert await listed(dispatcher, "instructor") == ["sheet", "mine"]
        assert await listed(dispatcher, "student") == ["mine"]
        assert rooms.asked == [TOLD]
        await manager.disable("quiet")
        assert rooms.asked == [TOLD]
        await manager.disable("attendance")
        assert await listed(dispatcher, "instructor") == []
        assert rooms.asked == [TOLD, TOLD]


async def test_a_panel_says_where_its_module_is(tmp_path: Path) -> None:
    offer = PanelOffer(Registry(), FakeRooms())
    async with running(tmp_path, attendance()) as manager:
        manager.watch(offer)
        assert offer.for_role("student") == (
            PanelInfo(
                plugin="attendance",
                name="mine",
                title="My attendance",
                module="/plugins/attendance/static/own/mine.js",
                eager=True,
            ),
        )


@pytest.mark.parametrize("role", CALLER_ROLES)
async def test_only_people_in_a_room_ask_for_panels(role: Any) -> None:
    dispatcher = Dispatcher(Registry())
    PanelOffer(dispatcher.registry, FakeRooms())
    if Caller(role=role).in_room:
        assert await listed(dispatcher, role) == []
        with pytest.raises(OperationError, match="not for callers of another session"):
            await dispatcher.call("ListPanels", {"session_id": "art"}, Caller(role=role, session_id="math"))
    else:
        with pytest.raises(OperationError):
            await listed(dispatcher, role)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"name": "My Sheet"}, "no name of a panel"),
        ({"title": " "}, "1 to 40 printable characters"),
        ({"title": "x" * 41}, "1 to 40 printable characters"),
        ({"module": "../panel.js"}, "a file in static/"),
        ({"module": "https://elsewhere/panel.js"}, "a file in static/"),
        ({"module": "panel.css"}, "a file in static/"),
        ({"roles": ("teacher",)}, "roles are one or more of"),
    ],
)
def test_a_panel_that_could_not_be_shown_is_refused(options: Any, said: str) -> None:
    plugin = Plugin("attendance", version="1.0", static="podium_attendance")
    with pytest.raises(PluginError, match=said):
        plugin.panel(**{"name": "sheet", "title": "Attendance", "module": "panel.js", **options})


def test_a_panel_needs_a_package_and_a_name_of_its_own() -> None:
    with pytest.raises(PluginError, match="name the package that has its module"):
        Plugin("attendance", version="1.0").panel("sheet", title="Attendance", module="panel.js")
    with pytest.raises(PluginError, match="declares panel 'sheet' twice"):
        attendance().panel("sheet", title="Again", module="panel.js")
