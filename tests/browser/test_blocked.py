# SPDX-License-Identifier: Apache-2.0
"""Whoever leads mutes somebody and gives them another role: what both see, and what the muted one can still do."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser.installing import install

pytestmark = pytest.mark.browser

PLUGIN = '''
import msgspec

from podium.core import Caller, Plugin, PluginContext, TrackSource

plugin = Plugin("leading", version="1.0")


class Block(msgspec.Struct, frozen=True, kw_only=True):
    session_id: str
    participant_id: str
    source: TrackSource
    blocked: bool


class Promote(msgspec.Struct, frozen=True, kw_only=True):
    session_id: str
    participant_id: str
    role: str


class Done(msgspec.Struct, frozen=True, kw_only=True):
    pass


@plugin.operation(roles=("instructor",))
async def block_source(context: PluginContext, caller: Caller, request: Block) -> Done:
    """Block a source of somebody, or lift that."""
    context.rooms.set_blocked(request.session_id, request.participant_id, request.source, request.blocked)
    return Done()


@plugin.operation(roles=("instructor",))
async def give_role(context: PluginContext, caller: Caller, request: Promote) -> Done:
    """Give somebody another role."""
    context.rooms.set_role(request.session_id, request.participant_id, request.role)
    return Done()
'''

BLOCK = """([participant_id, source, blocked]) =>
  podium.call("BlockSource", { session_id: podium.sessionId, participant_id, source, blocked })"""

GIVE_ROLE = """([participant_id, role]) =>
  podium.call("GiveRole", { session_id: podium.sessionId, participant_id, role })"""

ASK = "async () => podium.setMicrophone(true).catch(({ code }) => code)"

SIGNS = """() => [...document.querySelectorAll(".tile:not(.own) .muted-sign")]
  .filter((sign) => sign.checkVisibility()).map((sign) => sign.title)"""


@pytest.fixture
def classroom(start_host: Any, open_room: Any, tmp_path: Path) -> Iterator[Any]:
    path = install(tmp_path, "leading", PLUGIN)
    (tmp_path / "podium.toml").write_text("[plugins.leading]\n")
    with start_host(tmp_path, PYTHONPATH=path) as host:
        room = open_room(host)
        yield room
        room.close()


def keep(tab: Any, name: str) -> None:
    """For people who want to look: PODIUM_SCREENSHOTS names a folder."""
    if folder := os.environ.get("PODIUM_SCREENSHOTS"):
        Path(folder, f"{name}.png").write_bytes(tab.screenshot())


def join_as(room: Any, name: str, role: str) -> Any:
    tab = room.open()
    tab.goto(f"{room.host.url}/room/{room.name}?name={name}&role={role}")
    tab.wait_for("podium.isOn('camera') && podium.isOn('microphone')")
    tab.click("#join")
    tab.wait_for("podium.state === 'connected'")
    return tab


def test_who_is_muted_sees_so_cannot_undo_it_and_is_so_when_coming_back(classroom: Any) -> None:
    ada, ben = join_as(classroom, "Ada", "instructor"), join_as(classroom, "Ben", "student")
    ben_id = ben.own_id
    ada.wait_for_picture(ben_id)
    for source in ("microphone", "camera"):
        ada.evaluate(BLOCK, [ben_id, source, True])
    ben.wait_for("!podium.isOn('microphone') && podium.local.camera === null && podium.blocked.size === 2")
    ben.wait_for("document.getElementById('microphone').getAttribute('aria-disabled') === 'true'")
    assert ben.evaluate("document.getElementById('microphone').title") == "You were muted by the instructor."
    ben.evaluate(
        "[...document.querySelectorAll('.notice')].forEach((notice) => notice.querySelector('button').click())"
    )
    ben.press("Alt+m")
    ben.wait_for("document.querySelector('.notice p')?.textContent === 'You were muted by the instructor.'")
    assert ben.evaluate(ASK) == "blocked"
    ada.wait_for(f"({SIGNS})().length === 2")
    assert ada.evaluate(SIGNS) == ["muted by the instructor", "camera switched off by the instructor"]
    keep(ada, "blocked-seen")
    keep(ben, "blocked-own")
    ben.call(lambda page: page.reload())
    ben.wait_for("globalThis.podium?.isOn('camera') && podium.isOn('microphone')")
    ben.click("#join")
    ben.wait_for("podium.state === 'connected'")
    assert ben.own_id == ben_id
    assert ben.evaluate("[podium.isOn('microphone'), podium.local.camera, podium.blocked.size]") == [False, None, 2]
    ada.wait_for(f"({SIGNS})().length === 2")  # for whoever sees them come, too
    ada.evaluate(BLOCK, [ben_id, "camera", False])
    ben.wait_for("!podium.blocked.has('camera')")
    assert ben.evaluate("podium.local.camera") is None  # it stays off until its owner switches it on
    ben.click("#camera")
    ada.wait_for_picture(ben_id)
    ada.evaluate(GIVE_ROLE, [ben_id, "assistant"])
    ben.wait_for("podium.role === 'assistant'")
    ada.wait_for("[...podium.participants.values()][0].role === 'assistant'")
    assert [ada.problems, ben.problems] == [[], []]
