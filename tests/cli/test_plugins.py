# SPDX-License-Identifier: Apache-2.0
"""`podium plugins` and `podium config check` over plugins that are installed, or should be."""

import argparse
import json
from pathlib import Path

import pytest

from podium.core import CommandContext, Event, Plugin, PluginContext, RoomView, WebRequest, WebResponse
from podium.core.plugins import discovery
from podium.hosts.cli import main
from tests.plugins.stand_ins import Point


@pytest.fixture(autouse=True)
def _installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PODIUM_CONFIG", raising=False)
    attendance = Plugin("attendance", version="1.2", static="podium_attendance")
    attendance.panel("sheet", title="Sheet", module="sheet.js")

    @attendance.hook
    async def room_opened(room: RoomView) -> None: ...

    @attendance.event
    class Counted(Event, frozen=True, kw_only=True):
        """People were counted."""

    @attendance.route("GET", "/sheet")
    async def sheet(context: PluginContext, request: WebRequest) -> WebResponse:
        return WebResponse()

    @attendance.command
    async def export(context: CommandContext, arguments: argparse.Namespace) -> None: ...

    points = [Point.to("attendance", attendance), Point.to("broken", ImportError("no module named 'nothing'"))]
    monkeypatch.setattr(discovery, "entry_points", lambda group: points if group == "podium.plugins" else [])


def test_the_list_shows_what_is_enabled(capsys: pytest.CaptureFixture[str]) -> None:
    Path("podium.toml").write_text("[plugins.attendance]\n")
    assert main(["plugins"]) == 0
    captured = capsys.readouterr()
    assert [line.split() for line in captured.out.splitlines()] == [
        ["PLUGIN", "VERSION", "STATE", "HOOKS", "OPERATIONS", "TABLES"],
        ["attendance", "1.2", "ready", "room_opened", "-", "-"],
        ["broken", "unknown", "disabled", "-", "-", "-"],
    ]
    assert captured.err == ""


def test_what_keeps_a_plugin_from_running_is_said_and_shows_in_the_status(capsys: pytest.CaptureFixture[str]) -> None:
    Path("podium.toml").write_text("[plugins.broken]\n[plugins.attendence]\n")
    assert main(["plugins"]) == 1
    assert capsys.readouterr().err == (
        "podium: plugin attendence: plugins.attendence: no plugin of this name is installed; "
        "did you mean 'attendance'?\n"
        "podium: plugin broken: broken_plugin:plugin cannot be imported: ImportError: no module named 'nothing'\n"
    )


def test_the_json_has_everything(capsys: pytest.CaptureFixture[str]) -> None:
    Path("podium.toml").write_text("[plugins.attendance]\n")
    assert main(["plugins", "--json"]) == 0
    attendance, broken = json.loads(capsys.readouterr().out)["plugins"]
    assert (attendance["state"], broken["state"]) == ("ready", "disabled")
    assert attendance["hooks"][0]["contract"] == "notify"
    assert attendance["hooks"][0]["statistics"]["calls"] == 0
    assert (attendance["events"], attendance["panels"], attendance["commands"]) == (["Counted"], ["sheet"], ["export"])
    assert [route["name"] for route in attendance["routes"]] == ["GET /sheet"]


def test_a_wrong_configuration_is_complained_about(capsys: pytest.CaptureFixture[str]) -> None:
    Path("podium.toml").write_text("[web]\nprot = 1\n")
    assert main(["plugins"]) == 2
    assert "web.prot" in capsys.readouterr().err


def test_the_check_of_the_configuration_covers_plugins(capsys: pytest.CaptureFixture[str]) -> None:
    Path("podium.toml").write_text("[plugins.attendance]\nlimit = 1\n")
    assert main(["config", "check"]) == 2
    assert capsys.readouterr().err == (
        "podium: plugin attendance: podium.toml:2: plugins.attendance.limit: there is no such key; "
        "the nearest is plugins.attendance\n"
    )
