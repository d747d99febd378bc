# SPDX-License-Identifier: Apache-2.0
"""Somebody who has to wait before being let in: what they see, over a lost connection and at the end."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser.installing import install

pytestmark = pytest.mark.browser

PLUGIN = '''
import msgspec

from podium.core import Caller, ParticipantView, Plugin, PluginContext, RoomView, Wait

plugin = Plugin("door", version="1.0")
let_in = set()


class Decide(msgspec.Struct, frozen=True, kw_only=True):
    session_id: str
    admitted: bool
    message: str = ""


class Decided(msgspec.Struct, frozen=True, kw_only=True):
    people: tuple[str, ...]


@plugin.hook
async def participant_joining(context: PluginContext, room: RoomView, participant: ParticipantView) -> Wait | None:
    if participant.role != "student" or participant.participant_id in let_in:
        return None
    return Wait("The instructor will let you in soon.")


@plugin.operation(roles=("instructor",))
async def decide_on_all(context: PluginContext, caller: Caller, request: Decide) -> Decided:
    """Let everybody in who waits, or nobody."""
    people = tuple(each.participant_id for each in context.rooms.waiting(request.session_id))
    for participant_id in people:
        if request.admitted:
            let_in.add(participant_id)
            context.rooms.admit(request.session_id, participant_id)
        else:
            let_in.discard(participant_id)
            context.rooms.turn_away(request.session_id, participant_id, request.message)
    return Decided(people=people)
'''

SOCKETS = """
globalThis.sockets = [];
globalThis.heard = [];
globalThis.WebSocket = class extends WebSocket {
  constructor(url) {
    super(url);
    sockets.push(this);
    this.addEventListener("message", ({ data }) => heard.push(JSON.parse(data).type));
  }
};
"""

DECIDE = "([admitted, message]) => podium.call('DecideOnAll', { session_id: podium.sessionId, admitted, message })"


@pytest.fixture
def classroom(start_host: Any, open_room: Any, tmp_path: Path) -> Iterator[Any]:
    path = install(tmp_path, "door", PLUGIN)
    (tmp_path / "podium.toml").write_text("[plugins.door]\n")
    with start_host(tmp_path, PYTHONPATH=path) as host:
        room = open_room(host)
        yield room
        room.close()


def keep(tab: Any, name: str) -> None:
    """For people who want to look: PODIUM_SCREENSHOTS names a folder."""
    if folder := os.environ.get("PODIUM_SCREENSHOTS"):
        Path(folder, f"{name}.png").write_bytes(tab.screenshot())


def ask_to_join(room: Any, name: str, role: str) -> Any:
    tab = room.open("", SOCKETS)
    tab.goto(f"{room.host.url}/room/{room.name}?name={name}&role={role}")
    tab.wait_for("podium.isOn('camera') && podium.isOn('microphone')")
    tab.click("#join")
    return tab


def test_who_waits_sees_so_until_they_are_let_in_or_sent_away(classroom: Any) -> None:
    ada = ask_to_join(classroom, "Ada", "instructor")
    ada.wait_for("podium.state === 'connected'")
    ben = ask_to_join(classroom, "Ben", "student")
    ben.wait_for("podium.state === 'waiting'")
    ben.wait_for("document.getElementById('waiting-message').checkVisibility()")
    assert ben.text("#waiting-message") == "The instructor will let you in soon."
    assert ben.evaluate("[podium.participants.size, podium.connection, heard]") == [0, None, ["Waiting"]]
    keep(ben, "waiting")
    waiting_id = ben.own_id
    ben.evaluate("() => { sockets[0].close(); sockets[0].onclose({ code: 1006, reason: '' }); }")
    ben.wait_for("document.getElementById('waiting-note').textContent.startsWith('The connection was lost')")
    ben.wait_for("sockets.length === 2 && podium.state === 'waiting'")
    assert ben.evaluate("document.getElementById('waiting').checkVisibility()")
    assert ada.evaluate(DECIDE, [True, ""])["people"] == [waiting_id]
    ben.wait_for("podium.state === 'connected' && document.getElementById('classroom').checkVisibility()")
    ada.wait_for_picture(waiting_id)
    ben.call(lambda page: page.reload())  # in the same window one is the same person
    ben.wait_for("globalThis.podium?.isOn('camera') && podium.isOn('microphone')")
    ben.click("#join")
    ben.wait_for("podium.state === 'connected'")
    assert ben.own_id == waiting_id
    cleo = ask_to_join(classroom, "Cleo", "student")
    cleo.wait_for("podium.state === 'waiting'")
    ada.evaluate(DECIDE, [False, "The class has begun."])
    cleo.wait_for("document.getElementById('farewell').checkVisibility()")
    assert cleo.text("#farewell-title") == "You were not let in"
    assert cleo.text("#farewell-reason") == "The class has begun."
    assert cleo.evaluate("podium.local.camera") is None
    assert [tab.problems for tab in (ada, ben, cleo)] == [[], [], []]
