# SPDX-License-Identifier: Apache-2.0
"""The logic of the waiting page: its module in a blank page of a browser, with a clock and a server that a test drives.

Each test writes a script, what the server answers and until when the page lives, and reads the log: what was asked and
shown, and after how many seconds.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browser.chromium import BrowserThread, Tab

pytestmark = pytest.mark.browser

STATIC = Path(__file__).parents[3] / "plugins" / "scheduling" / "static"
ORIGIN = "http://localhost"
"""Nothing is asked of it: the test answers in its place."""
MINUTE = 60_000

LIFE = """async (script) => {
  const { Waiting, inWords, sentence } = await import("/waiting.js");
  const start = 1_799_650_800_000; // milliseconds; the browser's clock when the page is opened
  let time = start, timers = [];
  const { answers } = script, log = [];
  const note = (line) => log.push(`${(time - start) / 1000}s ${line}`);
  const iso = (milliseconds) => new Date(milliseconds).toISOString();
  const settle = async () => { for (let turn = 0; turn < 50; turn += 1) await null; };
  const waiting = new Waiting({
    now: () => time,
    after: (milliseconds, callback) => {
      const timer = { at: time + milliseconds, callback };
      timers.push(timer);
      return () => { timers = timers.filter((each) => each !== timer); };
    },
    ask: (operation) => {
      note(operation);
      const answer = (answers[operation] ?? []).shift();
      if (answer === undefined) return new Promise(() => {});
      if (answer.code) return Promise.reject(answer);
      if (answer.path) return Promise.resolve(answer);
      const ahead = script.ahead ?? 0;
      return Promise.resolve({
        version: 1, occurrence: "algebra", state: "scheduled", refusal: null, can_join: true, ...answer,
        server_now: iso(time + ahead), opens_at: iso(start + ahead + answer.opens),
      });
    },
    show: (view) => {
      const line = `${view.canJoin ? "enabled" : "disabled"} ${view.problem || sentence(view)}`;
      if (log.at(-1) !== `${(time - start) / 1000}s ${line}`) note(line);
    },
    go: ({ path }) => note(`go ${path}`),
  });
  waiting.run();
  await settle();
  for (const [until, action] of script.moments) {
    while (true) {
      const next = timers.filter((each) => each.at <= start + until).sort((a, b) => a.at - b.at)[0];
      if (next === undefined) break;
      timers = timers.filter((each) => each !== next);
      time = Math.max(time, next.at);
      next.callback();
      await settle();
    }
    time = start + until;
    if (action) { await Promise.race([waiting[action](), settle()]); await settle(); }
  }
  return { log, words: script.words?.map(inWords) ?? [] };
}"""

CLOSED = {"refusal": "too_early", "can_join": False}
OPEN: dict[str, Any] = {"state": "open"}

Live = Callable[..., Any]


@pytest.fixture(scope="module")
def blank(browser: BrowserThread) -> Iterator[Tab]:
    """A page with nothing in it, where the module can be imported."""
    tab = Tab(browser)
    tab.call(answer_for_the_server)
    tab.goto(ORIGIN)
    yield tab
    tab.close()


def answer_for_the_server(page: Page) -> None:
    page.route(f"{ORIGIN}/", lambda route: route.fulfill(content_type="text/html", body="<!doctype html>"))
    page.route(f"{ORIGIN}/waiting.js", lambda route: route.fulfill(path=STATIC / "waiting.js"))


@pytest.fixture
def live(blank: Tab) -> Live:
    """The log of a page that lives through a script."""
    return lambda **script: blank.evaluate(LIFE, script)


def opening(log: list[str]) -> list[str]:
    """What was shown and asked, without the seconds that only count down."""
    return [line for line in log if "You can join in" not in line]


def test_the_button_is_enabled_by_itself_when_the_class_opens(live: Live) -> None:
    answers = {"status": [CLOSED | {"opens": MINUTE}, OPEN | {"opens": MINUTE}]}
    log = live(answers=answers, moments=[[2 * MINUTE, None]])["log"]
    assert opening(log) == ["0s status", "0s watch", "60s status", "60s enabled You can join now."]
    assert log[1] == "0s disabled You can join in 1 minute."
    assert "59s disabled You can join in 1 second." in log
    assert len([line for line in log if "disabled" in line]) == 61


def test_the_servers_clock_counts_not_the_browsers(live: Live) -> None:
    answers = {"status": [CLOSED | {"opens": MINUTE}, OPEN | {"opens": MINUTE}]}
    log = live(answers=answers, ahead=-3 * 3600_000, moments=[[2 * MINUTE, None]])["log"]
    assert opening(log)[-1] == "60s enabled You can join now."


def test_a_server_that_is_not_yet_of_that_opinion_is_asked_again(live: Live) -> None:
    later = CLOSED | {"opens": MINUTE + 5000}
    answers = {"status": [CLOSED | {"opens": MINUTE}, later, OPEN | {"opens": MINUTE + 5000}]}
    log = live(answers=answers, moments=[[2 * MINUTE, None]])["log"]
    assert [line for line in log if "status" in line] == ["0s status", "60s status", "65s status"]
    assert log[-1] == "65s enabled You can join now."


def test_nothing_is_asked_while_nothing_happens(live: Live) -> None:
    answers = {"status": [CLOSED | {"opens": 50 * 24 * 60 * MINUTE}]}
    log = live(answers=answers, moments=[[10 * MINUTE, None]])["log"]
    assert [line for line in log if "status" in line or "watch" in line] == ["0s status", "0s watch"]


def test_a_change_is_shown_when_it_is_told(live: Live) -> None:
    cancelled = {"state": "cancelled", "refusal": "session_cancelled", "can_join": False, "opens": MINUTE}
    answers = {"status": [CLOSED | {"opens": MINUTE}], "watch": [cancelled]}
    log = live(answers=answers, moments=[[2 * MINUTE, None]])["log"]
    assert log[-1] == "0s watch"
    assert log[-2] == "0s disabled This class has been cancelled."


def test_a_lost_connection_is_said_and_tried_again_ever_more_rarely(live: Live) -> None:
    offline = {"code": "offline", "message": "No connection."}
    answers = {"status": [offline, offline, offline, OPEN | {"opens": -1}]}
    log = live(answers=answers, moments=[[MINUTE, None]])["log"]
    assert [line for line in log if "status" in line] == ["0s status", "1s status", "3s status", "7s status"]
    assert "0s disabled No connection." in log
    assert "7s enabled You can join now." in log


def test_a_link_that_is_not_valid_is_not_tried_again(live: Live) -> None:
    answers = {"status": [{"code": "session_unknown", "message": "Ask for a new link."}]}
    log = live(answers=answers, moments=[[MINUTE, None]])["log"]
    assert log == ["0s status", "0s disabled Ask for a new link."]


def test_joining_leads_to_the_room_and_a_refusal_is_said(live: Live) -> None:
    full = {"code": "session_full", "message": "This class is full: 1 people are in."}
    answers = {
        "status": [OPEN | {"opens": -1}, OPEN | {"opens": -1}],
        "join": [full, {"path": "/room/algebra?token=t"}],
    }
    log = live(answers=answers, moments=[[1000, "join"], [2000, "join"]])["log"]
    assert "1s enabled This class is full: 1 people are in." in log
    assert log[-1] == "2s go /room/algebra?token=t"


def test_a_full_class_can_be_tried_again(live: Live) -> None:
    full = {"state": "live", "refusal": "session_full", "can_join": False, "opens": -1}
    answers = {"status": [full], "join": [{"path": "/room/algebra?token=t"}]}
    log = live(answers=answers, moments=[[1000, "join"]])["log"]
    assert log[1] == "0s enabled This class is full. Try again when somebody has left."
    assert log[-1] == "1s go /room/algebra?token=t"


def test_times_are_said_in_words(live: Live) -> None:
    words = live(answers={}, moments=[], words=[0, 1, 1000, 61_000, 3_600_000, 90_000_000, 172_800_000])["words"]
    assert words == ["", "1 second", "1 second", "1 minute 1 second", "1 hour", "1 day 1 hour", "2 days"]
