# SPDX-License-Identifier: Apache-2.0
"""A class on a real host with moderation, for tests in browsers: people with links, and what they see and hear."""

import json
import os
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

from podium.core import new_key
from tests.browser.chromium import Tab
from tests.browser.conftest import HostProcess, Room

ADMINISTRATOR = new_key("operations", "administrator")
SECRET = "0123456789abcdef0123456789abcdef"

RECORDING = """
// What the host tells this page, and how many connections for media it makes.
globalThis.heard = [];
globalThis.connectionsMade = 0;
globalThis.WebSocket = class extends WebSocket {
  constructor(url) {
    super(url);
    this.addEventListener("message", ({ data }) => heard.push(JSON.parse(data).type));
  }
};
globalThis.RTCPeerConnection = class extends RTCPeerConnection {
  constructor(...given) {
    super(...given);
    connectionsMade += 1;
  }
};
"""

STUBBORN = """
// Goes on sending sound whatever the page wants, and does not tell the host that it should be silent.
globalThis.stubborn = true;
const isSound = (track) => stubborn && track?.kind === "audio";
const enabled = Object.getOwnPropertyDescriptor(MediaStreamTrack.prototype, "enabled");
Object.defineProperty(MediaStreamTrack.prototype, "enabled", {
  ...enabled,
  set(value) { enabled.set.call(this, isSound(this) ? true : value); },
});
const stop = MediaStreamTrack.prototype.stop;
MediaStreamTrack.prototype.stop = function () { if (!isSound(this)) stop.call(this); };
const replaceTrack = RTCRtpSender.prototype.replaceTrack;
RTCRtpSender.prototype.replaceTrack = async function (track) {
  if (track !== null || !isSound(this.track)) await replaceTrack.call(this, track);
};
const send = WebSocket.prototype.send;
WebSocket.prototype.send = function (data) {
  if (!stubborn || JSON.parse(data).type !== "Mute") send.call(this, data);
};
"""

NO_CAMERA = """
const openDevices = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
navigator.mediaDevices.getUserMedia = async (constraints) => {
  if (constraints.video) throw new DOMException("none", "NotFoundError");
  return openDevices(constraints);
};
"""
"""For people who need not be seen: a camera costs time."""

SMALL_SCREEN = """
const getDisplayMedia = navigator.mediaDevices.getDisplayMedia.bind(navigator.mediaDevices);
navigator.mediaDevices.getDisplayMedia = () => getDisplayMedia({ video: { width: 640, height: 360, frameRate: 5 } });
"""

READY = """globalThis.podium?.isOn("microphone")
  && (podium.isOn("camera") || document.getElementById("device-note").textContent !== "")"""
LOUD = """async (id) => (await receivedStatistics()).some(
  (row) => row.kind === "audio" && row.participantId === id && row.audioLevel > 0.01)"""
QUIET = (
    """async () => (await receivedStatistics()).every((row) => row.kind !== "audio" || (row.audioLevel ?? 0) < 0.001)"""
)
HEARD = """async () => {
  const rows = (await receivedStatistics()).filter(({ kind }) => kind === "audio");
  const sum = (name) => rows.reduce((total, row) => total + (row[name] ?? 0), 0);
  return { packets: sum("packetsReceived"), energy: sum("totalAudioEnergy") };
}"""
SENT = """async () => [...(await podium.connection.getStats()).values()]
  .filter(({ type, kind }) => type === "outbound-rtp" && kind === "audio")
  .reduce((total, row) => total + row.packetsSent, 0)"""


class Lesson:
    """A class by links; the first to come should be who leads it."""

    def __init__(self, room: Room) -> None:
        self.room = room
        self.tokens: dict[str, str] = {}

    def open(self, name: str, role: str = "student", preparation: str = "") -> Tab:
        """Somebody with a link of their own, on their way in: their id is their name."""
        made = self.ask("POST", f"rooms/{self.room.name}/tokens", ADMINISTRATOR.key, _named(name, role))
        self.tokens[name] = made["token"]
        tab = self.room.open("", preparation)
        tab.goto(f"{self.room.host.url}/room/{self.room.name}?token={made['token']}&name={name}")
        enter(tab)
        return tab

    def join(self, name: str, role: str = "student", preparation: str = "") -> Tab:
        """Somebody who is in the room."""
        tab = self.open(name, role, preparation)
        tab.wait_for("podium.state === 'connected' && document.querySelector('#open-panels:not([hidden])') !== null")
        return tab

    def refused(self, name: str) -> tuple[int, str]:
        """Status and code of asking over REST with somebody's token; 200 when it is good."""
        try:
            self.ask("GET", "caller", self.tokens[name])
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)["code"]
        return 200, ""

    def ask(self, method: str, path: str, key: str, body: dict[str, Any] | None = None) -> Any:
        request = urllib.request.Request(
            f"{self.room.host.url}/api/{path}",
            None if body is None else json.dumps(body).encode(),
            {"Authorization": f"Bearer {key}", "Content-Type": "application/json"},
            method=method,
        )
        with urllib.request.urlopen(request) as response:
            return json.load(response)


def _named(name: str, role: str) -> dict[str, str]:
    return {"role": role, "participant_id": name.lower(), "display_name": name}


def enter(tab: Tab) -> None:
    """From the lobby on."""
    tab.wait_for(READY)
    tab.click("#join")


def open_people(tab: Tab) -> None:
    """The side bar with the panel."""
    tab.wait_for("document.querySelector('#tab-moderation-people:not([hidden])') !== null")
    tab.click("#open-panels")
    tab.click("#tab-moderation-people")
    tab.wait_for("document.querySelector('.moderation-row') !== null")


def press(tab: Tab, name: str, label: str) -> None:
    """A button of the panel in somebody's row."""
    row = f".moderation-row:has(.moderation-name:text-is('{name}'))"
    button = f"{row} button:text-is('{label}')"
    if tab.call(lambda page: not page.is_visible(button) and page.is_visible(f"{row} .moderation-more")):
        tab.click(f"{row} .moderation-more")
    tab.click(button)


def answer(tab: Tab, text: str, label: str) -> None:
    """A button of the message that has this text."""
    tab.click(f".notice:has(p:text-is('{text}')) button:text-is('{label}')")


NOTICE = "(text) => [...document.querySelectorAll('.notice p')].some((each) => each.textContent === text)"
"""Whether this message is on the page."""

ROW = """([name, text]) => [...document.querySelectorAll('.moderation-row')].some((row) =>
  row.querySelector('.moderation-name').textContent === name
  && (row.querySelector('.moderation-note').textContent === text
    || [...row.querySelectorAll('.moderation-sign')].some((sign) => sign.title === text)))"""
"""Whether somebody's row has this sign or note."""


def start(folder: Path, port: int = 0) -> HostProcess:
    """A host with all that belongs to a class; again in the same folder and on the same port, it goes on with it."""
    (folder / "podium.toml").write_text("[plugins.moderation]\n[plugins.chat]\n[plugins.screenshare]\n")
    return HostProcess(folder, port, PODIUM_AUTH__API_KEYS=ADMINISTRATOR.entry, PODIUM_AUTH__SECRET=SECRET)


OpenRoom = Callable[[HostProcess], Room]


def keep(tab: Tab, name: str) -> None:
    """For people who want to look: PODIUM_SCREENSHOTS names a folder."""
    if folder := os.environ.get("PODIUM_SCREENSHOTS"):
        Path(folder, f"{name}.png").write_bytes(tab.screenshot())
