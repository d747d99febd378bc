# SPDX-License-Identifier: Apache-2.0
"""Shared screens between real browsers: legible, let by the host and by nobody else, stopped and replaced by the rules.

A screen is a page of small text, drawn by the same function wherever it is compared; what a student sees of each line
has to look like that line, and not like another text.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser.slides import DRAWING

pytestmark = pytest.mark.browser

SLIDE = (
    DRAWING
    + """
/** A screen that is always the slide of this seed, with a running dot so that there are new pictures, and a tone. */
globalThis.slideStream = (seed) => {
  const canvas = Object.assign(document.createElement("canvas"), { width: 1280, height: 720 });
  let count = 0;
  setInterval(() => {
    const pen = drawSlide(canvas, seed);
    pen.fillRect(1200 + (count++ % 8) * 8, 4, 6, 6);
  }, 1000 / 15);
  const stream = canvas.captureStream(15);
  const audio = new AudioContext();
  const tone = audio.createOscillator();
  const out = audio.createMediaStreamDestination();
  tone.connect(out);
  tone.start();
  stream.addTrack(out.stream.getAudioTracks()[0]);
  return stream;
};
navigator.mediaDevices.getDisplayMedia = async () => slideStream(globalThis.seed ?? 1);
/** How much each line of what a video shows looks like that of a slide: 1 is the same picture, 0 has nothing of it. */
globalThis.likeness = (video, seed) => {
  const canvas = () => Object.assign(document.createElement("canvas"), { width: 1280, height: 720 });
  const seen = canvas().getContext("2d", { willReadFrequently: true });
  seen.drawImage(video, 0, 0, 1280, 720);
  const wanted = drawSlide(canvas(), seed);
  const luma = (pen, line) => {
    const { data } = pen.getImageData(40, 24 + line * 24, 560, 22);
    return Array.from({ length: data.length / 4 }, (_, pixel) => data[4 * pixel + 1]); // green is most of it
  };
  const spread = (values) => {
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    return values.map((value) => value - mean);
  };
  const product = (a, b) => a.reduce((sum, value, index) => sum + value * b[index], 0);
  return Array.from({ length: LINES }, (_, line) => {
    const [a, b] = [spread(luma(seen, line)), spread(luma(wanted, line))];
    return product(a, b) / (Math.sqrt(product(a, a) * product(b, b)) || 1);
  });
};
globalThis.screenOf = (id) => document.querySelector(`.tile.screen.live[data-participant="${id}"] video`);
"""
)
SENDING_ANYHOW = """async () => {
  const videos = podium.connection.getTransceivers().filter(({ receiver, direction }) =>
    receiver.track.kind === "video" && direction === "sendonly");
  await videos[1].sender.replaceTrack(slideStream(1).getVideoTracks()[0]);
  globalThis.framesSent = async () => {
    const rows = [...(await videos[1].sender.getStats()).values()];
    return Math.max(0, ...rows.map(({ type, framesSent }) => type === "outbound-rtp" ? framesSent : 0));
  };
}"""


@pytest.fixture(scope="module")
def sharing_host(start_host: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    folder = tmp_path_factory.mktemp("screenshare")
    (folder / "podium.toml").write_text("[plugins.screenshare]\n")
    with start_host(folder) as host:
        yield host


@pytest.fixture
def sharing_room(sharing_host: Any, open_room: Any) -> Iterator[Any]:
    room = open_room(sharing_host)
    yield room
    room.close()


def join_as(room: Any, name: str, role: str) -> Any:
    """A tab in the classroom, where the panel knows the rules."""
    tab = room.open(name, SLIDE)
    tab.goto(f"{room.host.url}/room/{room.name}?name={name}&role={role}")
    tab.wait_for("podium.isOn('camera') && podium.isOn('microphone')")
    tab.click("#join")
    tab.wait_for("podium.state === 'connected' && podium.blocked.has('screen')")
    tab.wait_for("podium.participantId && !document.getElementById('open-panels').hidden")
    return tab


def keep(tab: Any, name: str) -> None:
    """For people who want to look: PODIUM_SCREENSHOTS names a folder."""
    if folder := os.environ.get("PODIUM_SCREENSHOTS"):
        Path(folder, f"{name}.png").write_bytes(tab.screenshot())


def choose(tab: Any, rule: str, value: str) -> None:
    """Change a rule in the panel."""
    tab.call(lambda page: page.select_option(f"#sharing-rules [name={rule}]", value))


def sees(tab: Any, participant_id: str, seed: int = 1) -> None:
    """Until each line of somebody's screen can be read, which is no other text."""
    legible = """([id, seed]) => {
      const video = screenOf(id);
      return video?.videoWidth === 1280 && Math.min(...likeness(video, seed)) > 0.9;
    }"""
    tab.wait_for(legible, [participant_id, seed], timeout=60)
    other = tab.evaluate("([id, seed]) => likeness(screenOf(id), seed)", [participant_id, seed + 5])
    assert max(other) < 0.7, other


def test_a_shared_screen_is_large_and_legible_and_stopped_by_who_leads(sharing_room: Any) -> None:
    ada, ben = join_as(sharing_room, "Ada", "instructor"), join_as(sharing_room, "Ben", "student")
    ben.wait_for("document.getElementById('screen').title.includes('Only the instructor')")
    ada.click("#screen")
    sees(ben, ada.own_id)
    ben.wait_for("document.querySelector('.tile.screen').classList.contains('focused')")
    assert ben.evaluate("screenOf(podium.participants.keys().next().value).getBoundingClientRect().width") > 500
    heard = "(id) => [...podium.slots.values()].some(({ kind, participantId, source }) => kind === 'audio' && "
    ben.wait_for(heard + "participantId === id && source === 'screen')", ada.own_id)
    keep(ben, "screen-seen")
    ada.click("#open-panels")
    ada.click(".panel-tab:text-is('Screens')")
    ada.wait_for("document.querySelector('#sharing-now')?.textContent.includes('Ada, with sound')")
    keep(ada, "screen-panel")
    ada.click("#screen")
    ben.wait_for("document.querySelector('.tile.screen') === null")
    ada.wait_for("document.querySelector('#sharing-now').hidden")

    # A page that does not ask reaches nobody.
    ben.evaluate(SENDING_ANYHOW)
    ben.wait_for("async () => await framesSent() > 30", timeout=60)
    ada.wait_for("(id) => podium.participants.get(id).tracks.has('screen')", ben.own_id)
    assert ada.evaluate("podium.streamOf(podium.participants.keys().next().value, 'screen')") is None
    assert ada.evaluate("document.querySelector('.tile.screen')") is None
    rows = ada.evaluate("receivedStatistics()")
    assert [row["frameHeight"] for row in rows if row["kind"] == "video" and row.get("frameHeight") == 720] == []

    # By the rules it does, until the instructor stops it.
    choose(ada, "who", "everybody")
    ben.wait_for("podium.unavailable('screen') === null")
    ben.click("#screen")
    sees(ada, ben.own_id)
    ada.click("#sharing-now button:text-is('Stop')")
    ben.wait_for("!podium.isOn('screen') && podium.blocked.has('screen')")
    ben.wait_for("document.getElementById('notices').textContent.includes('Ada stopped your screen.')")
    ada.wait_for("document.querySelector('.tile.screen') === null")
    keep(ben, "screen-stopped")
    assert ada.problems == ben.problems == []


def test_a_second_share_behaves_as_the_rules_say(sharing_room: Any) -> None:
    ada, ben = join_as(sharing_room, "Ada", "instructor"), join_as(sharing_room, "Ben", "student")
    ada.evaluate("globalThis.seed = 2")
    ada.click("#open-panels")
    ada.click(".panel-tab:text-is('Screens')")
    choose(ada, "who", "request")
    ben.wait_for("podium.unavailable('screen') === null")
    ben.click("#screen")
    ben.wait_for("document.getElementById('toast').textContent.includes('The instructor was asked')")
    keep(ada, "screen-asked")
    ada.click(".notice button:text-is('Allow')")
    ben.click(".notice button:text-is('Share my screen')")
    ada.wait_for("(id) => screenOf(id)?.videoWidth === 1280", ben.own_id)

    # One at a time: who leads is asked whether to replace the other.
    ada.click("#screen")
    ada.wait_for("document.getElementById('notices').textContent.includes('Replace the screen of Ben?')")
    keep(ada, "screen-replace")
    ada.click(".notice button:text-is('Replace')")
    ben.wait_for("(id) => !podium.isOn('screen') && screenOf(id)?.videoWidth === 1280", ada.own_id)
    ben.wait_for("document.getElementById('screen').title.includes('Ada is sharing')")
    ada.wait_for("document.querySelector('.tile.screen') === null")

    # Several: both are seen.
    choose(ada, "mode", "several")
    ben.wait_for("podium.unavailable('screen') === null")
    ben.click("#screen")
    ada.wait_for("(id) => screenOf(id)?.videoWidth === 1280", ben.own_id)
    sees(ben, ada.own_id, seed=2)
    keep(ada, "screen-several")
    assert ada.text("#sharing-now").count("with sound") == 2
    assert ada.problems == ben.problems == []
