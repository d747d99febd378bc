# SPDX-License-Identifier: Apache-2.0
"""The chat in real browsers: who reads what, now and later, and what becomes of markup, links and deleted messages."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.browser

LINK = "https://example.org/a_(b)?c=1"
MARKUP = f"<img src=x onerror=alert(1)> see ({LINK}), javascript:alert(1)"
TEXTS = "[...document.querySelectorAll('.chat-text')].map((each) => each.textContent)"
MARKS = """[...document.querySelectorAll('.chat-message')].map(
  (each) => each.querySelector('.chat-private')?.textContent)"""
ANCHORS = """[...document.querySelectorAll('.chat-text *')].map(
  (each) => [each.tagName, each.href, each.textContent, each.target, each.rel])"""
ADDRESSEES = "[...document.querySelectorAll('.chat-composer option')].map((each) => each.textContent).join()"
FROM_END = """() => {
  const log = document.querySelector('.chat-log');
  return log.scrollHeight - log.scrollTop - log.clientHeight;
}"""
HAVE = f"(texts) => JSON.stringify({TEXTS}) === JSON.stringify(texts)"
LAST = f"(text) => {TEXTS}.at(-1) === text"
NO_DEVICES = """
navigator.mediaDevices.getUserMedia = async () => { throw new DOMException("not needed to write", "NotAllowedError"); };
"""
CUT = """
globalThis.sockets = [];
globalThis.WebSocket = class extends WebSocket {
  constructor(url) {
    super(url);
    sockets.push(this);
    if (globalThis.isCut) this.close();
  }
};
globalThis.cut = () => {
  globalThis.isCut = true;
  const socket = sockets[0];
  socket.close();
  socket.onclose({ code: 1006, reason: "" });
};
"""


@pytest.fixture
def classroom(start_host: Any, open_room: Any, tmp_path: Path) -> Iterator[Any]:
    (tmp_path / "podium.toml").write_text("[plugins.chat]\nburst = 100\nleader_burst = 200\n")
    with start_host(tmp_path) as host:
        room = open_room(host)
        yield room
        room.close()


def join_as(room: Any, name: str, role: str, preparation: str = "") -> Any:
    tab = room.open(preparation=NO_DEVICES + preparation)
    tab.goto(f"{room.host.url}/room/{room.name}?name={name}&role={role}")
    tab.wait_for("document.getElementById('device-note').textContent !== ''")
    tab.click("#join")
    tab.wait_for("podium.state === 'connected' && !document.getElementById('open-panels').hidden")
    tab.click("#open-panels")
    tab.click(".panel-tab:has-text('Chat')")
    tab.wait_for("document.querySelector('.chat-fields:not([hidden]) textarea')?.clientHeight > 0")
    return tab


def write(tab: Any, text: str, to: str | None = None) -> None:
    if to is not None:
        tab.call(lambda page: page.select_option(".chat-composer select", label=to))
    tab.fill(".chat-composer textarea", text)
    tab.evaluate("document.querySelector('.chat-composer textarea').focus()")
    tab.press("Enter")
    tab.wait_for("document.querySelector('.chat-composer textarea').value === ''")


def keep(tab: Any, name: str) -> None:
    """For people who want to look: PODIUM_SCREENSHOTS names a folder."""
    if folder := os.environ.get("PODIUM_SCREENSHOTS"):
        Path(folder, f"{name}.png").write_bytes(tab.screenshot())


def test_a_class_writes_in_public_and_in_private(classroom: Any) -> None:
    ida, ann = join_as(classroom, "Ida", "instructor"), join_as(classroom, "Ann", "student")
    write(ann, MARKUP)
    ann.press("1")
    ann.press("Shift+Enter")
    ann.press("2")
    ann.press("Enter")
    write(ann, "I am lost", to="Instructors only")
    ida.wait_for(HAVE, [MARKUP, "1\n2", "I am lost"])
    write(ida, "Page 7", to="Ann only")
    ann.wait_for(HAVE, [MARKUP, "1\n2", "I am lost", "Page 7"])
    assert ida.evaluate(MARKS) == [None, None, "to instructors only", "privately to Ann"]
    assert ann.evaluate(MARKS) == [None, None, "to instructors only", "privately to you"]

    assert ida.evaluate(ANCHORS) == [["A", LINK, LINK, "_blank", "noopener noreferrer nofollow"]]

    ben = join_as(classroom, "Ben", "student")
    ben.wait_for(HAVE, [MARKUP, "1\n2"])
    assert ben.evaluate("document.querySelectorAll('.chat-delete:not([hidden])').length") == 0
    keep(ida, "chat-instructor")
    for _ in range(2):
        ann.call(lambda page: page.locator(".chat-message.own .chat-delete").first.click())
    ben.wait_for(HAVE, ["Deleted by Ann", "1\n2"])
    ida.call(lambda page: page.locator(".chat-message .chat-delete").first.click())
    ida.call(lambda page: page.locator(".chat-message .chat-delete").first.click())
    ben.wait_for(HAVE, ["Deleted by Ann", "Deleted by Ida"])
    keep(ann, "chat-student")

    ida.click(".chat-switches summary")
    ida.click(".chat-switches [name=enabled]")
    ben.wait_for("document.querySelector('.chat-note').textContent === 'The chat is switched off.'")
    assert ben.evaluate("document.querySelector('.chat-fields').hidden")
    keep(ida, "chat-off")
    ida.click(".chat-switches [name=enabled]")
    ida.click(".chat-switches [name=public]")
    ben.wait_for("!document.querySelector('.chat-fields').hidden")
    ben.wait_for(f"{ADDRESSEES} === 'Instructors only'")
    write(ben, "psst")
    ida.wait_for(LAST, "psst")
    assert ann.evaluate(TEXTS)[-1] == "Page 7"
    assert [tab.problems for tab in (ida, ann, ben)] == [[], [], []]


def test_nothing_is_missed_or_doubled_by_who_is_away_scrolled_up_or_late(classroom: Any) -> None:
    ida, ann = join_as(classroom, "Ida", "instructor"), join_as(classroom, "Ann", "student", CUT)
    ida.evaluate(
        """async () => {
          for (let number = 0; number < 60; number += 1) {
            await podium.call("SendChatMessage", { session_id: podium.sessionId, text: `Line ${number}` });
            await new Promise((done) => setTimeout(done, 100)); // the host ends connections that ask for more at once
          }
        }"""
    )
    lines = [f"Line {number}" for number in range(60)]
    ann.wait_for(HAVE, lines)
    ann.wait_for(f"() => ({FROM_END})() < 2")

    ben = join_as(classroom, "Ben", "student")
    ben.wait_for(HAVE, lines[10:])
    ben.evaluate("document.querySelector('.chat-log').scrollTop = 0")
    ben.wait_for(f"() => ({FROM_END})() > 200")
    ben.click(".chat-earlier")
    ben.wait_for(HAVE, lines)
    write(ida, "You there?")
    ben.wait_for("!document.querySelector('.chat-news').hidden")
    assert ben.evaluate(FROM_END) > 200
    keep(ben, "chat-scrolled")
    ben.click(".chat-news")
    ben.wait_for(f"() => ({FROM_END})() < 2")

    ann.evaluate("cut()")
    ann.wait_for("podium.state === 'reconnecting'")
    write(ida, "Missed")
    ida.call(lambda page: page.locator(".chat-message .chat-delete").first.click())
    ida.call(lambda page: page.locator(".chat-message .chat-delete").first.click())
    expected = ["Deleted by Ida", *lines[1:], "You there?", "Missed"]
    ida.wait_for(HAVE, expected)
    ann.evaluate("globalThis.isCut = false")
    ann.wait_for(HAVE, expected)

    ben.click("#close-panels")
    write(ida, "One")
    write(ida, "Two")
    ben.wait_for("document.querySelector('.panel-tab').textContent.includes('2')")
    keep(ben, "chat-badge")
    ben.click("#open-panels")
    ben.wait_for("!document.querySelector('.panel-tab').textContent.includes('2')")
    assert [ida.problems, ben.problems] == [[], []]
