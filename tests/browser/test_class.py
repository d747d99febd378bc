# SPDX-License-Identifier: Apache-2.0
"""People in real browsers see and hear each other, and nobody negotiates because others come and go."""

from typing import Any

import pytest

pytestmark = pytest.mark.browser

LOUD = """async (id) => (await receivedStatistics()).some(
  (row) => row.kind === "audio" && row.participantId === id && row.audioLevel > 0.01)"""
SIZE = """async ([id, width, height]) => (await receivedStatistics()).some(
  (row) => row.participantId === id && row.frameWidth === width && row.frameHeight === height)"""


def test_three_people_see_each_other_and_hear_who_is_loud(room: Any) -> None:
    tabs = [room.join(name) for name in ("Ada", "Ben", "Cleo")]
    ada, ben, cleo = tabs
    for quiet in (ben, cleo):
        quiet.click("#microphone")
    for tab in tabs:
        for other in tabs:
            if other is not tab:
                tab.wait_for_picture(other.own_id)
                tab.wait_for(SIZE, [other.own_id, 640, 360])
    for listener in (ben, cleo):
        listener.wait_for(LOUD, ada.own_id)
        listener.wait_for("(id) => podium.speaker === id", ada.own_id)
    assert [tab.problems for tab in tabs] == [[], [], []]


def test_coming_and_going_costs_the_others_no_negotiation(room: Any) -> None:
    ada, ben = room.join("Ada"), room.join("Ben")
    ada.wait_for_picture(ben.own_id)
    cleo = room.join("Cleo")
    ada.wait_for_picture(cleo.own_id)
    ben.click("#leave")
    ada.wait_for("podium.participants.size === 1")
    dora = room.join("Dora")
    for tab in (ada, cleo):
        tab.wait_for_picture(dora.own_id)
    ada.wait_for_picture(cleo.own_id)
    assert ada.evaluate("offersMade") == 1
    assert cleo.evaluate("offersMade") == 1
    assert ada.text("#people-count") == "3 people"


def test_the_largest_layer_of_a_large_camera_arrives(room: Any) -> None:
    ada = room.join("Ada", preparation="globalThis.largeCamera = true;")
    ben = room.open("Ben", preparation=NO_DEVICES)
    ben.wait_for("document.getElementById('device-note').textContent !== ''")
    ben.click("#join")
    ben.wait_for("podium.state === 'connected'")
    ben.wait_for(SIZE, [ada.own_id, 1280, 720], timeout=45)
    ben.wait_for_picture(ada.own_id)


NO_DEVICES = """
navigator.mediaDevices.getUserMedia = async () => { throw new DOMException("none", "NotFoundError"); };
"""

FORBIDDEN = """
navigator.mediaDevices.getUserMedia = async () => { throw new DOMException("no", "NotAllowedError"); };
"""


def test_who_has_no_devices_still_sees_and_is_told_why(room: Any) -> None:
    ada = room.join("Ada")
    ben = room.join("Ben", preparation=NO_DEVICES)
    ben.wait_for_picture(ada.own_id)
    assert ben.evaluate("podium.local.camera === null && podium.local.microphone === null")
    ada.wait_for("[...document.querySelectorAll('.tile .name')].some((name) => name.textContent === 'Ben')")


def test_a_forbidden_camera_is_explained(room: Any) -> None:
    tab = room.open("Ada", preparation=FORBIDDEN)
    tab.wait_for("document.getElementById('device-note').textContent.includes('not allowed to use the camera')")
    assert tab.evaluate("document.getElementById('lobby-camera').getAttribute('aria-pressed')") == "false"


def test_a_camera_goes_off_and_on_again(room: Any) -> None:
    ada, ben = room.join("Ada"), room.join("Ben")
    ben.wait_for_picture(ada.own_id)
    tile = f".tile[data-participant='{ada.own_id}']"
    ben.wait_for("(tile) => document.querySelector(tile).classList.contains('live')", tile)
    ada.click("#camera")
    ben.wait_for("(tile) => !document.querySelector(tile).classList.contains('live')", tile)
    assert ada.evaluate("podium.local.camera") is None
    ada.click("#camera")
    ben.wait_for_picture(ada.own_id)
    ben.wait_for("(tile) => document.querySelector(tile).classList.contains('live')", tile)
    assert ada.evaluate("offersMade") == 1


def test_keys_switch_the_microphone_and_others_see_it(room: Any) -> None:
    ada, ben = room.join("Ada"), room.join("Ben")
    tile = f".tile[data-participant='{ada.own_id}']"
    ben.wait_for("(tile) => document.querySelector(tile)?.classList.contains('silent') === false", tile)
    ada.press("Alt+m")
    ben.wait_for("(tile) => document.querySelector(tile).classList.contains('silent')", tile)
    ada.press("Alt+m")
    ben.wait_for("(tile) => !document.querySelector(tile).classList.contains('silent')", tile)


def test_a_shared_screen_is_shown_large(room: Any) -> None:
    ada, ben = room.join("Ada", preparation=SMALL_SCREEN), room.join("Ben")
    ada.click("#screen")
    ben.wait_for("document.querySelector('.tile.screen.focused.live') !== null")
    assert ben.evaluate("document.querySelector('.tile.screen .name').textContent") == "Ada's screen"
    ada.click("#screen")
    ben.wait_for("!document.querySelector('.tile.screen')")
    assert ada.evaluate("offersMade") == 1


SMALL_SCREEN = """
const getDisplayMedia = navigator.mediaDevices.getDisplayMedia.bind(navigator.mediaDevices);
navigator.mediaDevices.getDisplayMedia = () => getDisplayMedia({ video: { width: 640, height: 360, frameRate: 5 } });
"""


def test_pinning_makes_a_person_large(room: Any) -> None:
    ada, ben, cleo = (room.join(name) for name in ("Ada", "Ben", "Cleo"))
    cleo.wait_for_picture(ben.own_id)
    pin = f".tile[data-participant='{ben.own_id}'] .pin"
    cleo.evaluate("(pin) => document.querySelector(pin).click()", pin)
    cleo.wait_for("document.querySelectorAll('.tile.focused').length === 1")
    cleo.wait_for_picture(ben.own_id)
    cleo.wait_for_picture(ada.own_id)
    assert cleo.evaluate("offersMade") == 1


def test_more_slots_cost_one_more_negotiation(room: Any) -> None:
    ada, ben = room.join("Ada"), room.join("Ben")
    ada.wait_for_picture(ben.own_id)
    ada.evaluate("podium.ensureVideoSlots(12)")
    assert ada.evaluate("[...podium.slots.values()].filter(({ kind }) => kind === 'video').length") == 12
    assert ada.evaluate("offersMade") == 2
    ada.wait_for_picture(ben.own_id)


def test_a_failed_transport_is_restarted(room: Any) -> None:
    ada, ben = room.join("Ada"), room.join("Ben")
    ada.wait_for_picture(ben.own_id)
    ada.evaluate(
        """() => {
          Object.defineProperty(podium.connection, "connectionState", { value: "failed", configurable: true });
          podium.connection.onconnectionstatechange();
          delete podium.connection.connectionState;
        }"""
    )
    ada.wait_for("offersMade === 2 && podium.connection.signalingState === 'stable'")
    ada.wait_for_picture(ben.own_id)
    ben.wait_for_picture(ada.own_id)
    assert ada.evaluate("podium.state") == "connected"


def test_joining_elsewhere_says_so(room: Any) -> None:
    first = room.join("Ada")
    own_id = first.own_id
    second = room.open("Ada")
    second.evaluate(
        """async ([sessionId, participantId]) =>
          await podium.join({ sessionId, displayName: "Ada", participantId })""",
        [room.name, own_id],
    )
    first.wait_for("!document.getElementById('farewell').hidden")
    assert first.text("#farewell-title") == "You joined elsewhere"


def test_names_are_text_and_never_markup(room: Any) -> None:
    ada = room.join("Ada")
    ben = room.open()
    ben.fill("#name", "<img src=x onerror=alert(1)>")
    ben.wait_for("podium.isOn('camera') && podium.isOn('microphone')")
    ben.click("#join")
    ada.wait_for("[...document.querySelectorAll('.name')].some((name) => name.textContent.startsWith('<img'))")
    assert ada.evaluate("document.querySelectorAll('.tile img').length") == 0


def test_a_refused_join_is_explained(room: Any) -> None:
    tab = room.open("Ada")
    tab.goto(f"{room.host.url}/room/{room.name}?name=Ada&role=emperor")
    tab.click("#join")
    tab.wait_for("document.getElementById('join-error').textContent.includes('role')")
    assert tab.evaluate("document.getElementById('join').disabled") is False
