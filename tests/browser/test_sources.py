# SPDX-License-Identifier: Apache-2.0
"""One's own sources: guarded, blocked by the host, and a screen that is shared with its sound."""

import os
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.browser

PREPARATION = """
// The sockets, to cut them off; and a tab that sounds, as headless browsers share none.
globalThis.sockets = [];
globalThis.WebSocket = class extends WebSocket {
  constructor(url) { super(url); sockets.push(this); }
};
const getDisplayMedia = navigator.mediaDevices.getDisplayMedia.bind(navigator.mediaDevices);
navigator.mediaDevices.getDisplayMedia = async (constraints) => {
  globalThis.askedFor = constraints;
  const stream = await getDisplayMedia({ video: constraints.video });
  const context = new AudioContext();
  const [tone, output] = [new OscillatorNode(context, { frequency: 440 }), context.createMediaStreamDestination()];
  tone.connect(output);
  tone.start();
  stream.addTrack(output.stream.getAudioTracks()[0]);
  return stream;
};
"""

GUARD = """async () => {
  const { PodiumError } = await import("/static/podium.js");
  globalThis.guarded = { started: [], stopped: 0, refuse: true };
  guarded.guard = podium.guard("screen", {
    async start(track, { hasAudio }) {
      guarded.started.push([track.kind, hasAudio, podium.isOn("screen")]);
      if (guarded.refuse) throw new PodiumError("taken", "Somebody else shares a screen.");
    },
    async stop() { guarded.stopped += 1; },
  });
}"""

HEARD_TAB = """async () => {
  const slot = [...podium.slots.values()].find(({ kind, source }) => kind === "audio" && source === "screen");
  if (!slot) return false;
  const rows = (await receivedStatistics()).filter(({ mid }) => mid === slot.mid);
  return rows.some(({ totalAudioEnergy }) => totalAudioEnergy > 0.01);
}"""

SCREEN_FRAMES = """async (atLeast) => {
  const slot = [...podium.slots.values()].find(({ kind, source }) => kind === "video" && source === "screen");
  const rows = (await receivedStatistics()).filter(({ mid }) => mid === slot?.mid);
  return rows.some(({ framesDecoded }) => framesDecoded >= atLeast);
}"""

TELL = "(message) => sockets.at(-1).onmessage({ data: JSON.stringify(message) })"


def keep(tab: Any, name: str) -> None:
    """For people who want to look: PODIUM_SCREENSHOTS names a folder."""
    if folder := os.environ.get("PODIUM_SCREENSHOTS"):
        Path(folder, f"{name}.png").write_bytes(tab.screenshot())


def test_a_screen_is_guarded_heard_with_its_tab_and_comes_back_over_a_lost_connection(room: Any) -> None:
    ada, ben = room.join("Ada", PREPARATION), room.join("Ben")
    for tab in (ada, ben):
        tab.click("#microphone")
    ada.evaluate(GUARD)
    ada.evaluate("guarded.guard.unavailable = 'Somebody shares already.'")
    ada.wait_for("document.getElementById('screen').disabled")
    assert ada.evaluate("document.getElementById('screen').title") == "Somebody shares already."
    ada.evaluate("guarded.guard.unavailable = null")
    ada.wait_for("!document.getElementById('screen').disabled")
    ada.click("#screen")
    ada.wait_for("document.getElementById('toast').textContent === 'Somebody else shares a screen.'")
    assert ada.evaluate("[podium.local.screen, podium.local.screenAudio, guarded.stopped]") == [None, None, 0]
    ada.evaluate("guarded.refuse = false")
    ada.click("#screen")
    ben.wait_for(SCREEN_FRAMES, 5)
    ben.wait_for(HEARD_TAB)
    ben.wait_for("podium.speaker === null")
    assert ada.evaluate("guarded.started") == [["video", True, False], ["video", True, False]]
    assert ada.evaluate("[podium.local.screen.contentHint, podium.local.screenAudio.kind]") == ["detail", "audio"]
    parameters = "podium.connection.getSenders().find(({ track }) => track === podium.local.screen).getParameters()"
    assert ada.evaluate(f"{parameters}.degradationPreference") == "maintain-resolution"
    assert ada.evaluate(
        f"{parameters}.encodings.map(({{ maxBitrate, maxFramerate }}) => [maxBitrate, maxFramerate])"
    ) == [[2_500_000, 15]]
    assert ben.evaluate("[...podium.participants.values()][0].tracks.get('screen').kind") == "video"
    assert ben.evaluate("document.querySelectorAll('.tile.screen.focused').length") == 1
    keep(ben, "sources-screen")
    ada.evaluate("guarded.keep = podium.local.screen")
    ada.evaluate("() => { sockets[0].close(); sockets[0].onclose({ code: 1006, reason: '' }); }")
    ada.wait_for("sockets.length === 2 && podium.state === 'connected' && guarded.started.length === 3")
    ben.wait_for(SCREEN_FRAMES, 5)
    assert ada.evaluate("[podium.local.screen === guarded.keep, guarded.stopped]") == [True, 0]
    ada.click("#screen")
    ada.wait_for("podium.local.screen === null && podium.local.screenAudio === null && guarded.stopped === 1")
    ben.wait_for("document.querySelector('.tile.screen') === null")
    assert ada.problems == ben.problems == []
