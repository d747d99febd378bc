# SPDX-License-Identifier: Apache-2.0
"""`podium serve`: its parts with a stand-in for the host, and the real command in a process of its own."""

import errno
import json
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import trio

from podium.core.config import AuthConfig, Config, enabled_plugins, load_config
from podium.core.errors import PodiumError
from podium.core.identity import JoinTokens
from podium.hosts.cli._serve import DEV_DEFAULTS, Address, announce, report, run_until_signal, with_secret
from podium.hosts.web.server import ServerInfo
from tests.bare import ENABLED_BY_DEV


class TestRunUntilSignal:
    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
    async def test_a_signal_ends_the_host_in_order(self, number: signal.Signals) -> None:
        steps: list[str] = []

        async def host(*, task_status: trio.TaskStatus[ServerInfo]) -> None:
            task_status.started(ServerInfo("http://localhost:1", 1))
            try:
                await trio.sleep_forever()
            finally:
                with trio.CancelScope(shield=True):
                    await trio.lowlevel.checkpoint()
                    steps.append("host ended")

        def ready(info: Address) -> None:
            steps.append(info.url)
            os.kill(os.getpid(), number)

        with trio.fail_after(10):
            await run_until_signal(host, ready)
        assert steps == ["http://localhost:1", "host ended"]

    async def test_a_signal_also_ends_a_host_that_is_still_starting(self) -> None:
        async def host(*, task_status: trio.TaskStatus[ServerInfo]) -> None:
            os.kill(os.getpid(), signal.SIGTERM)
            await trio.sleep_forever()

        with trio.fail_after(10):
            await run_until_signal(host, lambda _info: None)

    async def test_the_error_of_a_host_comes_through(self) -> None:
        async def host(*, task_status: trio.TaskStatus[ServerInfo]) -> None:
            raise PodiumError("broken", "it broke")

        with trio.fail_after(10), pytest.RaisesGroup(PodiumError):
            await run_until_signal(host, lambda _info: None)


class TestReport:
    def test_a_taken_port_is_said_with_the_way_out(self, capsys: pytest.CaptureFixture[str]) -> None:
        error = ExceptionGroup("", [ExceptionGroup("", [OSError(errno.EADDRINUSE, "Address already in use")])])
        assert report(error, Config()) == 1
        err = capsys.readouterr().err
        assert err.startswith("podium: port 8082 is taken by another program")
        assert "PODIUM_WEB__PORT=8083" in err

    def test_an_error_with_a_message_is_said_without_a_traceback(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert report(PodiumError("broken", "it broke"), Config()) == 1
        assert capsys.readouterr().err == "podium: it broke\n"

    def test_anything_else_is_logged_with_its_traceback(
        self, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
    ) -> None:
        assert report(ExceptionGroup("", [KeyError("slot"), PodiumError("broken", "it broke")]), Config()) == 1
        assert capsys.readouterr().err == "podium: it broke\n"
        (record,) = caplog.records
        assert record.exc_info is not None
        assert "slot" in caplog.text


class TestAnnounce:
    def test_in_dev_there_is_a_link_for_each_role_to_one_new_room(self, capsys: pytest.CaptureFixture[str]) -> None:
        announce(ServerInfo("http://localhost:8082", 8082), dev=True)
        announce(ServerInfo("http://localhost:8082", 8082), dev=True)
        links = re.findall(r"http://localhost:8082/room/([\w-]+)\?name=(\w+)", capsys.readouterr().out)
        rooms, names = zip(*links, strict=True)
        assert names == ("Instructor", "Student") * 2
        assert rooms[0] == rooms[1] != rooms[2] == rooms[3]

    def test_the_links_hold_tokens_for_anybody_in_that_role(self, capsys: pytest.CaptureFixture[str]) -> None:
        tokens = JoinTokens("x" * 32)
        announce(ServerInfo("http://localhost:8082", 8082), dev=True, tokens=tokens)
        links = re.findall(r"/room/([\w-]+)\?name=\w+&token=(\S+)", capsys.readouterr().out)
        callers = [tokens.check_untrusted(token) for _room, token in links]
        assert [caller.role for caller in callers if caller] == ["instructor", "student"]
        assert [caller.session_id for caller in callers if caller] == [room for room, _token in links]
        assert [caller.subject for caller in callers if caller] == [None, None]

    def test_otherwise_only_the_address(self, capsys: pytest.CaptureFixture[str]) -> None:
        announce(ServerInfo("http://192.0.2.1:8082", 8082), dev=False)
        assert capsys.readouterr().out == "Podium is ready: http://192.0.2.1:8082\n"


class TestSecret:
    def test_one_is_made_up_and_the_loss_said(self, caplog: pytest.LogCaptureFixture) -> None:
        assert len(with_secret(Config(), dev=True).auth.secret) >= 32
        assert caplog.records == []
        assert with_secret(Config(), dev=False).auth.secret != with_secret(Config(), dev=False).auth.secret
        assert "auth.secret is not set" in caplog.text

    def test_the_configured_one_is_kept(self) -> None:
        config = Config(auth=AuthConfig(secret="x" * 32))
        assert with_secret(config, dev=False) is config


def test_the_defaults_of_dev_are_valid_and_weak() -> None:
    config = load_config(Path("/dev/null"), {"PODIUM_WEB__HOST": "0.0.0.0"}, DEV_DEFAULTS)
    assert config.rooms.ad_hoc
    assert config.web.host == "0.0.0.0"
    assert set(enabled_plugins(config.plugins)) == set(ENABLED_BY_DEV)
    off = load_config(Path("/dev/null"), {"PODIUM_PLUGINS__CHAT__ENABLED": "false"}, DEV_DEFAULTS)
    assert "chat" not in enabled_plugins(off.plugins)


class TestTheCommand:
    @contextmanager
    def started(self, directory: Path, **settings: str) -> Iterator[subprocess.Popen[str]]:
        """A running `podium serve --dev` in an empty directory."""
        environment = {**os.environ, "PODIUM_MEDIA__PORTS": "0", "PODIUM_MEDIA__WORKERS": "1", **settings}
        with subprocess.Popen(
            [sys.executable, "-m", "podium.hosts.cli", "serve", "--dev"],
            cwd=directory,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            try:
                yield process
            finally:
                process.kill()

    def first_link(self, process: subprocess.Popen[str]) -> str:
        assert process.stdout is not None
        for line in process.stdout:
            if match := re.search(r"http://\S+", line):
                return match[0]
        assert process.stderr is not None
        pytest.fail(f"no link, status {process.wait(30)}: {process.stderr.read()}")

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
    def test_it_serves_and_ends_cleanly(self, tmp_path: Path, number: signal.Signals) -> None:
        with self.started(tmp_path, PODIUM_WEB__PORT="0") as process:
            link = self.first_link(process)
            with urllib.request.urlopen(link.split("/room/")[0] + "/health", timeout=30) as response:
                assert json.load(response)["status"] == "ok"
            process.send_signal(number)
            _out, err = process.communicate(timeout=30)
        assert process.returncode == 0
        assert "Traceback" not in err

    def test_a_taken_port_ends_with_status_1_and_the_way_out(self, tmp_path: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            with self.started(tmp_path, PODIUM_WEB__PORT=str(port)) as process:
                _out, err = process.communicate(timeout=30)
        assert process.returncode == 1
        assert f"podium: port {port} is taken by another program; choose another" in err
        assert "Traceback" not in err
