# SPDX-License-Identifier: Apache-2.0
"""A class in three real browsers goes on undisturbed while plugins do everything wrong, and each of them is named."""

import json
import os
import socket
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing
from http.client import HTTPConnection
from importlib.util import find_spec
from itertools import permutations
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from podium.core.identity import new_key
from tests.browser.misbehaving import install

pytestmark = pytest.mark.browser

KEY = new_key("operations", "administrator")
BROKEN = """
[plugins.unimportable]

[plugins.outdated]

[plugins.misconfigured]
limt = 1
"""
WATCH = "podium.addEventListener('state', () => { globalThis.stateChanges = (globalThis.stateChanges ?? 0) + 1; })"
UNDISTURBED = "podium.state === 'connected' && offersMade === 1 && globalThis.stateChanges === undefined"
SILENT = "(tile) => document.querySelector(tile).classList.contains('silent')"
ANSWER_WITHIN = 30.0
WATCHED = pytest.mark.skipif(
    find_spec("podium.hosts.web.metrics") is None, reason="this Podium has neither watchdog nor metrics"
)


class Class(NamedTuple):
    """Three people who see each other, and the host as an administrator finds it."""

    host: Any
    room: Any
    tabs: list[Any]
    log: Path
    metrics_port: int

    def goes_on(self) -> None:
        """New frames arrive from everybody at everybody, over the connections of the beginning."""
        for tab, other in permutations(self.tabs, 2):
            tab.wait_for_picture(other.own_id)
        for tab in self.tabs:
            assert tab.evaluate(UNDISTURBED), tab.problems

    def mutes(self, tab: Any) -> None:
        """Switch a microphone, and wait until both others have been told."""
        tile = f".tile[data-participant='{tab.own_id}']"
        others = [other for other in self.tabs if other is not tab]
        was = others[0].evaluate(SILENT, tile)
        tab.click("#microphone")
        for other in others:
            other.wait_for(f"(tile) => ({SILENT})(tile) !== {json.dumps(was)}", tile)

    def ask(self, route: str) -> Any:
        method, _, path = route.partition(" ")
        with closing(HTTPConnection("localhost", self.host.port, timeout=ANSWER_WITHIN)) as connection:
            connection.request(method, path, headers={"Authorization": f"Bearer {KEY.key}"})
            return json.loads(connection.getresponse().read())

    def metrics(self) -> str:
        with urllib.request.urlopen(f"http://localhost:{self.metrics_port}/metrics", timeout=ANSWER_WITHIN) as page:
            text: bytes = page.read()
        return text.decode()

    def plugin(self, name: str) -> Any:
        """What an administrator is told of a plugin."""
        (report,) = [each for each in self.ask("GET /api/plugins")["plugins"] if each["name"] == name]
        return report

    def until(self, name: str, condition: Callable[[Any], bool]) -> Any:
        """The report of a plugin, as soon as it is so."""
        deadline = time.monotonic() + ANSWER_WITHIN
        while not condition(report := self.plugin(name)):
            assert time.monotonic() < deadline, report
            self.goes_on()
        return report

    def complaints(self, name: str) -> list[str]:
        """What the host's log says of a plugin above the level of a notice."""
        entries = [json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{")]
        return [each["event"] for each in entries if each.get("plugin") == name and each["level"] != "info"]


def free_port() -> int:
    """A port that nobody has at this moment."""
    with closing(socket.create_server(("localhost", 0))) as listener:
        port: int = listener.getsockname()[1]
    return port


@pytest.fixture(scope="module")
def lesson(tmp_path_factory: pytest.TempPathFactory, start_host: Any, open_room: Any) -> Iterator[Class]:
    """Plugins that cannot run are enabled from the beginning, the others by the tests while the class goes on."""
    site, home = tmp_path_factory.mktemp("site"), tmp_path_factory.mktemp("home")
    install(site)
    (home / "podium.toml").write_text(BROKEN)
    metrics_port = free_port()
    settings = {
        "PYTHONPATH": os.pathsep.join(filter(None, (str(site), os.environ.get("PYTHONPATH")))),
        "PODIUM_AUTH__API_KEYS": KEY.entry,
        "PODIUM_LOG__FORMAT": "json",
        "PODIUM_METRICS__PORT": str(metrics_port),
    }
    log = home / "host.log"
    with start_host(home, log=log, **settings) as host:
        room = open_room(host)
        tabs = [room.join(name) for name in ("Ada", "Ben", "Cleo")]
        try:
            for tab in tabs:
                tab.evaluate(WATCH)
            yield Class(host, room, tabs, log, metrics_port)
        finally:
            room.close()


def test_plugins_that_cannot_run_keep_nobody_from_meeting(lesson: Class) -> None:
    lesson.goes_on()
    faults = {name: lesson.plugin(name) for name in ("unimportable", "outdated", "misconfigured")}
    assert {report["state"] for report in faults.values()} == {"failed"}
    assert "No module named 'a_library_that_nobody_has'" in faults["unimportable"]["last_error"]
    assert "API version 0" in faults["outdated"]["last_error"]
    assert "plugins.misconfigured.limt" in faults["misconfigured"]["last_error"]
    for name in faults:
        assert lesson.complaints(name) == ["plugin cannot run"]


def test_a_plugin_that_raises_in_every_hook_is_counted_and_disturbs_nobody(lesson: Class) -> None:
    lesson.ask("POST /api/plugins/raising/enable")
    lesson.mutes(lesson.tabs[0])
    lesson.goes_on()
    report = lesson.until("raising", lambda report: hook(report, "track_muted")["errors"] > 0)
    assert hook(report, "track_muted")["last_error"] == "RuntimeError: track_muted always fails"
    assert "hook failed" in lesson.complaints("raising")


def test_a_plugin_that_blocks_for_ever_is_timed_out_and_disturbs_nobody(lesson: Class) -> None:
    lesson.ask("POST /api/plugins/blocking/enable")
    for tab in lesson.tabs:
        lesson.mutes(tab)
    report = lesson.until("blocking", lambda report: hook(report, "track_muted")["timeouts"] > 0)
    assert "did not answer within" in hook(report, "track_muted")["last_error"]
    assert "hook failed" in lesson.complaints("blocking")
    lesson.goes_on()


def test_a_plugin_whose_task_crashes_again_and_again_fails_alone(lesson: Class) -> None:
    lesson.ask("POST /api/plugins/crashing/enable")
    report = lesson.until("crashing", lambda report: report["state"] == "failed")
    assert report["crashes"] == 3
    assert "RuntimeError: out of luck" in report["last_error"]
    assert lesson.complaints("crashing") == ["plugin crashed", "plugin crashed", "plugin failed"]
    lesson.goes_on()


def test_a_doorkeeper_that_fails_refuses_the_fourth_and_the_three_go_on(lesson: Class) -> None:
    lesson.ask("POST /api/plugins/guarding/enable")
    dora = lesson.room.open("Dora")
    dora.wait_for("globalThis.podium !== undefined && document.getElementById('session-name').textContent !== ''")
    dora.evaluate("podium.addEventListener('left', ({ detail }) => { globalThis.refusal = detail.reason; })")
    dora.click("#join")
    dora.wait_for("globalThis.refusal === 'undecided'")
    assert dora.text("#join-error") != ""
    assert lesson.plugin("guarding")["hooks"][0]["statistics"]["errors"] == 1
    assert lesson.complaints("guarding") == ["hook failed and so refuses"]
    lesson.goes_on()
    lesson.ask("POST /api/plugins/guarding/disable")
    dora.close()


@WATCHED
def test_a_plugin_that_spins_is_interrupted_and_after_three_times_failed(lesson: Class) -> None:
    lesson.ask("POST /api/plugins/spinning/enable")
    for tab in lesson.tabs:
        tab.click("#microphone")
        lesson.goes_on()
    report = lesson.until("spinning", lambda report: report["state"] == "failed")
    assert report["stalls"] == 3
    assert lesson.complaints("spinning").count("plugin holds up the host") == 3
    lesson.mutes(lesson.tabs[0])
    lesson.goes_on()


@WATCHED
def test_each_is_named_in_the_metrics(lesson: Class) -> None:
    """Those of the tests above; run the whole file."""
    page = lesson.metrics()
    for name in ("unimportable", "outdated", "misconfigured", "crashing", "spinning"):
        assert f'podium_plugin_state{{plugin="{name}",state="failed"}} 1.0' in page
    assert counted(page, "podium_hook_errors_total", "raising", "track_muted") > 0
    assert counted(page, "podium_hook_timeouts_total", "blocking", "track_muted") > 0
    assert 'podium_plugin_crashes_total{plugin="crashing"} 3.0' in page
    assert 'podium_plugin_stalls_total{plugin="spinning"} 3.0' in page


def counted(page: str, name: str, plugin: str, hook: str) -> float:
    (line,) = [line for line in page.splitlines() if line.startswith(f'{name}{{hook="{hook}",plugin="{plugin}"}}')]
    return float(line.split()[-1])


def hook(report: Any, name: str) -> Any:
    (found,) = [each["statistics"] for each in report["hooks"] if each["name"] == name]
    return found
