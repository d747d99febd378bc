# SPDX-License-Identifier: Apache-2.0
"""The waiting page: what is served, and its logic in Node with a clock and a server that the test drives."""

import json
import shutil
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import trio
from openapi_spec_validator import OpenAPIV31SpecValidator, validate

from podium.core.plugins.plugin_events import EventOffer
from podium.hosts.web.plugins import PluginPages
from podium.hosts.web.server import ServerInfo, serve_rooms
from tests.builtin.scheduling.stage import Stage, algebra, open_stage
from tests.web.conftest import FakeRooms

STATIC = Path(__file__).parents[3] / "plugins" / "scheduling" / "static"
START = 1_799_650_800_000  # milliseconds; the browser's clock when the page is opened
MINUTE = 60_000

DRIVER = """
import { Waiting, inWords, sentence } from "%(module)s";
const script = %(script)s;
let time = %(start)d, timers = [], log = [], answers = script.answers;
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
    log.push(`${(time - %(start)d) / 1000}s ${operation}`);
    const answer = (answers[operation] ?? []).shift();
    if (answer === undefined) return new Promise(() => {});
    if (answer.code) return Promise.reject(answer);
    if (answer.path) return Promise.resolve(answer);
    const server = time + (script.ahead ?? 0);
    return Promise.resolve({
      version: 1, occurrence: "algebra", state: "scheduled", refusal: null, can_join: true, ...answer,
      server_now: iso(server), opens_at: iso(%(start)d + (script.ahead ?? 0) + answer.opens),
    });
  },
  show: (view) => {
    const state = view.canJoin ? "enabled" : "disabled";
    const line = `${(time - %(start)d) / 1000}s ${state} ${view.problem || sentence(view)}`;
    if (log.at(-1) !== line) log.push(line);
  },
  go: (path) => log.push(`${(time - %(start)d) / 1000}s go ${path}`),
});
waiting.run();
await settle();
for (const [until, action] of script.moments) {
  while (true) {
    const next = timers.filter((each) => each.at <= %(start)d + until).sort((a, b) => a.at - b.at)[0];
    if (next === undefined) break;
    timers = timers.filter((each) => each !== next);
    time = Math.max(time, next.at);
    next.callback();
    await settle();
  }
  time = %(start)d + until;
  if (action) { await Promise.race([waiting[action](), settle()]); await settle(); }
}
console.log(JSON.stringify({ log, words: script.words?.map(inWords) ?? [] }));
process.exit(0);
"""

CLOSED = {"refusal": "too_early", "can_join": False}
OPEN: dict[str, Any] = {"state": "open"}


def run(**script: Any) -> Any:
    """The log of a page that lives through this script."""
    node = shutil.which("node")
    if node is None:
        pytest.fail("Node.js is missing: sudo apt-get install nodejs", pytrace=False)
    program = DRIVER % {"module": (STATIC / "waiting.js").as_uri(), "script": json.dumps(script), "start": START}
    command = [node, "--input-type=module", "-"]
    result = subprocess.run(command, input=program, capture_output=True, text=True, timeout=60, check=False)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def opening(log: list[str]) -> list[str]:
    """What was shown and asked, without the seconds that only count down."""
    return [line for line in log if "You can join in" not in line]


def test_the_button_is_enabled_by_itself_when_the_class_opens() -> None:
    answers = {"status": [CLOSED | {"opens": MINUTE}, OPEN | {"opens": MINUTE}]}
    log = run(answers=answers, moments=[[2 * MINUTE, None]])["log"]
    assert opening(log) == ["0s status", "0s watch", "60s status", "60s enabled You can join now."]
    assert log[1] == "0s disabled You can join in 1 minute."
    assert "59s disabled You can join in 1 second." in log
    assert len([line for line in log if "disabled" in line]) == 61


def test_the_servers_clock_counts_not_the_browsers() -> None:
    answers = {"status": [CLOSED | {"opens": MINUTE}, OPEN | {"opens": MINUTE}]}
    log = run(answers=answers, ahead=-3 * 3600_000, moments=[[2 * MINUTE, None]])["log"]
    assert opening(log)[-1] == "60s enabled You can join now."


def test_a_server_that_is_not_yet_of_that_opinion_is_asked_again() -> None:
    later = CLOSED | {"opens": MINUTE + 5000}
    answers = {"status": [CLOSED | {"opens": MINUTE}, later, OPEN | {"opens": MINUTE + 5000}]}
    log = run(answers=answers, moments=[[2 * MINUTE, None]])["log"]
    assert [line for line in log if "status" in line] == ["0s status", "60s status", "65s status"]
    assert log[-1] == "65s enabled You can join now."


def test_nothing_is_asked_while_nothing_happens() -> None:
    answers = {"status": [CLOSED | {"opens": 50 * 24 * 60 * MINUTE}]}
    log = run(answers=answers, moments=[[10 * MINUTE, None]])["log"]
    assert [line for line in log if "status" in line or "watch" in line] == ["0s status", "0s watch"]


def test_a_change_is_shown_when_it_is_told() -> None:
    cancelled = {"state": "cancelled", "refusal": "session_cancelled", "can_join": False, "opens": MINUTE}
    answers = {"status": [CLOSED | {"opens": MINUTE}], "watch": [cancelled]}
    log = run(answers=answers, moments=[[2 * MINUTE, None]])["log"]
    assert log[-1] == "0s watch"
    assert log[-2] == "0s disabled This class has been cancelled."


def test_a_lost_connection_is_said_and_tried_again_ever_more_rarely() -> None:
    offline = {"code": "offline", "message": "No connection."}
    answers = {"status": [offline, offline, offline, OPEN | {"opens": -1}]}
    log = run(answers=answers, moments=[[MINUTE, None]])["log"]
    assert [line for line in log if "status" in line] == ["0s status", "1s status", "3s status", "7s status"]
    assert "0s disabled No connection." in log
    assert "7s enabled You can join now." in log


def test_a_link_that_is_not_valid_is_not_tried_again() -> None:
    answers = {"status": [{"code": "session_unknown", "message": "Ask for a new link."}]}
    log = run(answers=answers, moments=[[MINUTE, None]])["log"]
    assert log == ["0s status", "0s disabled Ask for a new link."]


def test_joining_leads_to_the_room_and_a_refusal_is_said() -> None:
    full = {"code": "session_full", "message": "This class is full: 1 people are in."}
    answers = {
        "status": [OPEN | {"opens": -1}, OPEN | {"opens": -1}],
        "join": [full, {"path": "/room/algebra?token=t"}],
    }
    log = run(answers=answers, moments=[[1000, "join"], [2000, "join"]])["log"]
    assert "1s enabled This class is full: 1 people are in." in log
    assert log[-1] == "2s go /room/algebra?token=t"


def test_a_full_class_can_be_tried_again() -> None:
    full = {"state": "live", "refusal": "session_full", "can_join": False, "opens": -1}
    answers = {"status": [full], "join": [{"path": "/room/algebra?token=t"}]}
    log = run(answers=answers, moments=[[1000, "join"]])["log"]
    assert log[1] == "0s enabled This class is full. Try again when somebody has left."
    assert log[-1] == "1s go /room/algebra?token=t"


def test_times_are_said_in_words() -> None:
    words = run(answers={}, moments=[], words=[0, 1, 1000, 61_000, 3_600_000, 90_000_000, 172_800_000])["words"]
    assert words == ["", "1 second", "1 second", "1 minute 1 second", "1 hour", "1 day 1 hour", "2 days"]


def test_the_page_has_no_inline_script_and_no_template() -> None:
    page = (STATIC / "join.html").read_text()
    assert '<script type="module" src=' in page
    assert "{{" not in page


async def test_what_the_page_asks_is_answered_over_http(tmp_path: Path) -> None:
    async with open_stage(tmp_path, f"sqlite:///{tmp_path}/podium.db") as stage, served(stage) as ask:
        scheduled = await stage.schedule()
        path = scheduled.invitations[1].path
        page = await ask("GET", path)
        assert (page.status, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
        assert "default-src 'self'" in page.headers["Content-Security-Policy"]
        for name in ("join.js", "waiting.js"):
            assert (await ask("GET", f"/plugins/scheduling/static/{name}")).status == 200
        invitation = {"invitation": path.partition("=")[2]}
        stage.move_to(49)
        status = await ask("POST", "/api/sessions/algebra/status", invitation)
        assert (status.json["can_join"], status.json["opens_in"]) == (False, 60)
        assert "ann@example.org" not in status.body
        early = await ask("POST", "/api/sessions/algebra/join", invitation)
        assert (early.status, early.json["code"]) == (409, "too_early")
        stage.move_to(50)
        entry = await ask("POST", "/api/sessions/algebra/join", invitation)
        assert (entry.status, entry.json["path"].partition("=")[0]) == (200, "/room/algebra?token")


async def test_planners_use_the_same_operations_over_http(tmp_path: Path) -> None:
    async with open_stage(tmp_path, f"sqlite:///{tmp_path}/podium.db") as stage, served(stage) as ask:
        token = stage.identities.tokens.issue("office", "assistant", lifetime=60, grants=["sessions:write"])
        made = await ask("POST", "/api/sessions", algebra(recurrence="FREQ=WEEKLY;COUNT=3"), token)
        assert (made.status, made.json["session"]["starts_at"]) == (200, "2027-01-11T08:00:00Z")
        query = "starts_from=2027-01-12T00:00:00Z&state=scheduled&limit=1&instructor=ada@example.org"
        page = await ask("GET", f"/api/sessions?{query}", None, token)
        assert [each["occurrence"]["room_id"] for each in page.json["sessions"]] == ["algebra-20270118T0900"]
        page = await ask("GET", f"/api/sessions?{query}&cursor={page.json['next_cursor']}", None, token)
        assert [each["occurrence"]["room_id"] for each in page.json["sessions"]] == ["algebra-20270125T0900"]
        assert page.json["next_cursor"] is None
        wrong = await ask("GET", "/api/sessions?starts_from=2027-01-12T00:00:00", None, token)
        assert (wrong.status, wrong.json["field"]) == (400, "starts_from")
        edit = {"version": 1, "start": "2027-01-19T09:00"}
        moved = await ask("PATCH", "/api/sessions/algebra-20270118T0900", edit, token)
        assert (moved.status, len(moved.json["exceptions"])) == (200, 1)
        late = await ask("PATCH", "/api/sessions/algebra", edit, token)
        assert (late.status, late.json["code"]) == (409, "version_conflict")
        off = await ask("DELETE", "/api/sessions/algebra?version=2", None, token)
        assert (off.status, off.json["cancelled"]) == (200, True)


async def test_the_operations_are_described_for_programs(tmp_path: Path) -> None:
    async with open_stage(tmp_path, f"sqlite:///{tmp_path}/podium.db") as stage, served(stage) as ask:
        document = (await ask("GET", "/api/openapi.json")).json
        validate(document, cls=OpenAPIV31SpecValidator)
        assert {"get", "patch", "delete"} <= set(document["paths"]["/api/sessions/{session_id}"])


class Answer(NamedTuple):
    status: int
    headers: Any
    body: str

    @property
    def json(self) -> Any:
        return json.loads(self.body)


Ask = Callable[..., Awaitable[Answer]]


@asynccontextmanager
async def served(stage: Stage) -> AsyncIterator[Ask]:
    """The stage behind a real web server."""
    pages = PluginPages(stage.plugins, stage.services, EventOffer())
    plugin = stage.plugin
    await pages.prepare(plugin)
    pages.plugin_started(plugin, stage.plugins.running()["scheduling"])

    async def serve(*, task_status: trio.TaskStatus[ServerInfo]) -> None:
        await serve_rooms(FakeRooms(), "127.0.0.1", 0, stage.services, pages, task_status=task_status)

    async with trio.open_nursery() as nursery:
        info = await nursery.start(serve)

        async def ask(method: str, path: str, body: object = None, token: str | None = None) -> Answer:
            return await trio.to_thread.run_sync(_request, info.port, method, path, body, token, abandon_on_cancel=True)

        yield ask
        nursery.cancel_scope.cancel()


def _request(port: int, method: str, path: str, body: object, token: str | None) -> Answer:
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        headers = {"Content-Type": "application/json"} if body is not None else {}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        connection.request(method, path, json.dumps(body) if body is not None else None, headers)
        response = connection.getresponse()
        return Answer(response.status, response.headers, response.read().decode())
    finally:
        connection.close()
