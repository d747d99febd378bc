# SPDX-License-Identifier: Apache-2.0
"""What an author may declare, and what is refused where it is written."""

from typing import Any

import msgspec
import pytest

from podium.core import Caller, Plugin, PluginContext, PluginError, RoomView


class Export(msgspec.Struct, frozen=True, kw_only=True):
    session_id: str


class Exported(msgspec.Struct, frozen=True, kw_only=True):
    rows: int = 0


def test_a_plugin_says_what_it_is_and_needs() -> None:
    plugin = Plugin("attendance", version="1.0", requires=("events",), after=("chat",))
    assert (plugin.name, plugin.version, plugin.api) == ("attendance", "1.0", 1)
    assert (plugin.requires, plugin.after) == (("events",), ("chat",))


@pytest.mark.parametrize("name", ["", "Attendance", "1st", "my-plugin", "a" * 33, "a b"])
def test_a_name_is_short_and_plain(name: str) -> None:
    with pytest.raises(PluginError, match="no name of a plugin"):
        Plugin(name, version="1.0")


def test_a_single_name_is_no_list_of_names() -> None:
    with pytest.raises(PluginError, match="tuple of names"):
        Plugin("attendance", version="1.0", requires="events")


def test_a_hook_is_named_by_its_function_and_may_leave_out_parameters() -> None:
    plugin = Plugin("attendance", version="1.0")

    @plugin.hook
    async def room_opened(room: RoomView) -> None: ...

    @plugin.hook(first=True)
    async def participant_joined(context: PluginContext) -> None: ...

    assert list(plugin.hooks) == ["room_opened", "participant_joined"]


def test_a_misspelled_hook_is_refused_with_the_nearest() -> None:
    plugin = Plugin("attendance", version="1.0")
    with pytest.raises(PluginError, match="no hook 'room_open'; the nearest is 'room_opened'"):

        @plugin.hook
        async def room_open(room: RoomView) -> None: ...


def _unknown_parameter() -> Any:
    async def room_opened(classroom: RoomView) -> None: ...

    return room_opened


def _keyword_only() -> Any:
    async def room_opened(*, room: RoomView) -> None: ...

    return room_opened


def _default() -> Any:
    async def room_opened(room: RoomView | None = None) -> None: ...

    return room_opened


def _anything() -> Any:
    async def room_opened(**values: Any) -> None: ...

    return room_opened


def _synchronous() -> Any:
    def room_opened(room: RoomView) -> None: ...

    return room_opened


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (_unknown_parameter, "no parameter 'classroom'; it has context, room"),
        (_keyword_only, "'room' has to be a plain one"),
        (_default, "'room' cannot have a default"),
        (_anything, "'values' has to be a plain one"),
        (_synchronous, "has to be an `async def` function"),
    ],
)
def test_what_could_never_be_called_rightly_is_refused(make: Any, message: str) -> None:
    with pytest.raises(PluginError, match=message):
        Plugin("attendance", version="1.0").hook(make())


def test_nothing_is_declared_twice() -> None:
    plugin = Plugin("attendance", version="1.0")

    async def room_opened(room: RoomView) -> None: ...

    plugin.hook(room_opened)
    plugin.task(room_opened)
    plugin.on_start(room_opened)
    for declare in (plugin.hook, plugin.task, plugin.on_start):
        with pytest.raises(PluginError, match=r"twice|besides another"):
            declare(room_opened)


def test_an_operation_keeps_what_was_said_of_it() -> None:
    plugin = Plugin("attendance", version="1.0")

    @plugin.operation(roles=("instructor",))
    async def export_attendance(context: PluginContext, caller: Caller, request: Export) -> Exported:
        """Who was here."""
        return Exported()

    assert plugin.operations["ExportAttendance"].roles == {"instructor"}
    assert plugin.operations["ExportAttendance"].request is Export


def test_what_is_awaited_has_to_be_asynchronous() -> None:
    with pytest.raises(PluginError, match="async def"):

        @Plugin("attendance", version="1.0").task
        def prune(context: PluginContext) -> None: ...
