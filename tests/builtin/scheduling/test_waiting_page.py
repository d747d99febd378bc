# SPDX-License-Identifier: Apache-2.0
"""The page behind a personal link, in a real browser on a real host, while it is made later and later for both.

The host's clock is the plugin's `now`; the browser's is Playwright's, which stands still but for what a test moves it.
Requests are real, also the one that waits at the server.
"""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest

from podium.core.plugins.discovery import Installed
from podium.plugins.scheduling import make_plugin
from tests.browser.chromium import BrowserThread
from tests.builtin.host import running_host
from tests.builtin.scheduling.stage import ADA, ANN, BOB, Time, algebra, local
from tests.builtin.scheduling.visits import School, Visit, shows
from tests.plugins.stand_ins import found
from tests.web.conftest import connect

pytestmark = pytest.mark.browser

NewVisit = Callable[[], Visit]
ENABLED = "!document.getElementById('join').disabled"


@pytest.fixture
async def school(tmp_path: Path, builtins: Mapping[str, Installed]) -> AsyncIterator[School]:
    time = Time()
    plugins = {**builtins, **found(make_plugin(time))}
    async with running_host(tmp_path, f"sqlite:///{tmp_path}/podium.db", plugins) as host:
        yield School(host, time, await host.call("ScheduleSession", **algebra()))


@pytest.fixture
async def visit(school: School, browser: BrowserThread) -> AsyncIterator[NewVisit]:
    """Opens browsers, one for each person. They are closed before the host, which waits a little for those who wait."""
    with ExitStack() as tabs:

        def opened() -> Visit:
            one = Visit(browser)
            tabs.callback(one.tab.close)
            return one

        yield opened


async def test_the_button_is_disabled_11_minutes_before_and_enabled_by_itself_at_10(
    school: School, visit: NewVisit
) -> None:
    ann = visit()
    school.let_it_be(11)
    await ann.open(school.link(ANN))
    await ann.wait_for(shows("#countdown", "You can join in 1 minute."))
    assert not await ann.evaluate(ENABLED)
    await ann.keep_picture("waiting-disabled")
    school.set_time(10 + 1 / 60)
    await ann.pass_time(59)
    await ann.wait_for(shows("#countdown", "You can join in 1 second."))
    assert not await ann.evaluate(ENABLED)
    assert ann.asked.count("status") == 1
    school.set_time(10)
    await ann.pass_time(1)
    await ann.wait_for(ENABLED)
    assert await ann.text("#countdown") == "You can join now."
    assert ann.asked.count("status") == 2
    await ann.keep_picture("waiting-enabled")
    await ann.join()
    await ann.wait_for("document.getElementById('name')?.value === 'Ann'")
    assert ann.tab.problems == []


async def test_a_page_whose_clock_stands_still_is_told_by_the_server(school: School, visit: NewVisit) -> None:
    ann = visit()
    school.let_it_be(11)
    await ann.open(school.link(ANN))
    await ann.wait_for(shows("#countdown", "You can join in 1 minute."))
    school.let_it_be(10)
    await ann.wait_for(ENABLED)
    assert ann.asked.count("status") == 1


async def test_the_server_refuses_a_student_11_minutes_before(school: School, visit: NewVisit) -> None:
    ann = visit()
    school.let_it_be(11)
    await ann.open(school.link(ANN))
    await ann.wait_for(shows("#countdown", "You can join in 1 minute."))
    await ann.evaluate("document.getElementById('join').disabled = false")
    assert await ann.click_and_hear() == (409, "too_early")
    assert not await ann.evaluate(ENABLED)
    assert await ann.evaluate("location.pathname") == "/plugins/scheduling/join/algebra"


async def test_a_join_token_does_not_open_the_room_11_minutes_before(school: School) -> None:
    invited = {"session_id": "algebra", "participant_id": school.ids[ANN["email"]]}
    token = (await school.host.call("CreateJoinToken", **invited)).token
    school.let_it_be(11)
    async with connect(school.host.port) as client:
        refused = await client.join("Ann", token=token)
        assert (refused["type"], refused["code"]) == ("Error", "too_early")
    school.let_it_be(10)
    async with connect(school.host.port) as client:
        assert (await client.join("Ann", token=token))["type"] == "Joined"


async def test_a_class_that_is_moved_is_shown_at_its_new_time_at_once(school: School, visit: NewVisit) -> None:
    ann = visit()
    school.let_it_be(20)
    await ann.open(school.link(ANN))
    await ann.wait_for(shows("#countdown", "You can join in 10 minutes."))
    before = await ann.text("#time")
    await school.host.call("UpdateSession", session_id="algebra", version=1, start=local(90), title="Algebra II")
    await ann.wait_for(shows("#countdown", "You can join in 40 minutes."))
    assert await ann.text("#time") != before
    assert await ann.text("#title") == "Algebra II"
    assert await ann.text("#moved") == "This class has been moved to another time."
    await ann.keep_picture("waiting-moved")
    await school.host.call("UpdateSession", session_id="algebra", version=2, start=local(45))
    await ann.wait_for(ENABLED)
    assert ann.asked.count("status") == 1


async def test_a_class_that_is_cancelled_is_shown_as_such_at_once(school: School, visit: NewVisit) -> None:
    ann = visit()
    school.let_it_be(9)
    await ann.open(school.link(ANN))
    await ann.wait_for(ENABLED)
    await school.host.call("CancelSession", session_id="algebra")
    await ann.wait_for(shows("#countdown", "This class has been cancelled."))
    assert not await ann.sees("#join")
    assert ann.asked.count("status") == 1
    await ann.keep_picture("waiting-cancelled")


async def test_somebody_who_is_no_longer_invited_is_told_so_at_once(school: School, visit: NewVisit) -> None:
    ann = visit()
    school.let_it_be(20)
    await ann.open(school.link(ANN))
    await ann.wait_for(shows("#countdown", "You can join in 10 minutes."))
    await school.host.call("UpdateSession", session_id="algebra", version=1, participants=[BOB])
    await ann.wait_for(shows("#problem", "ask for a new link."))
    assert await ann.text("#countdown") == ""
    assert not await ann.sees("#join")


async def test_an_instructor_enters_30_minutes_before(school: School, visit: NewVisit) -> None:
    ada, ann = visit(), visit()
    school.let_it_be(31)
    await ada.open(school.link(ADA))
    await ann.open(school.link(ANN))
    await ada.wait_for(shows("#countdown", "You can join in 1 minute."))
    await ann.wait_for(shows("#countdown", "You can join in 21 minutes."))
    assert not await ada.evaluate(ENABLED)
    school.set_time(30)
    await ada.pass_time(60)
    await ann.pass_time(60)
    await ada.wait_for(ENABLED)
    await ann.wait_for(shows("#countdown", "You can join in 20 minutes."))
    assert not await ann.evaluate(ENABLED)
    await ada.join()


@pytest.mark.parametrize("wrong", ["", "?invitation=ann.xxxxxxxxxxxxxxxxxxxxxx"])
async def test_a_link_that_is_not_valid_is_said_and_not_tried_again(
    school: School, visit: NewVisit, wrong: str
) -> None:
    somebody = visit()
    await somebody.open(school.url(f"/plugins/scheduling/join/algebra{wrong}"))
    await somebody.wait_for(shows("#problem", "ask for a new link."))
    assert not await somebody.sees("#join")
    await somebody.pass_time(60)
    assert [each for each in somebody.asked if each in {"status", "watch"}] == ["status"]
    await somebody.keep_picture("waiting-wrong-link")


async def test_the_page_fits_a_phone(school: School, visit: NewVisit) -> None:
    bob = visit()
    await bob.resize(390, 844)
    school.let_it_be(11)
    title = "An introduction to Donaudampfschifffahrtsgesellschaftskapitänspatente"
    await school.host.call("UpdateSession", session_id="algebra", version=1, title=title)
    await bob.open(school.link(BOB))
    await bob.wait_for(shows("#countdown", "You can join in"))
    await bob.keep_picture("waiting-phone")
    assert await bob.evaluate("document.documentElement.scrollWidth") == 390
    left, right = await bob.evaluate(
        "(({ left, right }) => [left, right])(document.getElementById('title').getBoundingClientRect())"
    )
    assert 0 <= left < right <= 390
