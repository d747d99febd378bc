# SPDX-License-Identifier: Apache-2.0
"""Moderation as people see and hear it: what a moderator decides holds against a page that does not play along."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser.chromium import Tab
from tests.browser.conftest import HostProcess
from tests.browser.lessons import (
    HEARD,
    LOUD,
    NO_CAMERA,
    NOTICE,
    QUIET,
    RECORDING,
    ROW,
    SENT,
    SMALL_SCREEN,
    STUBBORN,
    Lesson,
    OpenRoom,
    answer,
    enter,
    keep,
    open_people,
    press,
    start,
)

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def moderated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HostProcess]:
    host = start(tmp_path_factory.mktemp("moderated"))
    yield host
    host.stop()


@pytest.fixture
def lesson(moderated: HostProcess, open_room: OpenRoom) -> Iterator[Lesson]:
    room = open_room(moderated)
    yield Lesson(room)
    room.close()


def test_a_mute_silences_a_page_that_goes_on_sending_and_only_its_owner_undoes_it(lesson: Lesson) -> None:
    ada, ben, cleo = lesson.join("Ada", "instructor"), lesson.join("Ben", "student", STUBBORN), lesson.join("Cleo")
    for quiet in (ada, cleo):
        quiet.click("#microphone")
    cleo.wait_for(LOUD, "ben")
    open_people(ada)
    press(ada, "Ben", "Mute")
    cleo.wait_for("podium.participants.get('ben').blocked.has('microphone')")
    before, sent = cleo.evaluate(HEARD), ben.evaluate(SENT)
    ben.wait_for(NOTICE, "You were muted by the instructor.")
    ada.wait_for(ROW, ["Ben", "muted by the instructor"])
    ben.wait_for(f"async (sent) => await ({SENT})() >= sent + 100", sent)
    after = cleo.evaluate(HEARD)
    assert after["packets"] - before["packets"] <= 5  # those that were on their way
    cleo.wait_for(QUIET)
    ada.wait_for("document.querySelectorAll('.tile.live').length === 3")
    open_people(ben)
    ben.wait_for(ROW, ["You", "muted by the instructor"])
    assert (
        ben.call(lambda page: page.locator(".panel button:visible").count()) == 0
    )  # nothing there that it may not use
    keep(ben, "moderation-muted")

    ben.evaluate("() => { globalThis.stubborn = false; podium.local.microphone.enabled = false; }")
    press(ada, "Ben", "Unmute")
    ben.wait_for(NOTICE, "Ada asks you to turn on your microphone.")
    keep(ben, "moderation-asked")
    sent = ben.evaluate(SENT)
    ben.wait_for(f"async (sent) => await ({SENT})() >= sent + 50", sent)  # the last of before may sound a little longer
    before = cleo.evaluate(HEARD)
    ben.wait_for(f"async (sent) => await ({SENT})() >= sent + 100", sent)
    assert cleo.evaluate(HEARD)["energy"] - before["energy"] < 1e-3  # beeps of a second have many times that
    assert not ben.evaluate("podium.isOn('microphone')")
    answer(ben, "Ada asks you to turn on your microphone.", "Turn on")
    cleo.wait_for(LOUD, "ben")

    for tab in (cleo, ben):
        tab.click("[aria-label='Raise your hand']")
        tab.wait_for("document.querySelector('.control[aria-pressed=true][aria-label^=\"Lower your hand\"]') !== null")
    ben.wait_for("document.querySelector('.tile.own .mark')?.textContent === '✋ 2'")
    ada.wait_for("document.querySelector('#open-panels .badge').textContent === '2'")
    ada.wait_for(ROW, ["Ben", "hand raised, number 2"])
    cleo.click("[aria-label='React']")
    cleo.wait_for("document.querySelector('#moderation-reactions').matches(':popover-open')")
    keep(cleo, "moderation-reactions")
    cleo.click("#moderation-reactions button:text-is('🎉')")
    ben.wait_for(
        "[...document.querySelectorAll(\".tile[data-participant='cleo'] .mark\")].some((m) => m.textContent === '🎉')"
    )
    press(ada, "Cleo", "Spotlight")
    for tab in (ada, ben):
        tab.wait_for("document.querySelector('.tile.focused')?.dataset.participant === 'cleo'")
    cleo.wait_for("document.querySelector('.tile.own.focused') !== null")
    ada.resize(1280, 800)
    keep(ada, "moderation-instructor")
    press(ada, "1. Cleo", "Lower")
    ben.wait_for("document.querySelector('.tile.own .mark')?.textContent === '✋ 1'")
    press(ada, "Cleo", "Mute")  # whose microphone is off anyway
    cleo.wait_for(NOTICE, "You were muted by the instructor.")
    assert [tab.problems for tab in (ada, ben, cleo)] == [[], [], []]


def check_kept_out(lesson: Lesson, tab: Tab, name: str, code: str, sentence: str) -> None:
    """Somebody who was in has to go, and their link is worth nothing any more, in the page and over REST."""
    tab.wait_for("document.getElementById('farewell').checkVisibility()")
    assert tab.text("#farewell-title") == "You were removed from the class"
    keep(tab, f"moderation-{code}")
    tab.call(lambda page: page.reload())
    enter(tab)
    tab.wait_for("(text) => document.getElementById('join-error').textContent === text", sentence)
    assert lesson.refused(name) == (401, code)


def test_who_waits_gets_nothing_until_admitted_and_who_is_removed_stays_out_until_readmitted(lesson: Lesson) -> None:
    ada, cleo = lesson.join("Ada", "instructor", SMALL_SCREEN), lesson.join("Cleo")
    open_people(ada)
    ada.click(".panel button:text-is('Waiting room')")
    ada.wait_for("document.querySelector('.panel button[aria-pressed=true]')?.textContent === 'Waiting room'")
    ben, dan = lesson.open("Ben", preparation=RECORDING), lesson.open("Dan", preparation=NO_CAMERA)
    for tab, name in ((ben, "Ben"), (dan, "Dan")):
        tab.wait_for("podium.state === 'waiting'")
        ada.wait_for(NOTICE, f"{name} waits to be let in.")
    ada.wait_for("document.querySelector('#open-panels .badge').textContent === '2'")
    keep(ada, "moderation-waiting-notice")
    keep(ben, "moderation-waiting")

    ada.evaluate("globalThis.messages = []; podium.addEventListener('MessageReceived', () => messages.push(1))")
    cleo.evaluate("podium.call('SendChatMessage', { session_id: podium.sessionId, text: 'Who is there?' })")
    ada.click("#screen")
    cleo.click("[aria-label='Raise your hand']")
    cleo.evaluate("podium.call('SendReaction', { session_id: podium.sessionId, reaction: '👏' })")
    cleo.wait_for("document.querySelector('.tile.screen.live') !== null")
    ada.wait_for("messages.length === 1")
    ada.wait_for(LOUD, "cleo")
    ada.wait_for(ROW, ["Cleo", "hand raised, number 1"])
    assert set(ben.evaluate("heard")) <= {"Waiting", "Ping"}
    assert ben.evaluate("[connectionsMade, podium.participants.size]") == [0, 0]

    answer(ada, "Ben waits to be let in.", "Admit")
    ben.wait_for("podium.state === 'connected'")
    ben.wait_for_picture("cleo")
    ben.wait_for(LOUD, "cleo")
    ben.wait_for("document.querySelector('.tile.screen.live') !== null")
    answer(ada, "Dan waits to be let in.", "Refuse")
    dan.wait_for("document.getElementById('farewell').checkVisibility()")
    assert dan.text("#farewell-title") == "You were not let in"
    ada.wait_for(ROW, ["Dan", "not let in"])
    ada.wait_for("document.querySelectorAll('.notice').length === 0")

    assert lesson.refused("Cleo") == (200, "")
    press(ada, "Cleo", "Remove")
    keep(ada, "moderation-question")
    answer(ada, "Remove Cleo from this class? They cannot come back by themselves.", "Remove")
    check_kept_out(lesson, cleo, "Cleo", "kicked", "you were removed from this class and cannot come back")
    ada.wait_for(ROW, ["Cleo", "removed"])
    keep(ada, "moderation-removed")
    press(ada, "Cleo", "Let back in")
    ada.wait_for(f"(given) => !({ROW})(given)", ["Cleo", "removed"])
    cleo.click("#join")
    cleo.wait_for("podium.state === 'connected'")
    cleo.wait_for_picture("ben")

    ada.click(".panel button:text-is('End for all')")
    answer(ada, "End the class for everybody?", "End for all")
    for tab in (ada, ben, cleo):
        tab.wait_for("document.getElementById('farewell-title').textContent === 'The class is over'")
    assert [tab.problems for tab in (ada, ben, cleo)] == [[], [], []]


@pytest.mark.campaign
def test_a_class_is_as_it_was_after_the_host_was_killed(tmp_path: Path, open_room: OpenRoom) -> None:
    first = start(tmp_path)
    room = open_room(first)
    lesson = Lesson(room)
    ada = lesson.join("Ada", "instructor")
    ben, cleo, dan = (lesson.join(name, preparation=NO_CAMERA) for name in ("Ben", "Cleo", "Dan"))
    open_people(ada)
    press(ada, "Ben", "Make assistant")
    press(ada, "Cleo", "Mute")
    cleo.click("[aria-label='Raise your hand']")
    press(ada, "Dan", "Ban")
    answer(ada, "Ban Dan from this class and all others of the session?", "Ban")
    check_kept_out(lesson, dan, "Dan", "banned", "you were banned from this class")
    ada.click(".panel button:text-is('Waiting room')")
    erin = lesson.open("Erin", preparation=NO_CAMERA)
    erin.wait_for("podium.state === 'waiting'")
    as_it_is = (
        ["Ben", "assistant"],
        ["Cleo", "muted by the instructor"],
        ["Cleo", "hand raised, number 1"],
        ["Dan", "banned"],
        ["Erin", ""],
    )
    for sign in as_it_is:
        ada.wait_for(ROW, sign)
    ben.wait_for(NOTICE, "Erin waits to be let in.")  # who was promoted may let people in, too
    first.kill()
    ada.wait_for("podium.state === 'reconnecting'")
    second = start(tmp_path, first.port)
    try:
        for tab in (ada, ben, cleo):
            tab.wait_for("podium.state === 'connected'", timeout=60)
        assert ben.evaluate("podium.role") == "assistant"
        assert cleo.evaluate("podium.blocked.has('microphone')")
        ada.call(lambda page: page.reload())  # so that nothing on it is from before
        enter(ada)
        open_people(ada)
        for sign in as_it_is:
            ada.wait_for(ROW, sign)
        keep(ada, "moderation-restarted")
        assert ben.evaluate("document.querySelectorAll('.notice').length") == 1  # nobody is told twice of Erin
        assert lesson.refused("Dan") == (401, "banned")
        press(ada, "Dan", "Let back in")
        dan.click("#join")
        dan.wait_for("podium.state === 'connected'")
        answer(ada, "Erin waits to be let in.", "Admit")
        erin.wait_for("podium.state === 'connected'")
        erin.wait_for_picture("ada")
        ben.wait_for("document.querySelectorAll('.notice').length === 0")
        press(ada, "Ben", "End assistance")
        ben.wait_for("podium.role === 'student' && document.querySelector('#open-panels .badge').textContent === ''")
    finally:
        room.close()
        second.stop()
