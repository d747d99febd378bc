# SPDX-License-Identifier: Apache-2.0
"""`podium plugins` and `podium config check` over plugins that are installed, or should be, with and without a host."""

import argparse
import json
import os
import socket
import stat
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from podium.core import CommandContext, Event, Plugin, PluginContext, RoomView, WebRequest, WebResponse
from podium.core.plugins import discovery
from podium.hosts.cli import main
from podium.hosts.web.control import Control, control_file, read_control
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
        ["attendance", "1.2", "ready", "1", "-", "-"],
        ["broken", "unknown", "disabled", "-", "-", "-"],
    ]
    assert captured.err == "podium: no host runs here; this is what would run\n"


def test_what_keeps_a_plugin_from_running_is_said_and_shows_in_the_status(capsys: pytest.CaptureFixture[str]) -> None:
    Path("podium.toml").write_text("[plugins.broken]\n[plugins.attendence]\n")
    assert main(["plugins"]) == 1
    assert capsys.readouterr().err == (
        "podium: no host runs here; this is what would run\n"
        "podium: plugin attendence: plugins.attendence: no plugin of this name is installed; "
        "did you mean 'attendance'?\n"
        "podium: plugin broken: broken_plugin:plugin cannot be imported: ImportError: no module named 'nothing'\n"
    )


def test_one_plugin_is_shown_with_everything(capsys: pytest.CaptureFixture[str]) -> None:
    Path("podium.toml").write_text("[plugins.attendance]\n")
    assert main(["plugins", "attendance"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "attendance 1.2: ready, from unknown",
        "  hooks       room_opened (notify)",
        "  events      Counted",
        "  routes      GET /sheet",
        "  panels      sheet",
        "  commands    podium attendance export",
    ]
    assert main(["plugins", "atendance"]) == 1
    assert "there is no plugin 'atendance'; installed or enabled are attendance, broken" in capsys.readouterr().err


def test_the_json_has_everything(capsys: pytest.CaptureFixture[str]) -> None:
    Path("podium.toml").write_text("[plugins.attendance]\n")
    assert main(["plugins", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    attendance, broken = document["plugins"]
    assert document["host"] is None
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
        "plugins.attendance has none\n"
    )


@contextmanager
def hosting(directory: Path) -> Iterator[Control]:
    """A `podium serve` of its own that has a plugin which fails in its hook and in its task."""
    site = directory / "site"
    site.mkdir()
    (site / "clumsy.py").write_text(CLUMSY)
    metadata = site / "clumsy-1.5.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: clumsy\nVersion: 1.5\n")
    (metadata / "entry_points.txt").write_text("[podium.plugins]\nclumsy = clumsy:plugin\n")
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(site), *filter(None, [os.environ.get("PYTHONPATH")])]),
        "PODIUM_WEB__PORT": "0",
        "PODIUM_WEB__HOST": "127.0.0.1",
        "PODIUM_MEDIA__PORTS": "0",
        "PODIUM_MEDIA__WORKERS": "1",
    }
    with subprocess.Popen(
        [sys.executable, "-m", "podium.hosts.cli", "serve"],
        cwd=directory,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline().startswith("Podium is ready")
            control = read_control("var/host.json")
            assert control is not None
            yield control
            process.terminate()
            assert process.wait(30) == 0
        finally:
            process.kill()


CLUMSY = """
import trio
from podium.core import Health, Plugin

plugin = Plugin("clumsy", version="1.5")

@plugin.hook
async def health_check():
    raise ValueError("no idea how I am")

@plugin.on_start
async def begin(context):
    context.metrics.gauge("clumsy_things", "Things.").set(3)
"""


def test_a_running_host_is_asked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("podium.toml").write_text("[plugins.clumsy]\n[plugins.missing]\n")
    with hosting(tmp_path) as control:
        file = Path("var/host.json")
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        with urllib.request.urlopen(f"{control.url}/health", timeout=30) as response:
            assert json.load(response)["plugins"] == {"clumsy": "failing", "missing": "failing"}
        assert main(["plugins", "--hooks"]) == 1  # a plugin is missing
        captured = capsys.readouterr()
        lines = [line.split() for line in captured.out.splitlines()]
        assert lines[0] == [
            "PLUGIN",
            "VERSION",
            "STATE",
            "CALLS",
            "ERRORS",
            "TIMEOUTS",
            "STALLS",
            "CRASHES",
            "REVISION",
        ]
        assert lines[1] == ["clumsy", "1.5", "running", "1", "1", "0", "0", "0", "-"]
        hooks = lines[
            lines.index(["HOOK", "PLUGIN", "CALLS", "ERRORS", "TIMEOUTS", "REFUSALS", "DROPPED", "MS/CALL"]) :
        ]
        assert hooks[1][:7] == ["health_check", "clumsy", "1", "1", "0", "0", "0"]
        assert "clumsy, health_check: ValueError: no idea how I am" in captured.out
        assert "missing: plugins.missing: no plugin of this name is installed" in captured.out
        assert captured.err == ""

        assert main(["plugins", "--json"]) == 1
        document = json.loads(capsys.readouterr().out)
        assert document["host"] == {"url": control.url, "pid": control.pid, "metrics_url": control.metrics_url}
        assert document["hooks"] == {"health_check": ["clumsy"]}
        assert control.key not in json.dumps(document)
    assert not file.exists()


def test_a_host_is_asked_by_its_address(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("podium.toml").write_text("[plugins.clumsy]\n")
    with hosting(tmp_path) as control:
        monkeypatch.setenv("PODIUM_KEY", control.key)
        assert main(["plugins", "--host", control.url]) == 0
        lines = [line.split() for line in capsys.readouterr().out.splitlines()]
        assert ["clumsy", "1.5", "running"] in [line[:3] for line in lines]
        monkeypatch.setenv("PODIUM_KEY", "podium_wrong")
        assert main(["plugins", "--host", control.url]) == 1
        assert "does not take this key" in capsys.readouterr().err


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "ftp://x", "nonsense"])
def test_an_address_where_no_host_answers_is_an_error(
    url: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PODIUM_KEY", "podium_x")
    assert main(["plugins", "--host", url]) == 1
    assert capsys.readouterr().err.startswith("podium: ")


def test_asking_by_address_needs_a_key(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PODIUM_KEY", raising=False)
    assert main(["plugins", "--host", "http://127.0.0.1:1"]) == 1
    assert "PODIUM_KEY" in capsys.readouterr().err


@pytest.mark.parametrize("content", ["", "{", "[]", '{"url": "http://127.0.0.1:1", "pid": 1, "key": "podium_x"}'])
def test_a_stale_file_is_no_error(content: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("var").mkdir()
    Path("var/host.json").write_text(content)
    assert main(["plugins"]) == 0
    assert capsys.readouterr().err == "podium: no host runs here; this is what would run\n"


def test_a_program_that_answers_a_byte_at_a_time_is_given_up(capsys: pytest.CaptureFixture[str]) -> None:
    done = threading.Event()

    def drip(listener: socket.socket) -> None:
        peer, _ = listener.accept()
        with peer:
            peer.sendall(b"HTTP/1.1 200 OK\r\nX: ")
            while not done.wait(0.2):
                peer.sendall(b"x")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=drip, args=(listener,))
        thread.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        try:
            with control_file("var/host.json", Control(url=url, pid=1, key="podium_x")):
                assert main(["plugins"]) == 0
        finally:
            done.set()
            thread.join()
    assert "no host runs here" in capsys.readouterr().err
