# SPDX-License-Identifier: Apache-2.0
"""Panels of a plugin that is really installed: shown, used, gone with their plugin, and harmless when broken."""

import json
import os
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from podium.core import new_key

pytestmark = pytest.mark.browser

ADMINISTRATOR = new_key("operations", "administrator")

PLUGIN = '''
import msgspec

from podium.core import Caller, Event, Plugin, PluginContext

plugin = Plugin("applause", version="1.0", static="applause_plugin")
plugin.panel("count", title="Applause", module="count.js")
plugin.panel("broken", title="Broken", module="broken.js")
plugin.panel("staff", title="Staff only", module="count.js", roles=("instructor",))

helping = Plugin("helping", version="1.0", static="applause_plugin")
helping.panel("hands", title="Hands", module="hands.js", eager=True)
helping.panel("silent", title="Without a tab", module="silent.js", eager=True)


@plugin.event(roles=("instructor",))
class Applauded(Event, frozen=True, kw_only=True):
    """Somebody applauds."""

    times: int


class Applaud(msgspec.Struct, frozen=True, kw_only=True):
    session_id: str
    times: int


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    role: str


@plugin.operation(roles=("instructor", "student"))
async def applaud(context: PluginContext, caller: Caller, request: Applaud) -> Heard:
    """Applaud."""
    context.rooms.send(request.session_id, Applauded(times=request.times))
    return Heard(role=caller.role)


broken = Plugin("broken", version="1.0", static="applause_plugin")
broken.panel("thrower", title="Thrower", module="broken.js")
broken.panel("absent", title="Absent", module="importing.js")
'''

COUNT = """
export function mount(root, room) {
  const said = document.createElement("p");
  said.id = "said";
  said.textContent = `You are ${room.role} in ${room.sessionId}.`;
  const list = document.createElement("ul");
  list.id = "heard";
  const button = document.createElement("button");
  button.id = "applaud";
  button.textContent = "Applaud";
  button.addEventListener("click", async () => {
    const answer = await room.call("Applaud", { session_id: room.sessionId, times: 3 });
    said.textContent = `Applauded as ${answer.role}.`;
  });
  room.on("Applauded", ({ times }) => {
    const line = document.createElement("li");
    line.textContent = `${times} times`;
    list.append(line);
  });
  root.append(said, button, list);
  globalThis.mounted = (globalThis.mounted ?? 0) + 1;
  return () => (globalThis.mounted -= 1);
}
"""

HANDS = """
export function start(room) {
  globalThis.hands = { room, clicks: 0, ran: 0 };
  hands.button = room.control({
    name: "raise", label: "Raise your hand", icon: "M7 13V6m3 6V4m3 8V4.5m3 8V7", pressed: false,
    onclick: () => { hands.clicks += 1; hands.button.update({ pressed: true, badge: "1" }); },
  });
  hands.refusing = room.control({
    name: "refuse", label: "Refuse", icon: "M6 6l12 12", onclick: async () => { throw new Error("not today"); },
  });
  return () => (globalThis.hands.ended = true);
}

export function mount(root, room) {
  root.textContent = `after start: ${globalThis.hands.room === room}`;
  return () => (globalThis.hands.unmounted = true);
}
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the plugin's distribution, as pip leaves one."""
    site = tmp_path_factory.mktemp("site")
    package = site / "applause_plugin"
    (package / "static").mkdir(parents=True)
    (package / "__init__.py").write_text(PLUGIN)
    (package / "static" / "count.js").write_text(COUNT)
    (package / "static" / "broken.js").write_text('export function mount() { throw new Error("no such luck"); }\n')
    (package / "static" / "hands.js").write_text(HANDS)
    (package / "static" / "silent.js").write_text(
        "export function start(room) { room.control; globalThis.silent = room; }\n"
    )
    (package / "static" / "importing.js").write_text('import "./nothing.js";\nexport function mount() {}\n')
    metadata = site / "applause_plugin-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: applause-plugin\nVersion: 1.0\n")
    points = "[podium.plugins]\napplause = applause_plugin:plugin\nbroken = applause_plugin:broken\n"
    points += "helping = applause_plugin:helping\n"
    (metadata / "entry_points.txt").write_text(points)
    return site


@contextmanager
def class_of(start_host: Any, open_room: Any, installed: Path, folder: Path, plugins: str) -> Iterator[Any]:
    (folder / "podium.toml").write_text(plugins)
    path = os.pathsep.join([str(installed), *filter(None, [os.environ.get("PYTHONPATH")])])
    with start_host(folder, PYTHONPATH=path, PODIUM_AUTH__API_KEYS=ADMINISTRATOR.entry) as host:
        room = open_room(host)
        yield room
        room.close()


@pytest.fixture
def class_with_panels(start_host: Any, open_room: Any, installed: Path, tmp_path: Path) -> Iterator[Any]:
    with class_of(start_host, open_room, installed, tmp_path, "[plugins.applause]\n[plugins.broken]\n") as room:
        yield room


def switch(room: Any, plugin: str, how: str) -> None:
    """What an administrator does."""
    request = urllib.request.Request(
        f"{room.host.url}/api/plugins/{plugin}/{how}",
        b"{}",
        {"Authorization": f"Bearer {ADMINISTRATOR.key}", "Content-Type": "application/json"},
        method="POST",
    )
    with urllib.request.urlopen(request) as response:
        assert json.load(response)["plugins"]


def keep(tab: Any, name: str) -> None:
    """For people who want to look: PODIUM_SCREENSHOTS names a folder."""
    if folder := os.environ.get("PODIUM_SCREENSHOTS"):
        Path(folder, f"{name}.png").write_bytes(tab.screenshot())


TITLES = "() => [...document.querySelectorAll('.panel-tab')].map((tab) => tab.textContent)"


def join_as(room: Any, name: str, role: str, preparation: str = "", *, panels: bool = True) -> Any:
    """A tab in the classroom, led by whoever asks for it first."""
    tab = room.open(name, preparation)
    tab.goto(f"{room.host.url}/room/{room.name}?name={name}&role={role}")
    tab.wait_for("podium.isOn('camera') && podium.isOn('microphone')")
    tab.click("#join")
    tab.wait_for("podium.state === 'connected'")
    tab.wait_for("(panels) => document.getElementById('open-panels').hidden !== panels", panels)
    return tab


def test_a_panel_calls_operations_hears_events_and_goes_with_its_plugin(class_with_panels: Any) -> None:
    room = class_with_panels
    ada, ben = join_as(room, "Ada", "instructor"), join_as(room, "Ben", "instructor")
    assert ben.evaluate("podium.role") == "student"  # a room that is led makes students of further instructors
    assert ada.evaluate(TITLES) == ["Applause", "Broken", "Staff only", "Thrower", "Absent"]
    assert ben.evaluate(TITLES) == ["Applause", "Broken", "Thrower", "Absent"]
    for tab in (ada, ben):
        tab.click("#open-panels")
        tab.wait_for("document.getElementById('said')")
    assert ada.text("#said") == f"You are instructor in {room.name}."
    ben.click("#applaud")
    ada.wait_for("document.querySelector('#heard li')?.textContent === '3 times'")
    ben.wait_for("document.getElementById('said').textContent === 'Applauded as student.'")
    assert ben.evaluate("document.querySelectorAll('#heard li').length") == 0  # the event is the instructor's
    ada.resize(1280, 800)
    ada.wait_for("document.querySelectorAll('.tile.live').length === 2")
    keep(ada, "panels-wide")
    tiles = "Math.max(...[...document.querySelectorAll('.tile')].map((tile) => tile.getBoundingClientRect().right))"
    ada.wait_for(f"{tiles} <= document.getElementById('side-bar').getBoundingClientRect().left")
    ada.resize(390, 844)
    ada.wait_for("document.getElementById('side-bar').getBoundingClientRect().width > 300")
    ada.wait_for("document.documentElement.scrollWidth <= 390")
    keep(ada, "panels-phone")
    switch(room, "applause", "disable")
    for tab in (ada, ben):
        tab.wait_for("document.querySelectorAll('.panel-tab').length === 2 && globalThis.mounted === 0")
    switch(room, "broken", "disable")
    for tab in (ada, ben):
        tab.wait_for("document.getElementById('side-bar').hidden && document.getElementById('open-panels').hidden")
    switch(room, "applause", "enable")
    ada.wait_for("!document.getElementById('open-panels').hidden")
    assert ada.evaluate("document.getElementById('side-bar').hidden")


def test_a_broken_panel_says_so_in_its_place_and_the_class_goes_on(class_with_panels: Any) -> None:
    ada, ben = join_as(class_with_panels, "Ada", "instructor"), join_as(class_with_panels, "Ben", "student")
    ada.click("#open-panels")
    for name, said in (("Thrower", "no such luck"), ("Absent", "cannot be shown")):
        ada.click(f".panel-tab:text-is('{name}')")
        ada.wait_for("(said) => document.querySelector('.panel:not([hidden])').textContent.includes(said)", said)
    keep(ada, "panels-broken")
    ada.wait_for_picture(ben.own_id)
    assert ada.evaluate("podium.state") == "connected"
    assert ben.problems == []


def test_the_page_of_the_api_shows_events_of_plugins(class_with_panels: Any) -> None:
    tab = class_with_panels.open()
    tab.goto(f"{class_with_panels.host.url}/api")
    tab.wait_for("[...document.querySelectorAll('.operation .path')].some((path) => path.textContent === 'Applauded')")
    shown = tab.evaluate("document.querySelector('.operation:has(.event-fields)').textContent")
    assert "Somebody applauds." in shown
    assert "For: instructor." in shown
    assert "times integer" in shown


def test_the_side_bar_is_used_by_keyboard_alone(class_with_panels: Any) -> None:
    ada = join_as(class_with_panels, "Ada", "instructor")
    ada.evaluate("document.getElementById('open-panels').focus()")
    ada.press("Enter")
    assert ada.evaluate("document.activeElement.textContent") == "Applause"
    assert ada.evaluate("document.getElementById('open-panels').getAttribute('aria-expanded')") == "true"
    ada.press("ArrowLeft")
    assert ada.evaluate("document.activeElement.textContent") == "Absent"
    ada.press("Home")
    ada.press("ArrowRight")
    assert ada.evaluate("document.querySelector('[aria-selected=true]').textContent") == "Broken"
    ada.press("Escape")
    assert ada.evaluate("document.activeElement.id") == "open-panels"
    assert ada.evaluate("document.getElementById('side-bar').hidden")


def test_a_call_that_is_refused_or_cut_off_rejects(class_with_panels: Any) -> None:
    ada = join_as(class_with_panels, "Ada", "student")
    refused = "async (name) => { try { await podium.call(name); } catch (error) { return error.code; } }"
    assert ada.evaluate(refused, "Aplaud") == "type_unknown"
    assert ada.evaluate(refused, "Applaud") == "field_missing"
    assert ada.evaluate(refused, "ListRooms") == "forbidden"
    many = "async () => Promise.all(Array.from({ length: 12 }, async () => (await podium.call('WhoAmI')).role))"
    assert ada.evaluate(many) == ["student"] * 12  # the host runs four at once; the others wait for their turn
    cut = (
        "async () => { const answer = podium.call('WhoAmI'); podium.leave(); return answer.catch(({ code }) => code); }"
    )
    assert ada.evaluate(cut) == "disconnected"
    assert ada.evaluate(refused, "WhoAmI") == "disconnected"


def test_whoever_leads_comes_back_as_that_over_a_lost_connection(class_with_panels: Any) -> None:
    sockets = """
    globalThis.sockets = [];
    globalThis.WebSocket = class extends WebSocket {
      constructor(url) { super(url); sockets.push(this); }
    };
    """
    ada = join_as(class_with_panels, "Ada", "instructor", sockets)
    ben = join_as(class_with_panels, "Ben", "student")
    ada.evaluate("() => { sockets[0].close(); sockets[0].onclose({ code: 1006, reason: '' }); }")
    ada.wait_for("sockets.length === 2 && podium.state === 'connected'")
    assert ada.evaluate("podium.role") == "instructor"
    assert [each["role"] for each in ben.evaluate("[...podium.participants.values()]")] == ["instructor"]


def test_a_room_is_led_again_after_the_host_has_restarted(start_host: Any, open_room: Any, tmp_path: Path) -> None:
    with start_host(tmp_path) as first:
        room = open_room(first)
        ada = join_as(room, "Ada", "instructor", panels=False)
    ada.wait_for("podium.state === 'reconnecting'")
    with start_host(tmp_path, first.port):
        ada.wait_for("podium.state === 'connected'", timeout=40)
        assert ada.evaluate("podium.role") == "instructor"
        room.close()


def test_an_eager_panel_reaches_beyond_its_tab_and_leaves_nothing_behind(
    start_host: Any, open_room: Any, installed: Path, tmp_path: Path
) -> None:
    with class_of(start_host, open_room, installed, tmp_path, "[plugins.helping]\n") as room:
        ada, ben = join_as(room, "Ada", "instructor"), join_as(room, "Ben", "student")
        ada.wait_for(
            "globalThis.hands?.button.element.isConnected && globalThis.silent && podium.participants.size === 1"
        )
        assert ada.evaluate(
            "[...document.querySelectorAll('.panel-tab:not([hidden])')].map((tab) => tab.textContent)"
        ) == ["Hands"]
        ada.click("[aria-label='Raise your hand']")
        ada.wait_for("document.querySelector('[aria-label=\"Raise your hand (1)\"][aria-pressed=true]') !== null")
        ada.evaluate("hands.sign = hands.room.indicator({ text: 'REC', title: 'Everybody is filmed.', kind: 'live' })")
        ada.evaluate("hands.sign.update({ text: 'REC 0:01' })")
        assert ada.text("#indicators .indicator.live[aria-label='Everybody is filmed.']") == "REC 0:01"
        ada.click("[aria-label='Refuse']")
        ada.wait_for("document.getElementById('toast').textContent === 'not today'")
        ada.evaluate("hands.room.badge('3')")
        assert ada.evaluate("document.getElementById('open-panels').getAttribute('aria-label')") == "Panels (Hands: 3)"
        ada.evaluate(
            """(ben) => {
              hands.room.mark(ben, "hand", "\u270b 1");
              hands.room.mark(podium.participantId, "hand", "\u270b 2");
              hands.room.focus(ben);
              hands.room.notify("Ben would like to speak.", [
                { label: "Allow", run: () => (hands.ran += 1) }, { label: "Not now", run: () => {} },
              ], { sticky: true });
              hands.notice = hands.room.notify("The recording has begun.");
            }""",
            ben.own_id,
        )
        ada.wait_for("document.querySelector('.tile.focused .mark')?.textContent === '\u270b 1'")
        assert ada.evaluate("document.querySelector('.tile.focused').dataset.participant") == ben.own_id
        ada.wait_for("document.querySelectorAll('.tile.live').length === 2")
        keep(ada, "panels-eager")
        ada.click(".tile.own .pin")  # one's own pin comes before the spotlight
        ada.wait_for("document.querySelector('.tile.own.focused') !== null")
        ada.click(".tile.own .pin")
        ada.click(".notice button:text-is('Allow')")
        ada.wait_for("hands.ran === 1 && document.querySelectorAll('.notice').length === 1")
        ada.evaluate("hands.notice.close()")
        ada.evaluate("hands.room.open()")
        ada.wait_for("document.querySelector('.panel:not([hidden])').textContent === 'after start: true'")
        assert ada.evaluate("hands.room.visible")
        ada.evaluate(
            "() => { hands.room.notify('Still there', [], { sticky: true }); hands.room.focus(podium.participantId); }"
        )
        ada.wait_for("document.querySelector('.tile.own.focused') !== null")
        keep(ada, "panels-eager-open")
        switch(room, "helping", "disable")
        ada.wait_for("hands.ended && hands.unmounted && document.getElementById('side-bar').hidden")
        left = (
            "document.querySelectorAll('.control.added, .indicator, .notice, .mark, .tile.focused, .panel-tab').length"
        )
        assert ada.evaluate(left) == 0
        assert ben.problems == ada.problems == []
