# SPDX-License-Identifier: Apache-2.0
"""A host in a thread: where its data are, how it fails, what stays over a restart."""

import threading
from pathlib import Path

import pytest
import trio

from podium.core import Config
from podium.hosts.testing import CallError, Host, HostError, _host, open_host
from podium.hosts.web.server import ServerInfo
from tests.testing.stand_ins import install, lame, polite


def test_a_host_needs_no_configuration_and_leaves_no_thread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch)
    with open_host("", tmp_path / "new") as host:
        assert host.client("anonymous").get("/health").json()["status"] == "ok"
        assert host.plugins() == {}
    assert [thread.name for thread in threading.enumerate() if thread.name == "podium host"] == []


def test_the_environment_and_the_working_directory_are_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(monkeypatch)
    monkeypatch.setenv("PODIUM_WEB__PORT", "none")
    monkeypatch.chdir(tmp_path)
    Path("podium.toml").write_text("[nonsense]\n")
    with open_host("", tmp_path / "podium") as host:
        assert host.config.database.url == f"sqlite:///{tmp_path}/podium/podium.db"


def test_nothing_is_written_outside_of_its_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, polite())
    monkeypatch.chdir(tmp_path)
    with open_host("[plugins.polite]\n", tmp_path / "podium"):
        assert [file.name for file in tmp_path.iterdir()] == ["podium"]


def test_what_the_text_says_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch)
    entry = "own:service:" + "0" * 64
    with open_host(f'[rooms]\nmax_participants = 1\n[auth]\napi_keys = ["{entry}"]\n', tmp_path) as host:
        assert entry in host.config.auth.api_keys
        room = host.room()
        room.join("Ada")
        with pytest.raises(CallError) as refused:
            room.join("Ben")
        assert refused.value.code == "room_full"


def test_a_wrong_configuration_is_said(tmp_path: Path) -> None:
    with pytest.raises(HostError, match=r"web\.prot"), open_host("[web]\nprot = 1\n", tmp_path):
        pass


def test_a_taken_port_is_said(tmp_path: Path, host: Host) -> None:
    port = int(host.url.rpartition(":")[2])
    with pytest.raises(HostError, match="cannot start") as failed, open_host(f"[web]\nport = {port}\n", tmp_path):
        pass
    assert "in use" in repr(failed.value.__cause__)


def test_a_host_that_ends_by_itself_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    crash = threading.Event()

    async def serve(_config: Config, *, task_status: trio.TaskStatus[ServerInfo]) -> None:
        task_status.started(ServerInfo("http://localhost:1", 1))
        await trio.to_thread.run_sync(crash.wait)
        raise RuntimeError("gone")

    monkeypatch.setattr(_host, "serve", serve)
    with pytest.raises(HostError, match="the host ended by itself"), open_host("", tmp_path, allow_failed=True):
        crash.set()


def test_a_plugin_that_cannot_run_is_an_error_with_the_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, lame())
    with pytest.raises(HostError) as failed, open_host("[plugins.lame]\n", tmp_path):
        pass
    assert "lame: cannot start: RuntimeError: no legs" in str(failed.value)
    assert "plugin cannot start" in str(failed.value)


def test_a_plugin_that_cannot_run_may_be_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, lame())
    with open_host("[plugins.lame]\n", tmp_path, allow_failed=True) as host:
        assert host.plugins()["lame"].state == "failed"
        assert host.plugins()["lame"].last_error == "cannot start: RuntimeError: no legs"


def test_plugins_are_switched(host: Host) -> None:
    host.disable("polite")
    assert host.plugins()["polite"].state == "disabled"
    with pytest.raises(CallError) as refused:
        host.client("service").call("Echo", session_id="algebra", words=["a"])
    assert refused.value.code == "operation_unknown"
    host.enable("polite")
    assert host.plugins()["polite"].state == "running"


def test_tokens_outlive_a_restart_and_sockets_do_not(host: Host) -> None:
    student = host.client("student", "algebra")
    ada = host.room("algebra").join("Ada")
    host.restart()
    assert student.call("WhoAmI")["session_id"] == "algebra"
    with pytest.raises(AssertionError, match="1012"):
        ada.wait_for("Left")


def test_whoever_is_there_leaves_at_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, polite())
    with open_host("[plugins.polite]\n", tmp_path) as host:
        ada = host.room().join("Ada")
    assert ada.wait_for("Left")["reason"] == "left"


def test_a_role_that_is_none_is_refused(host: Host) -> None:
    with pytest.raises(ValueError, match="there are anonymous, administrator, service, instructor"):
        host.client("teacher", "algebra")
    with pytest.raises(ValueError, match="need a session_id"):
        host.client("student")
